// A moment opened: for each hart what it does, its registers, and the functions that it is in, by source line.

import { HartState, Mode } from "../../build/gen/host/machine/core/hart/hart.ts";
import { activityText, modeText } from "../../machine/host/harts.ts";
import type { EmbeddedMachine } from "../../machine/host/machine.ts";
import type { HartMoment } from "../protocol/messages.ts";
import { backtrace, hex } from "./backtrace.ts";
import type { KernelState } from "./kernel.ts";
import { KERNEL, type Symbols } from "./symbols.ts";

const REGISTERS = 32;

/** What every hart is doing now. */
export async function momentOf(
  machine: EmbeddedMachine,
  kernel: KernelState,
  symbols: Symbols,
): Promise<HartMoment[]> {
  const harts = Array.from({ length: machine.settings.harts }, (_, hart) => stateOf(machine, kernel, hart));
  const isStill = harts.map(({ registers }) => registers.join());
  const done: HartMoment[] = [];
  for (const state of harts) {
    const isStopped = machine.core.hartActivity(state.hart) === HartState.Stopped;
    const frames = isStopped
      ? []
      : await backtrace(machine, state.hart, (address) => symbols.places(state.program, address));
    done.push({ ...state, frames });
  }
  // Files may have been fetched meanwhile. The caller asks again if the run went on.
  return isStill.length === done.length ? done : [];
}

function stateOf(machine: EmbeddedMachine, kernel: KernelState, hart: number): HartMoment {
  const { core } = machine;
  const isUser = core.hartMode(hart) === Mode.User;
  const task = kernel.taskOn(hart)?.name ?? "";
  return {
    hart,
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
