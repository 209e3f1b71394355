// ./nx bench machine: prints how fast the embedded machine is, with the goals and the ratio to QEMU.

import { build, buildMachine } from "../toolchain/compile.ts";
import { progressOn } from "../tools/nx/report.ts";
import { buildGuest } from "./machine/guest.ts";
import { besideQemu, machineFigures, subjectsFrom } from "./machine/speed.ts";

/** The least part of QEMU's speed (with -icount) that is good enough. */
const RATIO_MIN = 0.3;

/** Measures and prints. Gives the exit code: 0 if every goal was reached. */
export async function benchMachine(print: (line: string) => void): Promise<number> {
  const progress = progressOn(process.stderr);
  const wasm = await buildMachine(progress);
  await build({ profile: "bringup", progress });
  const subjects = subjectsFrom(wasm, await buildGuest());
  const figures = machineFigures(subjects);
  let missed = 0;
  for (const { name, mips, goal } of figures) {
    const verdict = goal === undefined ? "" : mips >= goal ? `  (goal ${goal})` : `  MISSED: goal ${goal}`;
    if (goal !== undefined && mips < goal) missed += 1;
    print(`${name.padEnd(34)} ${mips.toFixed(0).padStart(5)} M instructions/s${verdict}`);
  }
  const beside = besideQemu(subjects);
  if (beside === undefined) {
    print("QEMU is not there: no ratio");
  } else {
    const ratio = beside.machine / beside.qemu;
    if (ratio < RATIO_MIN) missed += 1;
    print(
      `${"QEMU -icount, the same guest".padEnd(34)} ${beside.qemu.toFixed(0).padStart(5)} M instructions/s`,
    );
    print(`ratio ${ratio.toFixed(2)}  (goal ${RATIO_MIN})`);
  }
  return missed === 0 ? 0 : 1;
}
