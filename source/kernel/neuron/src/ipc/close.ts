/**
 * The end of an endpoint. When the last capability that allows to receive there is gone, no task can ever receive there
 * again. Callers in its queue are refused now, later callers at once (call.ts): Refusal.PeerGone, without waiting for a
 * deadline.
 *
 *   this hart                                 a caller's hart
 *   the right is gone (count is 0)            takes the endpoint's lock
 *   takes the lock, empties the queue         count is 0: refused     count was not: in the queue before the lock is free
 */
import { Kind, Right } from "abi/handle";
import { Refusal } from "abi/refusal";
import { wake } from "../sched/wake";
import { isClosed, releaseEndpoint, retainEndpoint } from "../task/endpoint";
import { capabilityAt, dropCapability } from "../task/handles";
import { Endpoint, Task } from "../task/objects";
import { claimCaller } from "./endpoint";
import { setStatus } from "./results";

/** Empties a slot of `task`, and closes the endpoint if this was the last right to receive there. */
export function giveUpCapability(task: Task, slot: u32): void {
  const capability = capabilityAt(task, slot);
  if (capability.kind !== <u8>Kind.Endpoint || (<u32>capability.rights & Right.Receive) === 0) {
    return dropCapability(task, slot);
  }
  const endpoint = capability.endpoint;
  // The queue is looked at after the capability has gone, which may hold the last reference.
  retainEndpoint(endpoint);
  dropCapability(task, slot);
  if (isClosed(endpoint)) {
    failQueue(endpoint);
  }
  releaseEndpoint(endpoint);
}

/** Bounded: each turn takes a caller out of the queue, and no other comes into it any more. */
function failQueue(endpoint: Endpoint): void {
  for (;;) {
    endpoint.lock.acquire();
    const caller = claimCaller(endpoint);
    endpoint.lock.release();
    if (caller === null) {
      return;
    }
    setStatus(caller, Refusal.PeerGone);
    wake(caller);
  }
}
