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
import { outOfLine } from "../arch/riscv/intrinsics";
import { Job } from "../job/job";
import { LOCK_BYTES, Lock } from "../sync/lock";
import { Rank } from "../sync/order";
import { List } from "./list";
import { Killed, Stage, Task } from "./objects";
import { freeTask } from "./task";

const familyLock = changetype<Lock>(memory.data(LOCK_BYTES, 8));
const killsLock = changetype<Lock>(memory.data(LOCK_BYTES, 8));
/** Tasks that are to be killed. Under `killsLock`; others may look whether it is empty. */
const kills = changetype<List>(memory.data(<u32>offsetof<List>(), 4));

/** Tasks that have ended and have yet to give something back; they are none of `kills` any more. In the same way. */
const endings = changetype<List>(memory.data(<u32>offsetof<List>(), 4));

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

/** Without the lock, as a hint. */
export function hasTasks(job: Job): bool {
  return membersOf(job).first !== 0;
}

/**
 * All tasks of `job`, which takes no more of them, are to be killed, `most` at a time. `asker` is the task that wants
 * it, and its `position` is 0 at first, and again at the end. True if all were asked.
 */
export function killTasksOf(job: Job, asker: Task, most: u32): bool {
  familyLock.acquire();
  const members = membersOf(job);
  if (asker.position === 0) {
    asker.position = 1 + lengthOf(members, MEMBERS);
  }
  asker.position = askSome(members, MEMBERS, asker.position, most);
  const isDone = asker.position === 1;
  familyLock.release();
  if (isDone) {
    asker.position = 0;
  }
  return isDone;
}

/** What came of asking for the end of what a task made. */
export const enum Asked {
  /** Some of it was not asked yet. */
  Some = 0,
  /** The maker lingers for it: from here on another hart may tell of its end. */
  All = 1,
  /** Nothing that it made is left. */
  None = 2,
}

/** `maker` has ended: what it made is to be killed, `most` at a time. Its `position` is 0 at first. */
export function askChildren(maker: Task, most: u32): Asked {
  const children = maker.children;
  // Without the lock: an ended task makes no more. A hart that has just taken the last one out may still look at the
  // maker, but under the lock, which `leaveMaker` takes before the maker is gone.
  if (children.first === 0) {
    maker.stage = Stage.Told;
    return Asked.None;
  }
  familyLock.acquire();
  const asked = children.first === 0 ? Asked.None : askMoreChildren(maker, children, most);
  if (asked !== Asked.Some) {
    maker.stage = Stage.Told;
  }
  familyLock.release();
  return asked;
}

/** There are some. Under `familyLock`. */
function askMoreChildren(maker: Task, children: List, most: u32): Asked {
  outOfLine();
  if (maker.position === 0) {
    maker.position = 1 + lengthOf(children, SIBLINGS);
  }
  maker.position = askSome(children, SIBLINGS, maker.position, most);
  if (maker.position !== 1) {
    return Asked.Some;
  }
  maker.lingers = 1;
  return Asked.All;
}

/**
 * The tasks of a list are to be killed, `most` of those that `position` - 1 says are left. Each goes to the end of the
 * list, so that the next one is first. Returns the position then. Under `familyLock`.
 */
function askSome(list: List, links: u32, position: u32, most: u32): u32 {
  let left = position - 1;
  for (let i: u32 = 0; i < most && left > 0; i++) {
    const first = list.first;
    if (first === 0) {
      return 1;
    }
    requestKill(changetype<Task>(first));
    list.unlinkFirst(links);
    list.linkLast(first, links);
    left--;
  }
  return left + 1;
}

/** Bounded by the tasks there are. Under `familyLock`. */
function lengthOf(list: List, links: u32): u32 {
  let length: u32 = 0;
  for (let item = list.first; item !== 0; item = load<u32>(item + links)) {
    length++;
  }
  return length;
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

/** Whether some task is still to be killed, or has yet to give something back. */
export function areKillsOpen(): bool {
  return hasItems(kills) || hasItems(endings);
}

function hasItems(list: List): bool {
  return atomic.load<u32>(changetype<usize>(list) + offsetof<List>("first")) !== 0;
}

/** A task that has ended has yet to give something back: the next hart that looks goes on with it. */
export function keepEnding(task: Task): void {
  killsLock.acquire();
  endings.linkLast(<u32>changetype<usize>(task), KILLS);
  killsLock.release();
  thisHart().wants |= WANTS_KILLS;
}

/** A task that has yet to give something back. It is this hart's until `keepEnding`. Null for none. */
export function nextEnding(): Task | null {
  if (!hasItems(endings)) {
    return null;
  }
  killsLock.acquire();
  const task = changetype<Task | null>(endings.first);
  if (task !== null) {
    endings.unlinkFirst(KILLS);
  }
  killsLock.release();
  return task;
}

/** The next task that is to be killed, with a reference; it goes behind the others. Null for none. */
export function nextToKill(): Task | null {
  if (!hasItems(kills)) {
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
