/**
 * The two queues of an endpoint. A task in a queue is blocked, and another hart may claim it at any moment (its
 * deadline, its end). So a hart that takes a task out of a queue still has to claim it, and goes on to the next if
 * another was faster.
 */
import { Wait } from "abi/task";
import { Endpoint, Task, TaskQueue } from "../task/objects";
import { claimWait } from "../task/task";

/** Takes and claims the first caller that still waits, or null. The endpoint's lock is held. */
export function claimCaller(endpoint: Endpoint): Task | null {
  return claimFirst(endpoint.callers, Wait.Sending);
}

/** Takes and claims the first receiver that still waits, or null. The endpoint's lock is held. */
export function claimReceiver(endpoint: Endpoint): Task | null {
  return claimFirst(endpoint.receivers, Wait.Receiving);
}

/** Bounded: each turn takes a task out of the queue. */
function claimFirst(queue: TaskQueue, kind: Wait): Task | null {
  let task = queue.head;
  while (task !== null) {
    queue.removeHead(task);
    if (claimWait(task, kind)) {
      break;
    }
    task = queue.head;
  }
  return task;
}

/**
 * Takes a claimed task, which was Sending or Receiving, out of the queue it is in. Nothing happens if another hart has
 * taken it out and lost the claim.
 */
export function leaveQueue(task: Task): void {
  const endpoint = task.endpoint;
  if (endpoint === null) {
    return;
  }
  endpoint.lock.acquire();
  const queue = task.queue;
  if (queue !== null) {
    queue.remove(task);
  }
  endpoint.lock.release();
}
