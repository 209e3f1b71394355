/**
 * How long a task is there: its references, who made it, and that its end was asked for.
 *
 * A task belongs to its maker: the end of a task ends what it made, and only when all of that is gone is its own end told and
 * its index free. So nothing that a program made outlasts it, however its capabilities are passed around.
 *
 * Whose end was asked for stands in a list until it has ended (lifecycle/kill.ts works on it): it may run on another hart, or
 * be on its way into or out of a wait, and then cannot be ended at once.
 */
import { TaskState } from "abi/task";
import { thisHart, WANTS_ENDS } from "../arch/riscv/hart";
import { LOCK_BYTES, Lock } from "../sync/lock";
import { Rank } from "../sync/order";
import { List } from "./list";
import { discardTask, Killed, Task } from "./task";

const familyLock: usize = memory.data(LOCK_BYTES, 8);
const endsLock: usize = memory.data(LOCK_BYTES, 8);
/** Tasks whose end was asked for. Under `endsLock`. */
const ends: usize = memory.data(8, 4);

const SIBLINGS: u32 = <u32>offsetof<Task>("nextSibling");
const ENDS: u32 = <u32>offsetof<Task>("nextEnding");

function family(): Lock {
  return changetype<Lock>(familyLock);
}

function endsList(): List {
  return changetype<List>(ends);
}

export function lifeInit(): void {
  family().init(Rank.Family);
  changetype<Lock>(endsLock).init(Rank.Ends);
}

export function retainTask(task: Task): void {
  atomic.add<u32>(changetype<usize>(task) + offsetof<Task>("references"), 1);
}

/** Gives a reference back; with the last one (the task has ended) its index is free again. */
export function releaseTask(task: Task): void {
  const before = atomic.sub<u32>(changetype<usize>(task) + offsetof<Task>("references"), 1);
  if (before === 1) return discardTask(task);
  // An unborn task that no capability names can never be started: what it was given has to come back.
  if (before === 2 && task.state === TaskState.Unborn) askForEnd(task);
}

/** `child`, which was just made, belongs to `maker`, which runs here. */
export function adopt(maker: Task, child: Task): void {
  family().acquire();
  child.maker = maker;
  maker.children.linkLast(<u32>changetype<usize>(child), SIBLINGS);
  family().release();
}

/** `maker` has ended: the ends of all that it made are asked for, and it lingers. False if it made nothing that is left. */
export function endChildren(maker: Task): bool {
  family().acquire();
  const hasChildren = maker.children.first !== 0;
  if (hasChildren) maker.lingers = 1;
  let child = changetype<Task | null>(maker.children.first);
  // bounded by the tasks there are
  while (child !== null) {
    askForEnd(child);
    child = child.nextSibling;
  }
  family().release();
  return hasChildren;
}

/**
 * `task` has ended, and all that it made is gone: it leaves its maker. Gives the maker if that lingers, and this was the last
 * that it waited for; else null.
 */
export function leaveMaker(task: Task): Task | null {
  family().acquire();
  const maker = task.maker;
  let waiting: Task | null = null;
  if (maker !== null) {
    task.maker = null;
    maker.children.unlink(<u32>changetype<usize>(task), SIBLINGS);
    if (maker.lingers !== 0 && maker.children.first === 0) {
      maker.lingers = 0;
      waiting = maker;
    }
  }
  family().release();
  return waiting;
}

/**
 * From here on the task is to end; this hart sees to it on its way out of the kernel. False if that was asked before, or it has
 * ended. Whoever asks has a reference.
 */
export function askForEnd(task: Task): bool {
  changetype<Lock>(endsLock).acquire();
  const isFirst = task.killed === Killed.No;
  if (isFirst) {
    setKilled(task, Killed.Asked);
    endsList().linkLast(<u32>changetype<usize>(task), ENDS);
  }
  changetype<Lock>(endsLock).release();
  if (isFirst) thisHart().wants |= WANTS_ENDS;
  return isFirst;
}

/** The lock is held. */
function setKilled(task: Task, killed: Killed): void {
  atomic.store<u32>(changetype<usize>(task) + offsetof<Task>("killed"), killed);
}

/** Whether its end was asked for: looked at whenever a task is about to run. */
export function isKilled(task: Task): bool {
  return atomic.load<u32>(changetype<usize>(task) + offsetof<Task>("killed")) !== Killed.No;
}

/** Whether some task is to end that has not ended. */
export function areEndsOpen(): bool {
  return atomic.load<u32>(ends + offsetof<List>("first")) !== 0;
}

/** The next task that is to end, with a reference; the others come before it again. Null for none. */
export function nextToEnd(): Task | null {
  if (!areEndsOpen()) return null;
  changetype<Lock>(endsLock).acquire();
  const task = changetype<Task | null>(endsList().first);
  if (task !== null) {
    endsList().unlink(<u32>changetype<usize>(task), ENDS);
    endsList().linkLast(<u32>changetype<usize>(task), ENDS);
    retainTask(task);
  }
  changetype<Lock>(endsLock).release();
  return task;
}

/** The task ends now: its end is not open any more, and cannot be asked for. */
export function closeEnd(task: Task): void {
  changetype<Lock>(endsLock).acquire();
  if (task.killed === Killed.Asked) endsList().unlink(<u32>changetype<usize>(task), ENDS);
  setKilled(task, Killed.Done);
  changetype<Lock>(endsLock).release();
}
