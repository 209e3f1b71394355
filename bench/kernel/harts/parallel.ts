// Time as it passes on harts that run at once.
//
// The machine's harts take turns, so its clock counts the instructions of all. On hardware they run at the same time. So the
// clock is cut into slices of a few short turns, and what passes in a slice is what the hart executed that executed most. A
// hart that waits for another adds nothing, or the instructions of its waiting, and in both cases time goes on.

import type { Run } from "../../../machine/host/run.ts";
import type { PathCounter } from "../paths.ts";

/** The length of every turn. Shorter than any path between two harts that wait for each other. */
export const TURN = 16;
const HARTS_MAX = 4;
/** Instructions of all harts in a slice: four turns of each. */
export const SLICE = BigInt(4 * HARTS_MAX * TURN);

export class ParallelTime implements PathCounter {
  private readonly run: Run;
  private retired: number[];
  private passed = 0;
  /** The harts that executed something in the last slice. */
  executed: number[] = [];

  /** Counts from now on. It gives all turns the same length. */
  constructor(run: Run) {
    this.run = run;
    run.machine.core.setTurns(TURN);
    this.retired = this.retiredNow();
  }

  look(): void {
    const now = this.retiredNow();
    const counts = now.map((count, hart) => count - (this.retired[hart] ?? 0));
    this.passed += Math.max(...counts);
    this.executed = [...counts.keys()].filter((hart) => counts[hart] !== 0);
    this.retired = now;
  }

  count(): number {
    return this.passed;
  }

  counts(): number[] {
    return this.retired.map(() => this.passed);
  }

  private retiredNow(): number[] {
    return Array.from({ length: this.run.machine.settings.harts }, (_, hart) =>
      Number(this.run.machine.core.hartRetired(hart)),
    );
  }
}
