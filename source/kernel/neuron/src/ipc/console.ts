/**
 * The console's owner: the task that drives the UART. Printing (diag/print.ts) only notes that there is news; it is
 * told on the way out of the kernel, when no lock is held.
 */
import { Refusal } from "abi/refusal";
import { disownConsole, ownConsole } from "../diag/print";
import { ATOMIC_BYTES, AtomicWord } from "../sync/atomic";
import { LOCK_BYTES, Lock } from "../sync/lock";
import { Rank } from "../sync/order";
import { releaseNotification, retainNotification } from "../task/endpoint";
import { Notification, Task } from "../task/objects";
import { signal } from "./notification";

const lock = changetype<Lock>(memory.data(LOCK_BYTES, 8));
/** Address of the owner, 0 for none. Written under the lock. */
const owner = changetype<AtomicWord>(memory.data(ATOMIC_BYTES, 4));
// Under the lock:
let notification: Notification | null = null;
let bits: u64 = 0;

export function consoleInit(): void {
  lock.init(Rank.Devices);
}

/** Syscall.ConsoleOwn. */
export function takeConsole(task: Task, news: Notification, newsBits: u64): Refusal {
  lock.acquire();
  const free = owner.value === 0;
  if (free) {
    retainNotification(news);
    notification = news;
    bits = newsBits;
    owner.value = <u32>changetype<usize>(task);
  }
  lock.release();
  if (!free) {
    return Refusal.AlreadyBound;
  }
  ownConsole();
  return Refusal.None;
}

export function isConsoleOwner(task: Task): bool {
  return owner.value === <u32>changetype<usize>(task);
}

/** Something was printed: the owner hears of it. */
export function tellConsoleOwner(): void {
  if (owner.value === 0) {
    return;
  }
  // The owner may end meanwhile: its notification is kept for as long as it is used here.
  lock.acquire();
  const told = notification;
  const news = bits;
  if (told !== null) {
    retainNotification(told);
  }
  lock.release();
  if (told === null) {
    return;
  }
  signal(told, news);
  releaseNotification(told);
}

/**
 * The task ended. If it owned the console, the kernel prints by itself again. False if some of what the owner has not
 * read has yet to go out.
 */
export function releaseConsole(task: Task): bool {
  if (!isConsoleOwner(task)) {
    return true;
  }
  if (!disownConsole()) {
    return false;
  }
  lock.acquire();
  const last = notification;
  notification = null;
  owner.value = 0;
  lock.release();
  if (last !== null) {
    releaseNotification(last);
  }
  return true;
}
