// The meaning of the options of ./nx debug.

import type { MachineWords } from "../boot/words.ts";

/** The options of ./nx debug. */
export interface DebugWords extends MachineWords {
  /** Commands for gdb. */
  command: readonly string[];
}
