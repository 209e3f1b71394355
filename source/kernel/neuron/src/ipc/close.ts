/**
 * The end of an endpoint. When the last capability that allows to receive there is gone, no task can ever receive there
 * again. Callers in its queue are refused now, later callers at once (call.ts): Refusal.PeerGone, without waiting for a
 * deadline.
 *
 *   this hart                                 a caller's hart
 *   the right is gone (count is 0)            takes the endpoint's lock
 *   takes the lock, empties the queue         count is 0: refused     count was not: in the queue before the lock is free
 */
import { Kind } from "abi/handle";
import { Refusal } from "abi/refusal";
import { wake } from "../sched/wake";
import { isClosed } from "../task/endpoint";
import { Capability, dropCapability, dropReceiveRight, takenBy } from "../task/handles";
import { Endpoint, Task } from "../task/objects";
import { claimCaller } from "./endpoint";
import { setStatus } from "./results";

/** Callers that are told in one go, with interrupts off. */
const CALLERS_A_TURN: u32 = 16;

/**
 * Empties a slot, and closes the endpoint if this was the last right to receive there. False if some callers have yet to
 * be told: then the slot still holds the endpoint, and this has to be called again.
 */
export function giveUpCapability(capability: Capability): bool {
  if (capability.kind === <u8>Kind.Endpoint && !closeIfLast(capability)) {
    return false;
  }
  dropCapability(capability);
  return true;
}

/** Whether `task` took something back that it has yet to release (lifecycle/revoke.ts). */
export function hasTaken(task: Task): bool {
  return takenBy(task).kind !== <u8>Kind.Empty;
}

/** Releases it. False if this has to be called again. */
export function giveUpTaken(task: Task): bool {
  return !hasTaken(task) || giveUpCapability(takenBy(task));
}

/** The capability of an endpoint is about to go. False if some callers have yet to be told. */
function closeIfLast(capability: Capability): bool {
  dropReceiveRight(capability);
  return !isClosed(capability.endpoint) || failQueue(capability.endpoint);
}

/** Tells the next callers in the queue, into which no other comes any more. True when it is empty. */
function failQueue(endpoint: Endpoint): bool {
  for (let i: u32 = 0; i < CALLERS_A_TURN; i++) {
    endpoint.lock.acquire();
    const caller = claimCaller(endpoint);
    endpoint.lock.release();
    if (caller === null) {
      return true;
    }
    setStatus(caller, Refusal.PeerGone);
    wake(caller);
  }
  return false;
}
