/**
 * A task's wait: how it begins to wait, and who ends that. How long a task exists is in life.ts, its birth and end are
 * in lifecycle/, what it waits for is in ipc/, when it runs is in sched/.
 *
 * Once a task is blocked, it belongs to the hart that *claims* it. The wait word decides:
 *
 *   wait   63 ─────────────── 8 7 ──── 0
 *         │ serial             │ Wait   │
 *
 * Blocking stores a new serial with the reason (`publish`). To wake the task, be it a message, a signal, a deadline or
 * its end, a hart must first swap exactly that word for Claimed. One hart wins; it alone finishes the wait and makes
 * the task runnable. The serial never repeats, so an old reply or a late deadline finds another word and is refused.
 */

import { Resource } from "abi/job";
import { FOREVER } from "abi/syscall";
import { TASK_NUMBER_BITS, TASK_NUMBER_MASK, TaskState, Wait } from "abi/task";
import { fenceRelease } from "../arch/riscv/intrinsics";
import { giveBack, Job } from "../job/job";
import { POOL_BYTES, Pool } from "../mm/pool";
import { Task } from "./objects";

/** Tasks in the system. */
export const TASKS_MAX: u32 = 256;

const TASK_STRIDE: u32 = <u32>((offsetof<Task>() + 63) & ~63);
const pool = changetype<Pool>(memory.data(POOL_BYTES, 8));
const table: usize = memory.data(TASKS_MAX * TASK_STRIDE, 64);

if (TASKS_MAX > TASK_NUMBER_MASK + 1) {
  ERROR("a task's number does not fit its id");
}

const KIND_MASK: u64 = 0xff;
const SERIAL_SHIFT: u64 = 8;

export function tasksInit(): void {
  pool.init(table, TASK_STRIDE, TASKS_MAX, <u32>offsetof<Task>("serial"));
  for (let i: u32 = 0; i < TASKS_MAX; i++) {
    taskAt(i).index = i;
    taskAt(i).waitWord = Wait.Ended;
  }
}

export function taskAt(index: u32): Task {
  return changetype<Task>(table + index * TASK_STRIDE);
}

/**
 * A new unborn task, charged to `job` already, or null if all are in use. It has two references: one for its first
 * capability, one until it has ended.
 */
export function allocTask(job: Job): Task | null {
  const task = changetype<Task | null>(pool.alloc());
  if (task === null) {
    return null;
  }
  task.job = job;
  task.payer = job.account;
  task.index = <u32>(changetype<usize>(task) - table) / TASK_STRIDE;
  task.id = task.index | (task.generation << TASK_NUMBER_BITS);
  task.generation++;
  task.deadline = FOREVER;
  task.references.value = 2;
  task.state = TaskState.Unborn;
  publish(task, Wait.Unborn);
  return task;
}

/** Frees a task to which there is no reference (yet, or any more). */
export function freeTask(task: Task): void {
  const job = task.job;
  task.waitWord = Wait.Ended;
  pool.free(changetype<usize>(task));
  giveBack(job, Resource.Tasks, 0);
}

export function waitKind(word: u64): Wait {
  return <Wait>(word & KIND_MASK);
}

/**
 * The task waits for `kind` from now on. Everything that a waker reads must be in place: from here on another hart may
 * claim it and run it.
 */
export function publish(task: Task, kind: Wait): void {
  publishWord(task, nextWord(task, kind));
}

/** The same, with the word that `nextWord` gave. */
export function publishWord(task: Task, word: u64): void {
  task.serial = word >> SERIAL_SHIFT;
  task.waitWord = word;
}

/**
 * The word that the next `publish` of this kind will store: a server gets it as reply token before the caller waits.
 */
export function nextWord(task: Task, kind: Wait): u64 {
  return ((task.serial + 1) << SERIAL_SHIFT) | <u64>kind;
}

/**
 * Tries to make an unborn task the caller's: several tasks may hold a capability to it, on several harts. False while
 * another has it, or when it was started or ended. Then `unclaimUnborn` has to follow, or `wake`, which starts it.
 */
export function claimUnborn(task: Task): bool {
  return claimWait(task, Wait.Unborn);
}

export function unclaimUnborn(task: Task): void {
  publish(task, Wait.Unborn);
}

/** Claims the task if it waits for `kind`, with any serial. */
export function claimWait(task: Task, kind: Wait): bool {
  const word = task.waitWordRelaxed;
  return waitKind(word) === kind && claim(task, word);
}

/** Tries to become the one that ends this wait. The task then belongs to the caller. */
export function claim(task: Task, word: u64): bool {
  return task.moveWaitWord(word, Wait.Claimed);
}

/** `endWait` of `ended` and `publishWord` of `waits`, with one fence for both. */
export function passOn(ended: Task, waits: Task, word: u64): void {
  ended.deadline = FOREVER;
  waits.serial = word >> SERIAL_SHIFT;
  fenceRelease();
  ended.waitWordRelaxed = Wait.None;
  waits.waitWordRelaxed = word;
}

/** The claimed task is runnable again. */
export function endWait(task: Task): void {
  task.deadline = FOREVER;
  task.waitWord = Wait.None;
}
