// Compares guest TypeScript with C: the same programs, compiled by the same clang for the same processor, and counted on the
// same machine.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "../host/problem.ts";
import { type Progress, progressOn } from "../host/report.ts";
import { root } from "../host/root.ts";
import { buildMachine } from "../toolchain/compile.ts";
import { buildSides } from "./code/build.ts";
import { measureProgram } from "./code/measure.ts";
import { pairs } from "./code/programs.ts";
import { atMost, makeRow, type Row, ratioAtMost } from "./row.ts";

/** How many times the instructions of C the TypeScript may take: for a single program, and the geometric mean of all. */
const RATIO_MAX = 1.25;
const MEAN_MAX = 1.05;

/** Builds what is stale, and measures every pair. @throws Problem if two twins give different results */
export async function benchCode(progress: Progress = progressOn(process.stderr)): Promise<Row[]> {
  const read = (file: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(join(root, file)));
  const module = new WebAssembly.Module(read(await buildMachine(progress)));
  const sides = await buildSides();
  const typescript = read(sides.typescript);
  const c = read(sides.c);
  const rows = pairs.map(({ name, stem, budget }) => {
    const ours = measureProgram(module, typescript, stem);
    const theirs = measureProgram(module, c, stem);
    if (ours.result !== theirs.result) {
      throw new Problem(`${name}: TypeScript gives ${ours.result}, and C gives ${theirs.result}`);
    }
    return makeRow({
      part: "code",
      name,
      measured: ours.instructions,
      unit: "instructions",
      reference: { name: "C", measured: theirs.instructions, kind: "system" },
      target: ratioAtMost(RATIO_MAX),
      budget,
    });
  });
  return [...rows, meanRow(rows)];
}

function meanRow(rows: readonly Row[]): Row {
  const logarithms = rows.map(({ ratio }) => Math.log(ratio ?? Number.NaN));
  const mean = Math.exp(logarithms.reduce((sum, each) => sum + each, 0) / rows.length);
  return makeRow({
    part: "code",
    name: "geometric mean of the ratios",
    measured: mean,
    unit: "of C",
    target: atMost(MEAN_MAX),
  });
}
