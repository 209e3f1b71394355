/**
 * A debugger has the faults of another task: what would end that task stops it, and signals the debugger, which reads and
 * writes its registers and lets it go on. Reached from syscall/debug.ts, lifecycle/fault.ts, and where either of the two
 * ends.
 *
 *   task that faults                          its debugger
 *   publishes Wait.Faulted, signals ────────▶ claims it, reads or writes its frame, publishes Wait.Faulted again
 *                                             claims it and wakes it: it goes on
 *
 * A task that is in the middle of a system call which goes in turns does not stand: it ends. Nothing of such a call is left
 * undone, and no other arguments come between two turns. A signal may be older than what it tells of: then the debugger finds
 * that the task does not stand (Refusal.BadState).
 *
 * The lock decides between a fault and the debugger that gives the faults back: either the task sees that nobody has its
 * faults any more, and ends; or the other sees that it stands, and asks for its end.
 */
import { REGISTERS_BYTES } from "abi/debug";
import { USER_END } from "abi/layout";
import { Refusal } from "abi/refusal";
import { TaskState, Wait } from "abi/task";
import { Hart } from "../arch/riscv/hart";
import { outOfLine } from "../arch/riscv/intrinsics";
import { hasTaken } from "../ipc/close";
import { signal } from "../ipc/notification";
import { LOCK_BYTES, Lock } from "../sync/lock";
import { Rank } from "../sync/order";
import { releaseNotification, retainNotification } from "../task/endpoint";
import { isKilled, requestKill } from "../task/life";
import { Notification, Task } from "../task/objects";
import { claimWait, publish, TASKS_MAX, taskAt, waitKind } from "../task/task";

/** A debugger of a debugger, and so on. */
const TAKERS_MAX: u32 = 8;

const lock = changetype<Lock>(memory.data(LOCK_BYTES, 8));

export function debugInit(): void {
  lock.init(Rank.Debuggers);
}

/** From now on `taker`, which runs here, has the faults of `task`: each signals `bits` to `notification`. */
export function takeFaults(taker: Task, task: Task, notification: Notification, bits: u64): Refusal {
  lock.acquire();
  let refusal = Refusal.None;
  if (isBehind(taker, task)) {
    refusal = Refusal.BadArgument;
  } else if (task.state === TaskState.Ended || isKilled(task)) {
    refusal = Refusal.BadState;
  } else if (task.faultTaker !== null) {
    refusal = Refusal.AlreadyBound;
  } else {
    retainNotification(notification);
    task.faultTaker = taker;
    task.faultNotification = notification;
    task.faultBits = bits;
    taker.debugs++;
  }
  lock.release();
  return refusal;
}

/**
 * Whether `task` is `taker`, or has its faults, or those of who has them, and so on: then both could stand, each waiting for
 * the other. Also true where there are too many of them. Under the lock.
 */
function isBehind(taker: Task, task: Task): bool {
  let at: Task | null = taker;
  for (let i: u32 = 0; i < TAKERS_MAX; i++) {
    if (at === null) {
      return false;
    }
    if (at === task) {
      return true;
    }
    at = at.faultTaker;
  }
  return true;
}

/**
 * The faults of `task` are its own again, and if it stands on one, it ends. False if `taker` does not have them. Without a
 * reference to the task: that cannot go while the lock is held.
 */
export function giveFaultsBack(taker: Task, task: Task): bool {
  outOfLine();
  lock.acquire();
  const told = task.faultTaker === taker ? forgetDebugger(task) : null;
  if (told !== null && waitKind(task.waitWord) === Wait.Faulted) {
    requestKill(task);
  }
  lock.release();
  if (told === null) {
    return false;
  }
  releaseNotification(told);
  return true;
}

/** The notification that was told of faults, with its reference; null for none. Under the lock. */
function forgetDebugger(task: Task): Notification | null {
  const taker = task.faultTaker;
  const told = task.faultNotification;
  if (taker !== null) {
    taker.debugs--;
  }
  task.faultTaker = null;
  task.faultNotification = null;
  return told;
}

/** Tasks whose faults are given back in one piece of an end. */
const TASKS_A_PIECE: u32 = 4;

/** `taker` has ended: some of the faults that it took are given back. None are left when its `debugs` is 0. */
export function giveSomeFaultsBack(taker: Task): void {
  outOfLine();
  let left = TASKS_A_PIECE;
  for (let i: u32 = 0; i < TASKS_MAX && left > 0; i++) {
    // Without the lock: no task gets this debugger any more.
    if (taskAt(i).faultTaker === taker && giveFaultsBack(taker, taskAt(i))) {
      left--;
    }
  }
}

/** `task` has ended: no debugger has its faults any more, and none takes them. */
export function leaveDebugger(task: Task): void {
  lock.acquire();
  const told = forgetDebugger(task);
  lock.release();
  if (told !== null) {
    releaseNotification(told);
  }
}

/**
 * The task that `hart`, this one, runs has faulted. If it has a debugger, it stands from here on, and true is returned:
 * it may be another hart's already.
 */
export function stopAtFault(hart: Hart, task: Task, cause: u64, value: u64): bool {
  if (isInCall(task)) {
    return false;
  }
  lock.acquire();
  const told = task.faultNotification;
  const bits = task.faultBits;
  if (told !== null) {
    retainNotification(told);
    task.faultCause = <u32>cause;
    task.faultValue = value;
    task.faultPc = task.sepc;
    hart.running = 0;
    publish(task, Wait.Faulted);
  }
  lock.release();
  if (told === null) {
    return false;
  }
  signal(told, bits);
  releaseNotification(told);
  return true;
}

/** Whether the task is between two turns of a call (`callAgain` in ipc/results.ts). */
function isInCall(task: Task): bool {
  return (
    task.work !== null ||
    task.making !== null ||
    task.starts !== 0 ||
    task.ends !== null ||
    task.takesBack !== 0 ||
    hasTaken(task)
  );
}

/** Claims `task` if it stands on a fault that `taker` has. Then one of the next two has to follow, or `wake`. */
export function claimStanding(taker: Task, task: Task): bool {
  return task.faultTaker === taker && !isKilled(task) && claimWait(task, Wait.Faulted);
}

/** Copies the registers of `task`, which was claimed, to the message page of `taker`. */
export function readRegisters(taker: Task, task: Task): void {
  memory.copy(taker.messagePage, changetype<usize>(task), REGISTERS_BYTES);
  publish(task, Wait.Faulted);
}

/** The other way round. */
export function writeRegisters(taker: Task, task: Task): Refusal {
  const pc = load<u64>(taker.messagePage);
  if (pc < <u64>USER_END) {
    memory.copy(changetype<usize>(task), taker.messagePage, REGISTERS_BYTES);
  }
  publish(task, Wait.Faulted);
  return pc < <u64>USER_END ? Refusal.None : Refusal.BadArgument;
}
