// What the harts of a machine are doing, as lines for a person.

import type { EmbeddedMachine } from "./machine.ts";

/** What a hart is doing, by its `HartState` (machine/core/hart.ts). */
export const activities = [
  "runs",
  "waits",
  "stopped",
  "starting",
  "stopping",
  "stopping",
  "waits for a remote fence",
] as const;
const modes = ["user", "supervisor", "", "machine"];

/** The mode whose addresses are the kernel's. */
const SUPERVISOR = 1;

/**
 * A line for each hart, and under it the places in the kernel's sources that its program counter belongs to. `locate`
 * gives these, innermost first.
 */
export function describeHarts(machine: EmbeddedMachine, locate: (address: bigint) => string[]): string[] {
  const { core, settings } = machine;
  return Array.from({ length: settings.harts }, (_, hart) => hart).flatMap((hart) => {
    const activity = core.hartActivity(hart);
    const pc = BigInt.asUintN(64, core.hartPc(hart));
    const mode = core.hartMode(hart);
    const state = `${activities[activity] ?? "?"} in ${modes[mode] ?? "?"} mode`;
    const count = BigInt.asUintN(64, core.hartRetired(hart));
    if (activity === 2) return [`hart ${hart}: stopped, ${count} instructions`];
    const line = `hart ${hart}: ${state} at 0x${pc.toString(16).padStart(16, "0")}, ${count} instructions`;
    return [line, ...(mode === SUPERVISOR ? locate(pc).map((place) => `  ${place}`) : [])];
  });
}
