// A moment opened: for each hart what it does, its registers, and the functions that it is in, by source line.

import { HartState, Mode } from "../../build/gen/host/machine/core/hart/hart.ts";
import { activityText, modeText } from "../../machine/host/harts.ts";
import type { EmbeddedMachine } from "../../machine/host/machine.ts";
import type { HartMoment } from "../protocol/messages.ts";
import { backtrace, hex } from "./backtrace.ts";
import type { KernelState } from "./kernel.ts";
import type { HartNumbers } from "./numbers.ts";
import { KERNEL, type Symbols } from "./symbols.ts";

const REGISTERS = 32;

/** What every hart is doing now. Files may be fetched for it, so the caller looks whether the run went on meanwhile. */
export async function momentOf(
  machine: EmbeddedMachine,
  kernel: KernelState,
  symbols: Symbols,
  numbers: HartNumbers,
): Promise<HartMoment[]> {
  const harts = numbers.order.map((hart, shown) => ({ ...stateOf(machine, kernel, hart), hart: shown }));
  const done: HartMoment[] = [];
  for (const state of harts) {
    const isStopped = machine.core.hartActivity(state.hartid) === HartState.Stopped;
    const frames = isStopped
      ? []
      : await backtrace(machine, state.hartid, (address) => symbols.places(state.program, address));
    done.push({ ...state, frames });
  }
  return done;
}

function stateOf(machine: EmbeddedMachine, kernel: KernelState, hart: number): Omit<HartMoment, "hart"> {
  const { core } = machine;
  const isUser = core.hartMode(hart) === Mode.User;
  const task = kernel.taskOn(hart)?.name ?? "";
  return {
    hartid: hart,
    activity: activityText(core, hart),
    mode: modeText(core, hart),
    task,
    program: isUser ? task : KERNEL,
    pc: hex(core.hartPc(hart)),
    registers: Array.from({ length: REGISTERS }, (_, number) => hex(core.readRegister(hart, number))),
    retired: String(BigInt.asUintN(64, core.hartRetired(hart))),
    frames: [],
  };
}
