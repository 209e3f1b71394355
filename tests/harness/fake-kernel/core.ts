// What the parts of the fake kernel share: the task under test, its capabilities, the time. Each part is a table of
// system calls, which kernel.ts puts together.

import type { FakeJob, Slots } from "./objects.ts";
import type { TaskGuest, Words } from "./task-guest.ts";

export interface Core {
  readonly task: TaskGuest;
  readonly slots: Slots;
  /** The job of the task under test. */
  readonly job: FakeJob;
  /** In ticks. */
  time: bigint;
}

/** System calls by their number; each takes its arguments, sets results, and returns the status. */
export type SystemCalls = Readonly<Record<number, (...a: Words) => number>>;

const NAME_BYTES = 16;

/** The name that a system call takes in two words. */
export function nameOf(low: bigint, high: bigint): string {
  const bytes = new Uint8Array(NAME_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, low, true);
  view.setBigUint64(8, high, true);
  return new TextDecoder().decode(bytes).replace(/\0+$/, "");
}
