// The embedded machine's speed, with the goals, and the ratio to QEMU.

import { build, buildMachine } from "../toolchain/compile.ts";
import { progressOn } from "../tools/nx/report.ts";
import type { Figure } from "./figure.ts";
import { buildGuest } from "./machine/guest.ts";
import { besideQemu, machineFigures, subjectsFrom } from "./machine/speed.ts";

const MIPS = "M instructions/s";

/** The least part of QEMU's speed (with -icount) that is good enough. */
const RATIO_MIN = 0.3;

/** Measures the machine; without QEMU the ratio is left out. */
export async function benchMachine(): Promise<Figure[]> {
  const progress = progressOn(process.stderr);
  const wasm = await buildMachine(progress);
  await build({ profile: "bringup", progress });
  const subjects = subjectsFrom(wasm, await buildGuest());
  const figures = machineFigures(subjects).map(({ name, mips, goal }): Figure => {
    return { name, value: mips, unit: MIPS, goal };
  });
  const beside = besideQemu(subjects);
  if (beside === undefined) return figures;
  return [
    ...figures,
    { name: "QEMU -icount, U-mode, 1 hart", value: beside.qemu, unit: MIPS, goal: undefined },
    { name: "ratio to it", value: beside.machine / beside.qemu, unit: "", goal: RATIO_MIN },
  ];
}
