/**
 * Notifications: bits that are set by whoever signals and taken by the one who waits. Signalling never blocks and never
 * gets lost: bits stay until they are taken. Reached from syscall/ and irq/; goes on in sched/wake.ts.
 */
import { Refusal } from "abi/refusal";
import { NOTIFIED } from "abi/syscall";
import { Wait } from "abi/task";
import { Hart } from "../arch/riscv/hart";
import { wake } from "../sched/wake";
import {
  endpointAt,
  Notification,
  notificationAt,
  releaseNotification,
  retainNotification,
} from "../task/endpoint";
import { claim, publish, Task, taskAt, waitKind } from "../task/task";
import { armDeadline } from "./deadline";
import { unlinkWaiter } from "./endpoint";
import { setResult, setResults } from "./results";

/** Sets `bits` in notification `index` and wakes who waits for it. */
export function signal(index: u32, bits: u64): void {
  const notification = notificationAt(index);
  notification.lock.acquire();
  notification.bits |= bits;
  const woken = takeWaiter(notification);
  notification.lock.release();
  if (woken !== null) wake(woken);
}

/** Claims the waiting task, if there is one, and gives it the bits, if there are any. The lock is held. */
function takeWaiter(notification: Notification): Task | null {
  if (notification.bits === 0) return null;
  if (notification.waiter !== 0) {
    const task = taskAt(notification.waiter - 1);
    const word = task.waitWord;
    if (waitKind(word) === Wait.Notified && claim(task, word)) {
      notification.waiter = 0;
      setResult(task, notification.bits);
      notification.bits = 0;
      return task;
    }
  }
  if (notification.boundTo !== 0) {
    const task = taskAt(notification.boundTo - 1);
    const word = task.waitWord;
    if (waitKind(word) === Wait.Receiving && claim(task, word)) {
      const endpoint = endpointAt(task.endpoint);
      endpoint.lock.acquire();
      unlinkWaiter(task);
      endpoint.lock.release();
      setResults(task, 0, notification.bits, 0, 0, 0, 0);
      task.a0 = NOTIFIED;
      notification.bits = 0;
      return task;
    }
  }
  return null;
}

/** Syscall.Wait: takes the bits, or waits for some. One task at a time. */
export function waitFor(hart: Hart, task: Task, index: u32, deadline: u64): Refusal {
  const notification = notificationAt(index);
  notification.lock.acquire();
  if (notification.bits !== 0) {
    setResult(task, notification.bits);
    notification.bits = 0;
    notification.lock.release();
    return Refusal.None;
  }
  if (notification.waiter !== 0) {
    notification.lock.release();
    return Refusal.AlreadyBound;
  }
  notification.waiter = task.index + 1;
  task.waitsFor = index + 1;
  hart.running = 0;
  armDeadline(hart, task, deadline);
  publish(task, Wait.Notified);
  notification.lock.release();
  return Refusal.None;
}

/** Syscall.Bind: Receive of `task` also ends when this is signalled. One task and one notification, for good. */
export function bind(task: Task, index: u32): Refusal {
  if (task.bound !== 0) return Refusal.AlreadyBound;
  const notification = notificationAt(index);
  notification.lock.acquire();
  const free = notification.boundTo === 0;
  if (free) notification.boundTo = task.index + 1;
  notification.lock.release();
  if (!free) return Refusal.AlreadyBound;
  retainNotification(index);
  task.bound = index + 1;
  return Refusal.None;
}

/** The task ends: nothing is bound to it any more. */
export function unbind(task: Task): void {
  if (task.bound === 0) return;
  const notification = notificationAt(task.bound - 1);
  notification.lock.acquire();
  notification.boundTo = 0;
  notification.lock.release();
  releaseNotification(task.bound - 1);
  task.bound = 0;
}

/** A claimed task gives up waiting for its notification. */
export function stopWaiting(task: Task): void {
  const notification = notificationAt(task.waitsFor - 1);
  notification.lock.acquire();
  if (notification.waiter === task.index + 1) notification.waiter = 0;
  notification.lock.release();
}
