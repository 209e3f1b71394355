// Counts the instructions that each hart has executed.
//
// The machine counts exactly what every hart retires, and it stops before the instruction at a breakpoint. So the difference
// of two counts is what was executed between two stops. An instruction that traps, such as `ecall`, is executed but does not
// retire (privileged ISA 3.3.1). The trace reports each trap, and it is added.

import type { Run } from "../../machine/host/run.ts";
import { isException } from "../../machine/host/trace.ts";

export class Counter {
  private readonly run: Run;
  private readonly trapped: number[];

  /** Counts from now on. It must be the only listener of the run. */
  constructor(run: Run) {
    this.run = run;
    this.trapped = Array.from({ length: run.machine.settings.harts }, () => 0);
    run.listen((event) => {
      if (isException(event)) {
        this.trapped[event.hart] = (this.trapped[event.hart] ?? 0) + 1;
      }
    });
  }

  /** Instructions of one hart so far. */
  count(hart: number): number {
    return Number(this.run.machine.core.hartRetired(hart)) + (this.trapped[hart] ?? 0);
  }

  /** Instructions of each hart so far. */
  counts(): number[] {
    return this.trapped.map((_, hart) => this.count(hart));
  }
}
