// What the harts of a machine are doing, as lines for a person.

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
 * A line for each hart, and under it the places in the kernel's sources that its program counter belongs to. `locate`
 * gives these, innermost first.
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
    // The addresses of supervisor mode are the kernel's.
    const isKernel = core.hartMode(hart) === Mode.Supervisor;
    return [line, ...(isKernel ? locate(pc).map((place) => `  ${place}`) : [])];
  });
}
