/**
 * A task as others see it: its scheduling class, whether it runs, what it waits for, and how it ended.
 */

/** Scheduling classes, the most urgent first; round robin inside each. */
export const enum Class {
  Driver = 0,
  Service = 1,
  App = 2,
  Background = 3,
}
export const CLASS_COUNT: u32 = 4;

export const enum TaskState {
  /** Created, not started: its maker may still map and grant. */
  Unborn = 0,
  Alive = 1,
  Ended = 2,
}

/** What a task waits for: the kind in the kernel's wait word, which `ps` prints by name. */
export const enum Wait {
  /** It runs, or is in a run queue. */
  None = 0,
  /** In an endpoint's queue of callers. */
  Sending = 1,
  /** In an endpoint's queue of receivers. */
  Receiving = 2,
  /** For the reply of the task that received its message. */
  Replying = 3,
  /** For a notification. */
  Notified = 4,
  Sleeping = 5,
  /** Some hart is finishing its wait. */
  Claimed = 6,
  /** Not started. */
  Unborn = 7,
  Ended = 8,
  /** It stands on a fault, until its debugger resumes it (Syscall.TakeFaults). */
  Faulted = 9,
}

/** A task's `id`: its number below, and how many tasks had that number before it above. */
export const TASK_NUMBER_BITS: u32 = 8;
export const TASK_NUMBER_MASK: u32 = (1 << TASK_NUMBER_BITS) - 1;

/** Bytes of a task's name; shorter ones are padded with zeros. */
export const TASK_NAME_BYTES: u32 = 16;

/** Why a task ended. All but `Exit` and `Killed` are faults of its own making. */
export const enum End {
  None = 0,
  /** It called `exit`; the exit code says how it went. */
  Exit = 1,
  /** A task that holds Right.Manage on it asked for it. */
  Killed = 2,
  /** An instruction that is not RV64IMAC, or privileged. */
  IllegalInstruction = 3,
  /** A floating-point instruction: there is no FPU context (the FPU is off). */
  FloatingPoint = 4,
  InstructionFault = 5,
  LoadFault = 6,
  StoreFault = 7,
  Misaligned = 8,
  Breakpoint = 9,
  /** A cause that this kernel has no name for. */
  Unknown = 10,
}
