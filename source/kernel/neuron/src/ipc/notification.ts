/**
 * Notifications: words of bits. A signal sets bits, and the task that waits takes them. Signalling never blocks and
 * never gets lost: bits stay until they are taken. Reached from syscall/ and irq/; goes on in sched/wake.ts.
 */
import { Refusal } from "abi/refusal";
import { Wait } from "abi/task";
import { Hart } from "../arch/riscv/hart";
import { armDeadline } from "../sched/deadline";
import { wake } from "../sched/wake";
import { releaseNotification, retainNotification } from "../task/endpoint";
import { Notification, Task } from "../task/objects";
import { claimWait, publish } from "../task/task";
import { leaveQueue } from "./endpoint";
import { setNotified, setResult } from "./results";

/** Sets `bits` and wakes the task that waits for them. */
export function signal(notification: Notification, bits: u64): void {
  notification.lock.acquire();
  notification.bits |= bits;
  const woken = takeWaiter(notification);
  notification.lock.release();
  if (woken !== null) {
    wake(woken);
  }
}

/** Claims the waiting task, if there is one, and gives it the bits, if there are any. The lock is held. */
function takeWaiter(notification: Notification): Task | null {
  if (notification.bits === 0) {
    return null;
  }
  const waiter = notification.waiter;
  if (waiter !== null && claimWait(waiter, Wait.Notified)) {
    notification.waiter = null;
    setResult(waiter, notification.bits);
    notification.bits = 0;
    return waiter;
  }
  const receiver = notification.boundTo;
  if (receiver !== null && claimWait(receiver, Wait.Receiving)) {
    leaveQueue(receiver);
    setNotified(receiver, notification.bits);
    notification.bits = 0;
    return receiver;
  }
  return null;
}

/** Syscall.Wait: takes the bits, or waits for some. One task at a time. */
export function waitFor(hart: Hart, task: Task, notification: Notification, deadline: u64): Refusal {
  notification.lock.acquire();
  if (notification.bits !== 0) {
    setResult(task, notification.bits);
    notification.bits = 0;
    notification.lock.release();
    return Refusal.None;
  }
  if (notification.waiter !== null) {
    notification.lock.release();
    return Refusal.AlreadyBound;
  }
  notification.waiter = task;
  task.waitsFor = notification;
  hart.running = 0;
  armDeadline(hart, task, deadline);
  publish(task, Wait.Notified);
  notification.lock.release();
  return Refusal.None;
}

/** Syscall.Bind: Receive of `task` also ends when this is signalled. One task and one notification, for good. */
export function bind(task: Task, notification: Notification): Refusal {
  if (task.bound !== null) {
    return Refusal.AlreadyBound;
  }
  notification.lock.acquire();
  const free = notification.boundTo === null;
  if (free) {
    notification.boundTo = task;
  }
  notification.lock.release();
  if (!free) {
    return Refusal.AlreadyBound;
  }
  retainNotification(notification);
  task.bound = notification;
  return Refusal.None;
}

/** The task ends: nothing is bound to it any more. */
export function unbind(task: Task): void {
  const notification = task.bound;
  if (notification === null) {
    return;
  }
  notification.lock.acquire();
  notification.boundTo = null;
  notification.lock.release();
  releaseNotification(notification);
  task.bound = null;
}

/** A claimed task gives up waiting for `notification`. */
export function stopWaiting(task: Task, notification: Notification): void {
  notification.lock.acquire();
  if (notification.waiter === task) {
    notification.waiter = null;
  }
  notification.lock.release();
}
