// What the kernel's paths cost, in exact guest instructions, beside what others need, and held against budgets.

import { Problem } from "../host/problem.ts";
import { progressOn } from "../host/report.ts";
import type { Profile } from "../toolchain/compile.ts";
import { measureBoots } from "./kernel/boots.ts";
import { measurePaths, type Samples } from "./kernel/paths.ts";
import { type Row, rows } from "./kernel/rows.ts";
import { readSubject, type Subject } from "./kernel/run.ts";
import { measureSteady, type SteadyFigure } from "./kernel/steady.ts";
import { type Share, Where } from "./kernel/where.ts";

/** The parts of the guest's program, and how many harts each wants. */
const parts: readonly (readonly [harts: number, part: string])[] = [
  [1, "kernel"],
  [2, "wake"],
  [1, "files"],
];

/** A row, measured. */
export interface KernelFigure extends Row {
  /** What it usually takes: the median of the rounds. */
  instructions: number;
  /** The cheapest and the dearest round: a timer tick may fall into one. */
  least: number;
  most: number;
  rounds: number;
}

/** Builds what is stale, and measures every row, and what lasts. */
export async function benchKernel(
  profile: Profile,
): Promise<{ figures: KernelFigure[]; steady: SteadyFigure[] }> {
  const subject = await readSubject(profile, progressOn(process.stderr));
  return { figures: measureKernel(subject), steady: measureSteady(subject) };
}

/** Builds what is stale, and tells which function takes how many instructions of a path. @throws Problem as `whereIn` */
export async function whereKernel(profile: Profile, row: string): Promise<Share[]> {
  return whereIn(await readSubject(profile, progressOn(process.stderr)), row);
}

/** The same, of what was built. @throws Problem if there is no such row, or it is a boot's */
export function whereIn(subject: Subject, row: string): Share[] {
  const operation = row.replace(/: who (wakes|is woken)$/, "");
  for (const [harts, part] of parts) {
    let where: Where | undefined;
    measurePaths(subject, harts, part, {
      operation,
      where: (run, counter) => {
        where = new Where(run, counter, subject.programs);
        return where;
      },
    });
    const shares = where?.list() ?? [];
    if (shares.length > 0) {
      return shares;
    }
  }
  throw new Problem(`there is no path "${row}" to look into`, {
    hints: ["./nx bench kernel lists them; a boot is none"],
    exitCode: 2,
  });
}

/** Every row, of what was built. */
export function measureKernel(subject: Subject): KernelFigure[] {
  return [
    ...parts.flatMap(([harts, part]) => measurePaths(subject, harts, part)).flatMap(figuresOf),
    ...measureBoots(subject).map(([name, instructions]) => figure(name, [instructions])),
  ];
}

function figuresOf({ name, rounds, otherRounds }: Samples): KernelFigure[] {
  if (otherRounds.length === 0) {
    return [figure(name, rounds)];
  }
  return [figure(`${name}: waking hart`, rounds), figure(`${name}: woken hart`, otherRounds)];
}

function figure(name: string, counts: readonly number[]): KernelFigure {
  const sorted = counts.toSorted((one, other) => one - other);
  const row = rows.find((each) => each.name === name) ?? { name, budget: Number.POSITIVE_INFINITY };
  return {
    ...row,
    instructions: sorted[sorted.length >> 1] ?? Number.NaN,
    least: sorted[0] ?? Number.NaN,
    most: sorted.at(-1) ?? Number.NaN,
    rounds: sorted.length,
  };
}
