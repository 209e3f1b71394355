// Says in lines what the harts of a machine are doing.

import { HartState, Mode } from "../../build/gen/host/machine/core/hart/hart.ts";
import type { Core } from "./core.ts";
import type { EmbeddedMachine } from "./machine.ts";
import { textsOf } from "./members.ts";

const activities = textsOf(HartState, {
  Running: "runs",
  Waiting: "waits",
  Stopped: "stopped",
  Starting: "starting",
  Leaving: "stopping",
  Stopping: "stopping",
  Fencing: "waits for a remote fence",
});
const modes = textsOf(Mode, { User: "user", Supervisor: "supervisor", Machine: "machine" });

/** What a hart is doing, in words. */
export function activityText(core: Core, hart: number): string {
  return activities.get(core.hartActivity(hart)) ?? "?";
}

/** The mode that a hart is in, in a word. */
export function modeText(core: Core, hart: number): string {
  return modes.get(core.hartMode(hart)) ?? "?";
}

/**
 * A line for each hart, and below it the places in the kernel's sources to which its program counter belongs. `locate`
 * gives these places, innermost first.
 */
export function describeHarts(machine: EmbeddedMachine, locate: (address: bigint) => string[]): string[] {
  const { core, settings } = machine;
  return Array.from({ length: settings.harts }, (_, hart) => hart).flatMap((hart) => {
    const pc = BigInt.asUintN(64, core.hartPc(hart));
    const state = `${activityText(core, hart)} in ${modeText(core, hart)} mode`;
    const count = BigInt.asUintN(64, core.hartRetired(hart));
    if (core.hartActivity(hart) === HartState.Stopped) {
      return [`hart ${hart}: stopped, ${count} instructions`];
    }
    const line = `hart ${hart}: ${state} at 0x${pc.toString(16).padStart(16, "0")}, ${count} instructions`;
    // In supervisor mode, the program counter is in the kernel.
    const isKernel = core.hartMode(hart) === Mode.Supervisor;
    return [line, ...(isKernel ? locate(pc).map((place) => `  ${place}`) : [])];
  });
}
