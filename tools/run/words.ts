// The words of ./nx run, after they are checked.

import type { MachineWords } from "../boot/words.ts";

export interface RunWords extends MachineWords {
  /** The other lines of the console, on standard error. */
  verbose?: true;
}
