// What the parts of the fake kernel share: the task under test, its capabilities, the time. Each part is a table of
// system calls, which kernel.ts puts together.

import type { Slots } from "./objects.ts";
import type { TaskGuest, Words } from "./task-guest.ts";

export interface Core {
  readonly task: TaskGuest;
  readonly slots: Slots;
  /** In ticks. */
  time: bigint;
}

/** System calls by their number; each takes its arguments, sets results, and returns the status. */
export type SystemCalls = Readonly<Record<number, (...a: Words) => number>>;
