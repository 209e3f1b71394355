/**
 * The console's owner: the task that drives the UART. Printing (diag/print.ts) only notes that there is news; it is told
 * on the way out of the kernel, when no lock is held.
 */
import { Refusal } from "abi/refusal";
import { disownConsole, ownConsole } from "../diag/print";
import { releaseNotification, retainNotification } from "../task/endpoint";
import { Task } from "../task/task";
import { signal } from "./notification";

/** Task index + 1 of the owner, 0 for none. Atomic. */
const owner: usize = memory.data(4, 4);
let notification: u32 = 0;
let bits: u64 = 0;

/** Syscall.ConsoleOwn. */
export function takeConsole(task: Task, index: u32, newsBits: u64): Refusal {
  if (atomic.cmpxchg<u32>(owner, 0, task.index + 1) !== 0) return Refusal.AlreadyBound;
  retainNotification(index);
  notification = index;
  bits = newsBits;
  ownConsole();
  return Refusal.None;
}

export function isConsoleOwner(task: Task): bool {
  return atomic.load<u32>(owner) === task.index + 1;
}

/** Something was printed: the owner hears of it. */
export function tellConsoleOwner(): void {
  if (atomic.load<u32>(owner) !== 0) signal(notification, bits);
}

/** The task ended. If it owned the console, the kernel prints by itself again. */
export function releaseConsole(task: Task): void {
  if (!isConsoleOwner(task)) return;
  disownConsole();
  const last = notification;
  atomic.store<u32>(owner, 0);
  releaseNotification(last);
}
