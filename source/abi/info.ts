/**
 * What `Syscall.Information` tells the holder of an Info capability: `topic` and `index` in, up to six words out.
 */
import { Class, TaskState, Wait } from "./task";

export const enum Topic {
  /**
   * a1 harts online, a2 harts that the device tree enables, a3 timebase in Hz, a4 RAM in bytes, a5 free RAM in bytes,
   * a6 bit per hart that is online.
   */
  System = 0,
  /**
   * index = hart: a1 hart id (physical), a2 ticks, a3 IPIs sent, a4 IPIs received, a5 context switches, a6 tasks
   * stolen.
   */
  Hart = 1,
  /** index = sending hart: a1–a4 IPIs taken by hart 0–3 from it. */
  IpiRow = 2,
  /** a1, a2: the sixteen bytes of the host's random number, in memory order. Zeros where the host gave none. */
  Nonce = 3,
  /** index = hart: a1 IPIs left to the tick by the rate limit, a2 IPIs spared by coalescing, a3 times idle. */
  HartLimits = 4,
  /**
   * index = task: a1 its task word (below), a2 and a3 name, a4 `End` | number of its job << 32, a5 its exit code (only a
   * holder of the task learns more about a fault: Syscall.TaskStatus), a6 times it ran. A number below the kernel's TASKS_MAX that no task has is
   * told as an ended task without a name; a number from TASKS_MAX on is refused.
   */
  Task = 5,
  /** index = interrupt source: a1 1 if bound, a2 hart, a3 times it came, a4 1 if it waits for completion, a5 task. */
  Interrupt = 6,
  /**
   * a1 SBI version, a2 firmware, a3 its version, a4 extensions (bit per `SbiExtension`), a5 1 for Sstc, a6 1 for SSWI.
   */
  Firmware = 7,
  /**
   * index = job: a1 and a2 name, a3 its job word (below), a4 pages that are charged to it | limit << 32, a5 tasks, a6
   * memory objects, each the same way. A number below JOBS_MAX that no job has is told as zeros; others are refused.
   */
  Job = 8,
  /** index = job: a1 endpoints, a2 notifications, a3 pins, a4 jobs, each with its limit as above. */
  JobRest = 9,
  /** index = job: a1 time that it has used, a2 what it may use in a period (0: no limit), a3 the period; in ticks of the timebase. */
  JobTime = 10,
}

/** Bits of what the firmware offers. */
export const enum SbiExtension {
  Time = 1,
  Ipi = 2,
  Rfence = 4,
  Hsm = 8,
  Srst = 16,
  Dbcn = 32,
}

/**
 * The task word, a1 of Topic.Task. `hart` is where the task ran last; `generation` is how many tasks had the same number
 * before it.
 *
 *   63                     32 31      24 23      16 15       8 7        0
 *   ┌────────────────────────┬──────────┬──────────┬──────────┬──────────┐
 *   │ generation             │ hart     │ Wait     │ Class    │ TaskState│
 *   └────────────────────────┴──────────┴──────────┴──────────┴──────────┘
 */
export function taskWord(state: TaskState, taskClass: u32, wait: Wait, hart: u32, generation: u32): u64 {
  const low = <u32>state | (taskClass << CLASS_SHIFT) | ((<u32>wait) << WAIT_SHIFT) | (hart << HART_SHIFT);
  return <u64>low | ((<u64>generation) << GENERATION_SHIFT);
}

const CLASS_SHIFT: u32 = 8;
const WAIT_SHIFT: u32 = 16;
const HART_SHIFT: u32 = 24;
const GENERATION_SHIFT: u64 = 32;

export function stateOfTask(word: u64): TaskState {
  return <TaskState>(<u32>word & 0xff);
}

export function classOfTask(word: u64): Class {
  return <Class>((<u32>word >> CLASS_SHIFT) & 0xff);
}

export function waitOfTask(word: u64): Wait {
  return <Wait>((<u32>word >> WAIT_SHIFT) & 0xff);
}

export function hartOfTask(word: u64): u32 {
  return <u32>word >> HART_SHIFT;
}

export function generationOfTask(word: u64): u32 {
  return <u32>(word >> GENERATION_SHIFT);
}

/** The job word, a3 of Topic.Job: whether there is such a job, whether it was ended, and the job it was made from. */
export function jobWord(isEnded: bool, parent: u32): u64 {
  return JOB_EXISTS | (isEnded ? JOB_ENDED : 0) | ((<u64>parent) << PARENT_SHIFT);
}

const JOB_EXISTS: u64 = 1;
const JOB_ENDED: u64 = 2;
const PARENT_SHIFT: u64 = 32;

export function isJob(word: u64): bool {
  return (word & JOB_EXISTS) !== 0;
}

export function isJobEnded(word: u64): bool {
  return (word & JOB_ENDED) !== 0;
}

/** The number of the job that it was made from; its own for the first job. */
export function parentOfJob(word: u64): u32 {
  return <u32>(word >> PARENT_SHIFT);
}
