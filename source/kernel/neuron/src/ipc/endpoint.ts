/**
 * The two queues of an endpoint. Every function here is called with the endpoint's lock held.
 *
 * A task in a queue is blocked, and may be claimed by someone else at any moment (its deadline, its end). So who takes a
 * task out of a queue still has to claim it, and goes on to the next if another was faster.
 */
import { Wait } from "abi/task";
import { Endpoint } from "../task/endpoint";
import { claim, Task, waitKind } from "../task/task";

export function appendCaller(endpoint: Endpoint, task: Task): void {
  task.next = null;
  task.queued = 1;
  const tail = endpoint.callersTail;
  if (tail === null) endpoint.callers = task;
  else tail.next = task;
  endpoint.callersTail = task;
}

export function appendReceiver(endpoint: Endpoint, task: Task): void {
  task.next = null;
  task.queued = 1;
  const tail = endpoint.receiversTail;
  if (tail === null) endpoint.receivers = task;
  else tail.next = task;
  endpoint.receiversTail = task;
}

/** Puts a receiver that was claimed, and goes on waiting, back to the front. */
export function prependReceiver(endpoint: Endpoint, task: Task): void {
  task.next = endpoint.receivers;
  task.queued = 1;
  if (task.next === null) endpoint.receiversTail = task;
  endpoint.receivers = task;
}

/** Takes and claims the first caller that still waits, or null. */
export function claimCaller(endpoint: Endpoint): Task | null {
  let task = endpoint.callers;
  while (task !== null) {
    const after = task.next;
    endpoint.callers = after;
    if (after === null) endpoint.callersTail = null;
    task.queued = 0;
    const word = task.waitWord;
    if (waitKind(word) === Wait.Sending && claim(task, word)) return task;
    task = after;
  }
  return null;
}

/** Takes and claims the first receiver that still waits, or null. */
export function claimReceiver(endpoint: Endpoint): Task | null {
  let task = endpoint.receivers;
  while (task !== null) {
    const after = task.next;
    endpoint.receivers = after;
    if (after === null) endpoint.receiversTail = null;
    task.queued = 0;
    const word = task.waitWord;
    if (waitKind(word) === Wait.Receiving && claim(task, word)) return task;
    task = after;
  }
  return null;
}

/** Takes a claimed task out of whichever queue it is in. Nothing if another hart took it out and lost the claim. */
export function unlinkWaiter(endpoint: Endpoint, task: Task): void {
  if (task.queued === 0) return;
  task.queued = 0;
  let before: Task | null = null;
  let at = endpoint.callers;
  while (at !== null && at !== task) {
    before = at;
    at = at.next;
  }
  if (at !== null) {
    if (before === null) endpoint.callers = task.next;
    else before.next = task.next;
    if (endpoint.callersTail === task) endpoint.callersTail = before;
    return;
  }
  before = null;
  at = endpoint.receivers;
  while (at !== null && at !== task) {
    before = at;
    at = at.next;
  }
  if (at === null) return;
  if (before === null) endpoint.receivers = task.next;
  else before.next = task.next;
  if (endpoint.receiversTail === task) endpoint.receiversTail = before;
}
