// How many instructions each hart has executed, at the moments that are looked at.
//
// The one idea: the machine counts what every hart retires, exactly, and stops before the instruction at a breakpoint,
// so a
// difference of two counts is what was executed between them. An instruction that traps, as every `ecall`, does not
// retire
// (privileged ISA 3.3.1) but was executed: the trace tells of each, and it is added.

import type { Run } from "../../machine/host/run.ts";
import { isException } from "../../machine/host/trace.ts";

export class Counter {
  private readonly run: Run;
  private readonly trapped: number[];

  /** Counts from here on; it must be the only listener of the run. */
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
