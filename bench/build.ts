// What a build takes: with nothing to do, after a change of one program, and from nothing.
//
// The builds are made in a copy of the repository. The figures are processor time (a build's and its compilers'), because
// other programs of the computer prolong everything else. Each is compared with the start of Node with nothing to do, in
// the same round, so a slow computer makes both slow.

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "../host/problem.ts";
import { progressOn } from "../host/report.ts";
import { build } from "../toolchain/compile.ts";
import { copyRepository } from "./build/copy.ts";
import { processorMilliseconds } from "./build/times.ts";
import { makeRow, type Row, ratioAtMost } from "./row.ts";

/** The program that is changed. It travels in the package image, and the image in the kernel's. */
const CHANGED = "source/apps/chaos/main.ts";
/** How many times each is measured. The best counts. A build from nothing is long enough that one is enough. */
const ROUNDS = { nothing: 15, changed: 5, clean: 1 };
/** At most so many starts of Node. Where one takes 40 ms, the first is 0.15 s, and the second 2 s. */
const TARGETS = { nothing: 3.75, changed: 50, clean: 400 };

/** One kind of build, in milliseconds of the processor. */
export interface BuildTime {
  readonly name: string;
  readonly measured: number;
  readonly yardstick: number;
  readonly ratioMax: number;
}

/** Builds what is stale, and measures in a copy. */
export async function benchBuild(): Promise<Row[]> {
  await build({ profile: "bringup", progress: progressOn(process.stderr) });
  const { folder, remove } = copyRepository("neuron-bench-");
  try {
    return rowsOf(measure(folder));
  } finally {
    remove();
  }
}

export function rowsOf(times: readonly BuildTime[]): Row[] {
  return times.map(({ name, measured, yardstick, ratioMax }) =>
    makeRow({
      part: "build",
      name,
      measured,
      unit: "ms of processor time",
      reference: { name: "node -e 0", measured: yardstick, kind: "yardstick" },
      target: ratioAtMost(ratioMax),
    }),
  );
}

function measure(folder: string): BuildTime[] {
  // What the copy has to do once: its files have other inodes, and its host code is bundled.
  requireBuild(folder);
  const source = join(folder, CHANGED);
  const text = readFileSync(source, "utf8");
  let changes = 0;
  const change = (): void => {
    changes += 1;
    writeFileSync(source, `${text}\nexport function change(): u32 {\n  return ${changes};\n}\n`);
  };
  return [
    best(folder, "nothing has changed", ROUNDS.nothing, TARGETS.nothing, () => {}),
    best(folder, "one program has changed", ROUNDS.changed, TARGETS.changed, change),
    best(folder, "from nothing", ROUNDS.clean, TARGETS.clean, () =>
      rmSync(join(folder, "build"), { recursive: true }),
    ),
  ];
}

function best(
  folder: string,
  name: string,
  rounds: number,
  ratioMax: number,
  prepare: () => void,
): BuildTime {
  const measured: number[] = [];
  const yardstick: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    prepare();
    yardstick.push(processorMilliseconds(folder, process.execPath, "-e", "0"));
    measured.push(requireBuild(folder));
  }
  return { name, measured: Math.min(...measured), yardstick: Math.min(...yardstick), ratioMax };
}

function requireBuild(folder: string): number {
  const milliseconds = processorMilliseconds(folder, join(folder, "nx"), "build");
  if (Number.isNaN(milliseconds)) {
    throw new Problem("a build in a copy of the repository failed", {
      hints: ["./nx build says why, if it fails here as well"],
    });
  }
  return milliseconds;
}
