/**
 * Tasks: one thread, one address space, one table of capabilities each. This file is what a task is, as data; how long it
 * is there is life.ts, its birth and end are in lifecycle/, its waiting in ipc/, its running in sched/.
 *
 *   0    TrapFrame      saved registers: the task pointer is the frame pointer that trap.S stores through
 *   …    the fields below
 *
 * Who may touch a task: the hart that runs it; and once it is blocked, whoever *claims* it. The wait word decides:
 *
 *   wait   63 ─────────────── 8 7 ──── 0
 *         │ serial             │ Wait   │
 *
 * Blocking stores a new serial with the reason (`publish`). To wake the task, be it a message, a signal, a deadline or
 * its end, a hart must first swap exactly that word for Claimed. One hart wins; it alone finishes the wait and makes the
 * task runnable. The serial never repeats, so an old reply or a late deadline finds another word and is refused.
 */

import { FOREVER } from "abi/syscall";
import { TASK_NUMBER_BITS, TASK_NUMBER_MASK, TaskState, Wait } from "abi/task";
import { TrapFrame } from "../arch/riscv/context";
import { NO_OBJECT, Pool } from "../mm/pool";
import { List } from "./list";

/** Tasks in the system. */
export const TASKS_MAX: u32 = 32;

@unmanaged
@final
export class Task extends TrapFrame {
  index: u32;
  /** Its name in the audit trail (abi/task.ts): never another task's. */
  id: u32;
  /** Wait word. Atomic. */
  wait: u64;
  /** When its wait ends by itself; FOREVER for never. Atomic. */
  deadline: u64;
  /** The hart whose timer looks after `deadline`. */
  deadlineHart: u32;

  // Scheduling: of whoever has the task
  taskClass: u32;
  /** When it last was woken by an interrupt to another hart that counted as its first in a tick (sched/wake.ts). */
  toldAt: u64;
  /** How often it was given a hart. */
  runs: u64;
  /** The hart that ran it last. */
  lastHart: u32;
  /** It was sent to `lastHart` by a hint: thieves leave it alone until it has run. */
  hinted: u32;
  /** In a run queue or an endpoint's queue: its neighbours there, and the queue; 0 and null for none. Under that queue's lock. */
  next: u32;
  previous: u32;
  queue: TaskQueue | null;

  // Messages: what it sends while it is Sending; whom it waits for while Replying
  endpoint: u32;
  badge: u32;
  info: u64;
  word0: u64;
  word1: u64;
  word2: u64;
  word3: u64;
  server: u32;
  /** Index + 1 of the notification that is bound to it, or that it waits for. */
  bound: u32;
  waitsFor: u32;

  // Memory
  /** What puts its address space in force. */
  satp: u64;
  /** Address of the root page table. */
  root: u32;
  /** Bit per hart that sees the address space as it is, see sched/schedule.ts: a change of it clears them. */
  seenBy: u32;
  /** Kernel address of the message page. */
  messagePage: u32;
  /** The memory object that its CreateVmo is about to make, NO_OBJECT for none. */
  making: u32;
  /** Address of the mapping (task/mappings.ts) that its Map, MapDevice or Unmap is at work on, 0 for none. */
  work: u32;

  // Life
  /** Capabilities that name it, and one until it has ended. Atomic. */
  references: u32;
  state: u32;
  end: u32;
  endDetail: u64;
  /** Not 0: without it nobody looks after the others, and the run is over. */
  vital: u32;
  /** Signalled when it ends: notification index + 1, and the bits. */
  endNotification: u32;
  endBits: u64;
  /** A `Killed`. Atomic; written under the lock of life.ts. */
  killed: u32;
  /** Among those whose end was asked for: its neighbours. */
  nextEnding: u32;
  previousEnding: u32;
  /** Its maker, what it made, and its neighbours among what its maker made. Under the lock of life.ts. */
  maker: Task | null;
  private children0: u64;
  nextSibling: Task | null;
  previousSibling: u32;
  /** It has ended, and waits for the end of what it made. */
  lingers: u32;
  nameLow: u64;
  nameHigh: u64;

  get waitAddress(): usize {
    return changetype<usize>(this) + offsetof<Task>("wait");
  }

  get waitWord(): u64 {
    return atomic.load<u64>(this.waitAddress);
  }

  get children(): List {
    return changetype<List>(changetype<usize>(this) + offsetof<Task>("children0"));
  }

  /** Address of its name, TASK_NAME_BYTES long, padded with zeros. */
  get nameAddress(): usize {
    return changetype<usize>(this) + offsetof<Task>("nameLow");
  }
}

/** Whether the end of a task was asked for. */
export const enum Killed {
  No = 0,
  /** It was, and the task has not ended. */
  Asked = 1,
  /** It has ended. */
  Done = 2,
}

