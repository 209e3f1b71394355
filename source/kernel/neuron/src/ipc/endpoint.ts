/**
 * The two queues of an endpoint. Every function here is called with the endpoint's lock held.
 *
 * A task in a queue is blocked, and may be claimed by someone else at any moment (its deadline, its end). So who takes a
 * task out of a queue still has to claim it, and goes on to the next if another was faster.
 */
import { Wait } from "abi/task";
import { Endpoint } from "../task/endpoint";
import { claim, Task, TaskQueue, waitKind } from "../task/task";

export function appendCaller(endpoint: Endpoint, task: Task): void {
  endpoint.callers.append(task);
}

export function appendReceiver(endpoint: Endpoint, task: Task): void {
  endpoint.receivers.append(task);
}

/** Puts a receiver that was claimed, and goes on waiting, back to the front. */
export function prependReceiver(endpoint: Endpoint, task: Task): void {
  endpoint.receivers.prepend(task);
}

/** Takes and claims the first caller that still waits, or null. */
export function claimCaller(endpoint: Endpoint): Task | null {
  return claimFirst(endpoint.callers, Wait.Sending);
}

/** Takes and claims the first receiver that still waits, or null. */
export function claimReceiver(endpoint: Endpoint): Task | null {
  return claimFirst(endpoint.receivers, Wait.Receiving);
}

/** Takes a claimed task out of the queue it is in. Nothing if another hart took it out and lost the claim. */
export function unlinkWaiter(task: Task): void {
  const queue = task.queue;
  if (queue !== null) queue.remove(task);
}

/** Bounded: each turn takes a task out of the queue. */
function claimFirst(queue: TaskQueue, kind: Wait): Task | null {
  let task = queue.head;
  while (task !== null) {
    queue.removeHead(task);
    const word = task.waitWord;
    if (waitKind(word) === kind && claim(task, word)) break;
    task = queue.head;
  }
  return task;
}
