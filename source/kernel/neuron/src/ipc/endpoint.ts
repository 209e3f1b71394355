/**
 * The two queues of an endpoint. Every function here is called with the endpoint's lock held.
 *
 * A task in a queue is blocked, and may be claimed by someone else at any moment (its deadline, its end). So who takes a
 * task out of a queue still has to claim it, and goes on to the next if another was faster.
 */
import { Wait } from "abi/task";
import { Endpoint, WaitQueue } from "../task/endpoint";
import { claim, Task, waitKind } from "../task/task";

export function appendCaller(endpoint: Endpoint, task: Task): void {
  append(endpoint.callers, task);
}

export function appendReceiver(endpoint: Endpoint, task: Task): void {
  append(endpoint.receivers, task);
}

/** Puts a receiver that was claimed, and goes on waiting, back to the front. */
export function prependReceiver(endpoint: Endpoint, task: Task): void {
  const queue = endpoint.receivers;
  task.next = queue.first;
  task.queued = 1;
  if (task.next === null) queue.last = task;
  queue.first = task;
}

/** Takes and claims the first caller that still waits, or null. */
export function claimCaller(endpoint: Endpoint): Task | null {
  return claimFirst(endpoint.callers, Wait.Sending);
}

/** Takes and claims the first receiver that still waits, or null. */
export function claimReceiver(endpoint: Endpoint): Task | null {
  return claimFirst(endpoint.receivers, Wait.Receiving);
}

/** Takes a claimed task out of whichever queue it is in. Nothing if another hart took it out and lost the claim. */
export function unlinkWaiter(endpoint: Endpoint, task: Task): void {
  if (task.queued === 0) return;
  task.queued = 0;
  if (!unlink(endpoint.callers, task)) unlink(endpoint.receivers, task);
}

function append(queue: WaitQueue, task: Task): void {
  task.next = null;
  task.queued = 1;
  const last = queue.last;
  if (last === null) queue.first = task;
  else last.next = task;
  queue.last = task;
}

function claimFirst(queue: WaitQueue, kind: Wait): Task | null {
  let task = queue.first;
  while (task !== null) {
    const after = task.next;
    queue.first = after;
    if (after === null) queue.last = null;
    task.queued = 0;
    const word = task.waitWord;
    if (waitKind(word) === kind && claim(task, word)) return task;
    task = after;
  }
  return null;
}

/** False if the task is not in this queue. */
function unlink(queue: WaitQueue, task: Task): bool {
  let before: Task | null = null;
  let at = queue.first;
  while (at !== null && at !== task) {
    before = at;
    at = at.next;
  }
  if (at === null) return false;
  if (before === null) queue.first = task.next;
  else before.next = task.next;
  if (queue.last === task) queue.last = before;
  return true;
}
