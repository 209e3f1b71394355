// The embedded machine's speed, and its ratios to the yardstick and to QEMU, with the goals.

import { progressOn } from "../host/report.ts";
import { build, buildMachine } from "../toolchain/compile.ts";
import type { Figure } from "./figure.ts";
import { buildGuest } from "./machine/guest.ts";
import { type BesideQemu, besideQemu, machineFigures, type Speed, subjectsFrom } from "./machine/speed.ts";

const MIPS = "M instructions/s";

/** The least part of QEMU's speed (with -icount) that is good enough. */
const RATIO_MIN = 0.3;

/** Measures the machine; without QEMU the ratio to it is left out. */
export async function benchMachine(): Promise<Figure[]> {
  const progress = progressOn(process.stderr);
  const wasm = await buildMachine(progress);
  await build({ profile: "bringup", progress });
  const subjects = subjectsFrom(wasm, await buildGuest());
  return figuresOf(machineFigures(subjects), besideQemu(subjects));
}

/** The figures with their ratios: to the yardstick, and to QEMU if it was there. */
export function figuresOf(speeds: readonly Speed[], beside: BesideQemu | undefined): Figure[] {
  const figures = speeds.map(({ name, mips, yardstick, goal }): Figure => {
    return { name, value: mips, unit: MIPS, ratio: mips / yardstick, goal };
  });
  const yardstick = Math.max(...speeds.map((speed) => speed.yardstick));
  const none = { ratio: undefined, goal: undefined };
  figures.unshift({ name: "yardstick, in JavaScript", value: yardstick, unit: "M steps/s", ...none });
  if (beside === undefined) {
    return figures;
  }
  const { machine, qemu } = beside;
  return [
    ...figures,
    { name: "QEMU -icount, U-mode, 1 hart", value: qemu, unit: MIPS, ...none },
    { name: "the machine beside it", value: machine, unit: MIPS, ratio: machine / qemu, goal: RATIO_MIN },
  ];
}