/** Tasks that run next, or that wait at an endpoint, the first to come first. Under the lock of whoever has it. */
@unmanaged
@final
export class TaskQueue extends List {
  get head(): Task | null {
    return changetype<Task | null>(this.first);
  }

  append(task: Task): void {
    task.queue = this;
    this.linkLast(<u32>changetype<usize>(task), <u32>offsetof<Task>("next"));
  }

  prepend(task: Task): void {
    task.queue = this;
    this.linkFirst(<u32>changetype<usize>(task), <u32>offsetof<Task>("next"));
  }

  /** Takes out the head, `task`. */
  removeHead(task: Task): void {
    task.queue = null;
    this.unlinkFirst(<u32>offsetof<Task>("next"));
  }

  /** Takes out a task that is in this queue. */
  remove(task: Task): void {
    task.queue = null;
    this.unlink(<u32>changetype<usize>(task), <u32>offsetof<Task>("next"));
  }
}

const TASK_STRIDE: u32 = 640;
const pool: usize = memory.data(32, 8);
const table: usize = memory.data(20480, 64);
/** Wait serials outlive the task that an index named before; so does the count of tasks that it named. */
const serials: usize = memory.data(TASKS_MAX * 8, 8);
const generations: usize = memory.data(TASKS_MAX * 4, 4);

if (offsetof<Task>() > TASK_STRIDE) ERROR("Task outgrew its stride");
if (TASKS_MAX * TASK_STRIDE > 20480) ERROR("the table of tasks is too small");
if (TASKS_MAX > TASK_NUMBER_MASK + 1) ERROR("a task's number does not fit its id");

const KIND_MASK: u64 = 0xff;
const SERIAL_SHIFT: u64 = 8;

export function tasksInit(): void {
  changetype<Pool>(pool).init(table, TASK_STRIDE, TASKS_MAX);
  for (let i: u32 = 0; i < TASKS_MAX; i++) taskAt(i).wait = Wait.Ended;
}

export function taskAt(index: u32): Task {
  return changetype<Task>(table + index * TASK_STRIDE);
}

/** A new unborn task, or null. It has two references: one for its first capability, one until it has ended. */
export function takeTask(): Task | null {
  const index = changetype<Pool>(pool).take();
  if (index === NO_OBJECT) return null;
  const task = taskAt(index);
  task.index = index;
  const generation = load<u32>(generations + (index << 2));
  store<u32>(generations + (index << 2), generation + 1);
  task.id = index | (generation << TASK_NUMBER_BITS);
  task.deadline = FOREVER;
  task.making = NO_OBJECT;
  task.references = 2;
  task.state = TaskState.Unborn;
  publish(task, Wait.Unborn);
  return task;
}

/** Makes the index of a task free again to which there is no reference (yet, or any more). */
export function discardTask(task: Task): void {
  atomic.store<u64>(task.waitAddress, Wait.Ended);
  changetype<Pool>(pool).give(task.index);
}

export function waitKind(word: u64): Wait {
  return <Wait>(word & KIND_MASK);
}

/**
 * The task waits for `kind` from now on; returns its wait word. Everything that a waker reads must be in place: from
 * here on another hart may claim it and run it.
 */
export function publish(task: Task, kind: Wait): u64 {
  const at = serials + (task.index << 3);
  const serial = load<u64>(at) + 1;
  store<u64>(at, serial);
  const word = (serial << SERIAL_SHIFT) | <u64>kind;
  atomic.store<u64>(task.waitAddress, word);
  return word;
}

/** The word that the next `publish` of this kind will store: a server gets it as reply token before the caller waits. */
export function nextWord(task: Task, kind: Wait): u64 {
  return ((load<u64>(serials + (task.index << 3)) + 1) << SERIAL_SHIFT) | <u64>kind;
}

/**
 * Tries to make an unborn task the caller's: several tasks may hold a capability to it, on several harts. False while
 * another has it, or when it was started or ended. Then `giveUnborn` has to follow, or `wake`, which starts it.
 */
export function claimUnborn(task: Task): bool {
  const word = task.waitWord;
  return waitKind(word) === Wait.Unborn && claim(task, word);
}

export function giveUnborn(task: Task): void {
  publish(task, Wait.Unborn);
}

/** Tries to become the one that ends this wait. The task then belongs to the caller. */
export function claim(task: Task, word: u64): bool {
  return atomic.cmpxchg<u64>(task.waitAddress, word, Wait.Claimed) === word;
}

/** The claimed task is runnable again. */
export function endWait(task: Task): void {
  atomic.store<u64>(changetype<usize>(task) + offsetof<Task>("deadline"), FOREVER);
  atomic.store<u64>(task.waitAddress, Wait.None);
}
