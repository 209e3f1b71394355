/**
 * The console's owner: the task that drives the UART. Printing (diag/print.ts) only notes that there is news; it is told
 * on the way out of the kernel, when no lock is held.
 */
import { Refusal } from "abi/refusal";
import { disownConsole, ownConsole } from "../diag/print";
import { Lock } from "../sync/lock";
import { Rank } from "../sync/order";
import { releaseNotification, retainNotification } from "../task/endpoint";
import { Task } from "../task/task";
import { signal } from "./notification";

const lock: usize = memory.data(16, 8);
/** Task index + 1 of the owner, 0 for none. Written under the lock. Atomic. */
const owner: usize = memory.data(4, 4);
// Under the lock:
let notification: u32 = 0;
let bits: u64 = 0;

function consoleLock(): Lock {
  return changetype<Lock>(lock);
}

export function consoleInit(): void {
  consoleLock().init(Rank.Devices);
}

/** Syscall.ConsoleOwn. */
export function takeConsole(task: Task, index: u32, newsBits: u64): Refusal {
  consoleLock().acquire();
  const free = atomic.load<u32>(owner) === 0;
  if (free) {
    retainNotification(index);
    notification = index;
    bits = newsBits;
    atomic.store<u32>(owner, task.index + 1);
  }
  consoleLock().release();
  if (!free) return Refusal.AlreadyBound;
  ownConsole();
  return Refusal.None;
}

export function isConsoleOwner(task: Task): bool {
  return atomic.load<u32>(owner) === task.index + 1;
}

/** Something was printed: the owner hears of it. */
export function tellConsoleOwner(): void {
  if (atomic.load<u32>(owner) === 0) return;
  // The owner may end meanwhile: its notification is kept for as long as it is used here.
  consoleLock().acquire();
  const isOwned = atomic.load<u32>(owner) !== 0;
  const index = notification;
  const news = bits;
  if (isOwned) retainNotification(index);
  consoleLock().release();
  if (!isOwned) return;
  signal(index, news);
  releaseNotification(index);
}

/** The task ended. If it owned the console, the kernel prints by itself again. */
export function releaseConsole(task: Task): void {
  if (!isConsoleOwner(task)) return;
  disownConsole();
  consoleLock().acquire();
  const last = notification;
  atomic.store<u32>(owner, 0);
  consoleLock().release();
  releaseNotification(last);
}
