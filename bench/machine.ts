// The embedded machine's speed, and its ratios to the yardstick and to QEMU, with the targets.

import { progressOn } from "../host/report.ts";
import { build, buildMachine } from "../toolchain/compile.ts";
import { buildGuest } from "./machine/guest.ts";
import { type BesideQemu, besideQemu, machineFigures, type Speed, subjectsFrom } from "./machine/speed.ts";
import { makeRow, type Row, ratioAtLeast } from "./row.ts";

const MIPS = "M instructions/s";

/** The target: this part of QEMU's speed. */
const RATIO_MIN = 0.6;

/** Measures the machine. Without QEMU, the ratio to it is missing. */
export async function benchMachine(): Promise<Row[]> {
  const progress = progressOn(process.stderr);
  const wasm = await buildMachine(progress);
  await build({ profile: "bringup", progress });
  const subjects = subjectsFrom(wasm, await buildGuest());
  return rowsOf(machineFigures(subjects), besideQemu(subjects));
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
