// The target `gdb-session` finds faults that were planted on purpose: a debugger that does one thing wrong.

import { expect, test } from "vitest";
import { Debugger } from "../../../machine/host/gdb/debugger.ts";
import type { DebugStop } from "../../../machine/host/gdb/stops.ts";
import { readCorpus } from "../../../tools/fuzz/engine/corpus.ts";
import { runSession } from "../../../tools/fuzz/engine/session.ts";
import { reach } from "../../../tools/fuzz/targets/gdb-session/session.ts";
import { gdbSessionOf } from "../../../tools/fuzz/targets/gdb-session/target.ts";

/** The corpus alone. */
const RUNS = 1;
const FAR = 2n ** 63n;

/** A read leaves a trace in a register that the guest does not use. */
class Touching extends Debugger {
  override readMemory(hart: number, address: bigint, byteCount: number): Uint8Array {
    this.run.machine.core.writeRegister(hart, 31, 1n);
    return super.readMemory(hart, address, byteCount);
  }
}

/** An address that no memory can have throws. */
class Throwing extends Debugger {
  override readMemory(hart: number, address: bigint, byteCount: number): Uint8Array {
    if (address >= FAR) {
      throw new RangeError("there is no such address");
    }
    return super.readMemory(hart, address, byteCount);
  }
}

/** A step back runs the machine, and does not say that to the timeline. */
class Drifting extends Debugger {
  override stepBack(hart: number): DebugStop {
    const stop = super.stepBack(hart);
    this.run.machine.core.writeRegister(hart, 5, 0n);
    return stop;
  }
}

/** A write is not noted as an event of the run. */
class Forgetful extends Debugger {
  override writeRegister(hart: number, number: number, value: bigint): void {
    this.run.machine.core.writeRegister(hart, number, value);
  }
}

/** It stops one instruction behind a breakpoint when it goes back. */
class Late extends Debugger {
  override continueBack(): DebugStop {
    const stop = super.continueBack();
    this.run.advanceTo(this.run.clock + 1n);
    this.run.machine.core.setHartPc(stop.hart, 0x8020_0000n);
    return stop;
  }
}

const plants = [
  ["a read that changes a register", Touching, /its state is another one/],
  ["a read that throws", Throwing, /there is no such address/],
  ["a step back to a state that never was", Drifting, /its state is another one/],
  ["a write that is no event of the run", Forgetful, /its state is another one/],
  ["a way back that ends elsewhere", Late, /its state is another one/],
] as const;

test.each(plants)("%s is found", { timeout: 120_000 }, async (_, Faulty, finding) => {
  const target = gdbSessionOf((run, typed) => new Faulty(run, typed, undefined, reach));
  const session = {
    seed: 1,
    runsMax: RUNS,
    milliseconds: Number.POSITIVE_INFINITY,
    corpus: readCorpus(target.name),
  };
  const { failures } = await runSession(target, await target.start(), session);
  expect(failures.map(({ what }) => what).join("\n")).toMatch(finding);
});
