/**
 * How long a task exists: its references, its maker, its job, and requests to kill it.
 *
 * A task belongs to its maker. The end of a task ends what it made. Its own end is told, and its place is free, only
 * when all of that is gone. So nothing that a program made outlasts it, however its capabilities are passed around.
 *
 * A task that is to be killed stands in a list until it has ended (lifecycle/kill.ts works on it). It may run on
 * another hart, or be on its way into or out of a wait, and then it cannot be ended at once.
 */
import { TaskState } from "abi/task";
import { thisHart, WANTS_KILLS } from "../arch/riscv/hart";
import { Job } from "../job/job";
import { LOCK_BYTES, Lock } from "../sync/lock";
import { Rank } from "../sync/order";
import { List } from "./list";
import { Killed, Task } from "./objects";
import { freeTask } from "./task";

const familyLock = changetype<Lock>(memory.data(LOCK_BYTES, 8));
const killsLock = changetype<Lock>(memory.data(LOCK_BYTES, 8));
/** Tasks that are to be killed. Under `killsLock`; others may look whether it is empty. */
const kills = changetype<List>(memory.data(<u32>offsetof<List>(), 4));

const SIBLINGS: u32 = <u32>offsetof<Task>("nextSibling");
const MEMBERS: u32 = <u32>offsetof<Task>("nextInJob");
const KILLS: u32 = <u32>offsetof<Task>("nextKill");

export function lifeInit(): void {
  familyLock.init(Rank.Family);
  killsLock.init(Rank.Kills);
}

export function retainTask(task: Task): void {
  task.references.add(1);
}

/** Releases a reference; with the last one (the task has ended) its place is free again. */
export function releaseTask(task: Task): void {
  const before = task.references.subtract(1);
  if (before === 1) {
    return freeTask(task);
  }
  // An unborn task that no capability names can never be started: what it was given has to come back.
  if (before === 2 && task.state === TaskState.Unborn) {
    requestKill(task);
  }
}

/**
 * `child`, which was just made, belongs to `maker`, which runs here, and is one of its job's. False if the job was ended.
 */
export function adopt(maker: Task | null, child: Task): bool {
  familyLock.acquire();
  const isOpen = !child.job.isEnded;
  if (isOpen) {
    membersOf(child.job).linkLast(<u32>changetype<usize>(child), MEMBERS);
    child.maker = maker;
    if (maker !== null) {
      maker.children.linkLast(<u32>changetype<usize>(child), SIBLINGS);
    }
  }
  familyLock.release();
  return isOpen;
}

/** A job's tasks. Under `familyLock`. */
function membersOf(job: Job): List {
  return changetype<List>(job.tasks);
}

/** All tasks of `job`, which takes no more of them, are to be killed. */
export function killTasksOf(job: Job): void {
  familyLock.acquire();
  let task = changetype<Task | null>(membersOf(job).first);
  // bounded by the tasks there are
  while (task !== null) {
    requestKill(task);
    task = changetype<Task | null>(task.nextInJob);
  }
  familyLock.release();
}

/**
 * `maker` has ended: all that it made is to be killed, and until then it lingers. False if nothing that it made is
 * left.
 */
export function endChildren(maker: Task): bool {
  familyLock.acquire();
  const hasChildren = maker.children.first !== 0;
  if (hasChildren) {
    maker.lingers = 1;
  }
  let child = changetype<Task | null>(maker.children.first);
  // bounded by the tasks there are
  while (child !== null) {
    requestKill(child);
    child = child.nextSibling;
  }
  familyLock.release();
  return hasChildren;
}

/**
 * `task` has ended, and all that it made is gone: it leaves its maker. Gives the maker if that lingers, and this was
 * the last that it waited for; else null.
 */
export function leaveMaker(task: Task): Task | null {
  familyLock.acquire();
  membersOf(task.job).unlink(<u32>changetype<usize>(task), MEMBERS);
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
  familyLock.release();
  return waiting;
}

/**
 * From here on the task is to end; this hart sees to it on its way out of the kernel. False if that was requested
 * before, or the task has ended. The caller has a reference.
 */
export function requestKill(task: Task): bool {
  killsLock.acquire();
  const isFirst = task.killed === Killed.No;
  if (isFirst) {
    task.killed = Killed.Asked;
    kills.linkLast(<u32>changetype<usize>(task), KILLS);
  }
  killsLock.release();
  if (isFirst) {
    thisHart().wants |= WANTS_KILLS;
  }
  return isFirst;
}

/** Whether its kill was requested: looked at whenever a task is about to run. */
export function isKilled(task: Task): bool {
  return task.killed !== Killed.No;
}

/** Whether some task is still to be killed. */
export function areKillsOpen(): bool {
  return atomic.load<u32>(changetype<usize>(kills) + offsetof<List>("first")) !== 0;
}

/** The next task that is to be killed, with a reference; it goes behind the others. Null for none. */
export function nextToKill(): Task | null {
  if (!areKillsOpen()) {
    return null;
  }
  killsLock.acquire();
  const task = changetype<Task | null>(kills.first);
  if (task !== null) {
    kills.unlink(<u32>changetype<usize>(task), KILLS);
    kills.linkLast(<u32>changetype<usize>(task), KILLS);
    retainTask(task);
  }
  killsLock.release();
  return task;
}

/** The task ends now: no kill is open any more, and none can be requested. */
export function closeKill(task: Task): void {
  killsLock.acquire();
  if (task.killed === Killed.Asked) {
    kills.unlink(<u32>changetype<usize>(task), KILLS);
  }
  task.killed = Killed.Done;
  killsLock.release();
}
