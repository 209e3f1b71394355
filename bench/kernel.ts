// Measures what the kernel's paths cost, in exact guest instructions. Compares them with other systems, budgets and targets.

import { Problem } from "../host/problem.ts";
import { progressOn } from "../host/report.ts";
import type { Profile } from "../toolchain/compile.ts";
import { withSpan } from "./disk/count.ts";
import { measureBoots } from "./kernel/boots.ts";
import { measureContent } from "./kernel/content.ts";
import { measureCrowd } from "./kernel/crowd.ts";
import { diskWith, noise, PIECE_BYTES } from "./kernel/disk.ts";
import { measureCross } from "./kernel/harts/cross.ts";
import { measureSteady } from "./kernel/harts/steady.ts";
import { measureWorkers } from "./kernel/harts/workers.ts";
import { measureHash } from "./kernel/hash.ts";
import { measurePaths, median, type Samples } from "./kernel/paths.ts";
import { type Expectation, expectations, scaleExpectations } from "./kernel/rows.ts";
import { readSubject, type Subject } from "./kernel/run.ts";
import { measureScale } from "./kernel/scale.ts";
import { measureSizes } from "./kernel/sizes.ts";
import { measureStretches } from "./kernel/stretch/measure.ts";
import { measureWakeUps } from "./kernel/stretch/wakeups.ts";
import { type Share, Where } from "./kernel/where.ts";
import { atMost, bestOf, makeRow, type Reference, type Row } from "./row.ts";

/** The parts of the guest's program, and how many harts each needs. */
const parts: readonly (readonly [harts: number, part: string])[] = [
  [1, "kernel"],
  [2, "wake"],
  [1, "files"],
];

/** The paths of bench/disk. */
const diskParts: typeof parts = [[1, "disk"]];

/** A path's row, with all rounds and references. */
export interface PathRow extends Row {
  /** The cheapest and the most expensive round. A timer tick may fall into one. */
  least: number;
  most: number;
  rounds: number;
  /** The same thing in all other systems, not only in the best. */
  others: readonly Reference[];
}

/** Builds what is stale, and measures every row. */
export async function benchKernel(profile: Profile): Promise<Row[]> {
  const progress = progressOn(process.stderr);
  const subject = await readSubject(profile, progress);
  const other = await readSubject(profile === "production" ? "bringup" : "production", progress);
  const [production, bringup] = profile === "production" ? [subject, other] : [other, subject];
  const rows = [
    ...measureKernel(subject),
    ...measureHash(subject),
    ...measureContent(subject),
    ...measureCrowd(subject),
    ...measureSizes(subject),
    ...measureScaleRows(subject),
    ...measureSteady(subject),
    ...measureCross(subject),
    ...measureWorkers(subject),
    ...(await measureStretches(production, bringup)),
    ...(await measureWakeUps(subject)),
  ];
  return profile === "production" ? rows : rows.map(withoutGoals);
}

/** A bring-up build has more checks. Budgets and targets are for the production build. */
function withoutGoals(row: Row): Row {
  return { ...row, target: undefined, budget: undefined, met: true };
}

/** Builds what is stale, and says how many instructions of a path each function takes. @throws Problem as `whereIn` */
export async function whereKernel(profile: Profile, row: string): Promise<Share[]> {
  return whereIn(await readSubject(profile, progressOn(process.stderr)), row);
}

/** The same for a finished build. @throws Problem if there is no such row, or if it is a boot */
export function whereIn(subject: Subject, row: string): Share[] {
  const operation = row.replace(/: (waking|woken) hart$/, "");
  for (const [harts, part] of [...parts, ...diskParts]) {
    let where: Where | undefined;
    measurePaths(part === "disk" ? withSpan(subject) : subject, harts, part, {
      watched: {
        operation,
        where: (run, counter) => {
          where = new Where(run, counter, subject.programs);
          return where;
        },
      },
    });
    const shares = where?.list() ?? [];
    if (shares.length > 0) {
      return shares;
    }
  }
  throw new Problem(`there is no path "${row}" to look into`, {
    hints: ["./nx bench kernel lists the paths; a boot is not one"],
    exitCode: 2,
  });
}

/** The rows of all paths, for a finished build. */
export function measureKernel(subject: Subject): PathRow[] {
  return [
    ...parts.flatMap(([harts, part]) => measurePaths(subject, harts, part)).flatMap(rowsOf),
    ...measureShared(subject),
    ...measureBoots(subject).map(([name, instructions]) => pathRow(name, [instructions])),
  ];
}

/** Pages of a file that are shared instead of copied: a file of one piece, all of whose pages are seen. */
function measureShared(subject: Subject): PathRow[] {
  const disk = diskWith(subject, noise(PIECE_BYTES), false);
  return measurePaths({ ...subject, disk }, 1, "shared").flatMap(rowsOf);
}

/** The rows of images with these numbers of files. */
export function measureScaleRows(subject: Subject, counts?: readonly number[]): PathRow[] {
  return measureScale(subject, counts).flatMap(rowsOf);
}

function rowsOf({ name, rounds, otherRounds }: Samples): PathRow[] {
  if (otherRounds.length === 0) {
    return [pathRow(name, rounds)];
  }
  return [pathRow(`${name}: waking hart`, rounds), pathRow(`${name}: woken hart`, otherRounds)];
}

/** The row of a path. Its value is the median of the rounds. */
function pathRow(name: string, counts: readonly number[]): PathRow {
  const expected = [...expectations, ...scaleExpectations].find((each) => each.name === name);
  const per = expected?.per ?? 1;
  const rounds = counts.map((count) => Math.round(count / per));
  const others = referencesOf(expected);
  const row = makeRow({
    part: "kernel",
    name,
    measured: median(rounds),
    unit: "instructions",
    reference: bestOf(others),
    target: expected?.target === undefined ? undefined : atMost(expected.target),
    budget: expected?.budget,
  });
  return {
    ...row,
    least: Math.min(...rounds),
    most: Math.max(...rounds),
    rounds: rounds.length,
    others,
  };
}

function referencesOf(expected: Expectation | undefined): Reference[] {
  const { xv6, seL4, freertos } = expected ?? {};
  return Object.entries({ seL4, FreeRTOS: freertos, xv6 }).flatMap(([name, measured]): Reference[] =>
    measured === undefined ? [] : [{ name, measured, kind: "system" }],
  );
}
