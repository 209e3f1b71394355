// Which functions a path's instructions belong to, in the kernel and in every task on the way. Inlined functions count
// separately.
//
// The machine runs one instruction at a time, or a few. What a hart executes is counted for the function where it stood before.
// Kernel code is found by its address. Tasks share addresses, so their code is found by its bytes.

import { Csr } from "../../build/gen/host/machine/core/hart/csr-numbers.ts";
import { Locator } from "../../host/debug/locate.ts";
import type { Segment } from "../../host/elf.ts";
import { readProgram } from "../../machine/host/program.ts";
import type { Run } from "../../machine/host/run.ts";
import type { Counter } from "./counter.ts";
import { codeAt, hasBytes } from "./memory.ts";
import type { Programs } from "./run.ts";

const KERNEL_START = 0xffff_ffff_0000_0000n;

/** A function, and how many instructions it took. */
export interface Share {
  function: string;
  instructions: number;
}

interface Program {
  name: string;
  locator: Locator;
  segments: Segment[];
}

export class Where {
  private readonly run: Run;
  private readonly counter: Counter;
  private readonly programs: Program[];
  private readonly shares = new Map<string, number>();
  private readonly names = new Map<string, string>();
  private before: { hart: number; name: string; count: number }[] = [];

  constructor(run: Run, counter: Counter, programs: Programs) {
    this.run = run;
    this.counter = counter;
    this.programs = Object.entries(programs).map(([name, file]) => {
      return { name, locator: new Locator(file, name), segments: readProgram(file, name).segments };
    });
  }

  /** Notes where each of these harts stands, before the machine goes on. */
  stand(harts: readonly number[]): void {
    this.before = harts.map((hart) => ({ hart, name: this.nameAt(hart), count: this.counter.count(hart) }));
  }

  /** Counts what they executed, after the machine went on. */
  moved(): void {
    for (const { hart, name, count } of this.before) {
      const executed = this.counter.count(hart) - count;
      if (executed > 0) {
        this.shares.set(name, (this.shares.get(name) ?? 0) + executed);
      }
    }
  }

  /** The most expensive function first. */
  list(): Share[] {
    const list = [...this.shares].map(([name, instructions]) => ({ function: name, instructions }));
    return list.sort((one, other) => other.instructions - one.instructions);
  }

  private nameAt(hart: number): string {
    const { core } = this.run.machine;
    const pc = BigInt.asUintN(64, core.hartPc(hart));
    const space = pc >= KERNEL_START ? 0n : BigInt.asUintN(64, core.hartCsr(hart, Csr.Satp));
    const key = `${space} ${pc}`;
    let name = this.names.get(key);
    if (name === undefined) {
      name = this.find(hart, pc);
      this.names.set(key, name);
    }
    return name;
  }

  private find(hart: number, pc: bigint): string {
    const program =
      pc >= KERNEL_START ? this.programs[0] : this.programs.find((each) => this.isOf(each, hart, pc));
    const place = program?.locator.places(pc)[0];
    if (program === undefined || place === undefined) {
      return "elsewhere";
    }
    return program === this.programs[0] ? place.function : `${program.name}: ${place.function}`;
  }

  private isOf({ segments }: Program, hart: number, pc: bigint): boolean {
    const code = codeAt(segments, pc);
    return code !== undefined && hasBytes(this.run, hart, pc, code);
  }
}
