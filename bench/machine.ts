// The embedded machine's speed, and its ratios to the yardstick and to QEMU, with the targets.

import { progressOn } from "../host/report.ts";
import { build, buildMachine } from "../toolchain/compile.ts";
import { type BootTimes, bootTimes, type Ways } from "./machine/boots.ts";
import { buildGuest } from "./machine/guest.ts";
import {
  type BesideQemu,
  besideQemu,
  bootSettings,
  machineFigures,
  type Speed,
  subjectsFrom,
} from "./machine/speed.ts";
import { makeRow, type Row, ratioAtLeast } from "./row.ts";

const MIPS = "M instructions/s";

/** The target: this part of QEMU's speed. */
const RATIO_MIN = 0.6;

/** The target for a boot: so many times the interpreter's speed. */
const RATIO_BOOTS = 2;

/** Measures the machine. Without QEMU, the ratio to it is missing. */
export async function benchMachine(): Promise<Row[]> {
  const progress = progressOn(process.stderr);
  const wasm = await buildMachine(progress);
  await build({ profile: "bringup", progress });
  const subjects = subjectsFrom(wasm, await buildGuest());
  const speeds = machineFigures(subjects);
  const boots = bootTimes(subjects.module, bootSettings(subjects, 0));
  return [...rowsOf(speeds, besideQemu(subjects)), ...bootRows(boots)];
}

/**
 * Neuron's boot beside the interpreter. In new memory the first touches of its pages take time, translated or not, so the row
 * names how much that is.
 */
export function bootRows({ instructions, used, fresh, touches }: BootTimes): Row[] {
  const speed = (milliseconds: number): number => instructions / milliseconds / 1000;
  const row = (name: string, { translated, interpreted }: Ways, limit?: string): Row =>
    makeRow({
      part: "machine",
      name,
      measured: speed(translated),
      unit: MIPS,
      reference: { name: "interpreted", measured: speed(interpreted), kind: "system" },
      target: ratioAtLeast(RATIO_BOOTS),
      limit,
    });
  const share = `first touches of memory: ${touches.toFixed(0)} of ${fresh.translated.toFixed(0)} ms`;
  return [
    row("Neuron's boot, in used memory", used, "1.9 to 2.2 from run to run"),
    row("Neuron's boot, in new memory", fresh, share),
    makeRow({
      part: "machine",
      name: "the same: touching its pages, executing nothing",
      measured: touches,
      unit: "ms",
      reference: { name: "whole boot", measured: fresh.translated, kind: "system" },
    }),
  ];
}

/** The rows with their ratios: to the yardstick, and to QEMU if it was there. */
export function rowsOf(speeds: readonly Speed[], beside: BesideQemu | undefined): Row[] {
  const rows = speeds.map(({ name, mips, yardstick, goal }) =>
    makeRow({
      part: "machine",
      name,
      measured: mips,
      unit: MIPS,
      reference: { name: "yardstick", measured: yardstick, kind: "yardstick" },
      target: goal === undefined ? undefined : ratioAtLeast(goal),
    }),
  );
  if (beside === undefined) {
    return rows;
  }
  const besideQemu = (name: string, measured: number): Row =>
    makeRow({
      part: "machine",
      name: `U-mode, 1 hart, beside ${name}`,
      measured: beside.machine,
      unit: MIPS,
      reference: { name, measured, kind: "system" },
      target: ratioAtLeast(RATIO_MIN),
    });
  return [...rows, besideQemu("QEMU", beside.qemu), besideQemu("QEMU -icount", beside.qemuCounting)];
}
