// The longest stretches with interrupts off, over runs that go through as many of the kernel's paths as there are: self-tests,
// the bench's own paths, attacks, services that are ended in the middle of their work, harts that stop and start, and a program
// that does all that might keep the kernel busy for long (source/apps/bench/stretches/stretches.ts).

import { Problem } from "../../../host/problem.ts";
import type { Profile } from "../../../toolchain/compile.ts";
import { atMost, makeRow, type Row } from "../../row.ts";
import { chaosDisk, programOf } from "../disk.ts";
import { TURN } from "../harts/parallel.ts";
import { requireEnd } from "../paths.ts";
import { CLOCK_MAX, type Subject, startRun } from "../run.ts";
import { Follower, type Longest } from "./follow.ts";
import { type Offsets, readOffsets } from "./offsets.ts";

/** What no stretch should exceed, except those of `longer`. */
export const STRETCH_MAX = 10_000;
/** Shorter ones have no row of their own. */
const ROW_MIN = 5_000;

/** A run that is followed. */
interface FollowedRun {
  words: string;
  harts: number;
}

/** Of either build. */
const runs: readonly FollowedRun[] = [
  { words: "selftest-client", harts: 4 },
  { words: "bench kernel", harts: 1 },
  { words: "bench crowd", harts: 1 },
  { words: "bench workers", harts: 4 },
  { words: "bench stretches", harts: 1 },
  { words: "bench stretches", harts: 4 },
  { words: "attacker memory", harts: 4 },
  { words: "attacker capabilities", harts: 4 },
  { words: "attacker replies", harts: 4 },
  { words: "attacker resources", harts: 4 },
  { words: "attacker kin", harts: 4 },
  { words: "attacker ipis", harts: 4 },
  { words: "attacker many calls", harts: 4 },
  { words: "attacker faults", harts: 4 },
  { words: "attacker revocation", harts: 4 },
  { words: "attacker trail; nx audit", harts: 4 },
];

/** Of the bring-up build alone: the other one has no chaos. */
const bringupRuns: readonly FollowedRun[] = [
  { words: "chaos both 3", harts: 4 },
  { words: "chaos consoled 4", harts: 2 },
  { words: "chaos greedy 2", harts: 4 },
  { words: "chaos harts 6", harts: 4 },
];

/** The paths that may take longer, and what they may take. docs/benchmarks.md says why. */
export const longer: Readonly<Record<string, number>> = {};

/** A row, and where its stretch was. */
export interface StretchRow extends Row {
  /** The run (seed 1, turns of 16 instructions), and the clock at which the stretch began in it. */
  where: { build: Profile; words: string; harts: number; hart: number; clock: string; task: string };
}

type Found = Longest & { build: Profile; run: FollowedRun };

/** The rows, the longest stretch first, but the boot at the end. @throws Problem if a run does not come to its end */
export async function measureStretches(production: Subject, bringup: Subject): Promise<StretchRow[]> {
  const longest = new Map<string, Found>();
  const take = (found: Found): void => {
    if (found.instructions > (longest.get(found.path)?.instructions ?? 0)) {
      longest.set(found.path, found);
    }
  };
  const offsets = await readOffsets();
  for (const run of runs) {
    for (const each of follow(production, offsets, run)) {
      take({ ...each, build: "production", run });
    }
  }
  const withLarge = { ...bringup, disk: chaosDisk(bringup) };
  for (const run of bringupRuns) {
    for (const each of follow(withLarge, offsets, run)) {
      take({ ...each, build: "bringup", run });
    }
  }
  return rowsOf([...longest.values()]);
}

/** The longest stretch of each path in one run. */
function follow(subject: Subject, offsets: Offsets, { words, harts }: FollowedRun): Longest[] {
  const run = startRun(subject, harts, words);
  run.machine.core.setTurns(TURN);
  const follower = new Follower(run, { elf: programOf(subject, "neuron"), offsets });
  requireEnd(run, follower.advanceTo(CLOCK_MAX), `"${words}"`);
  const failed = new TextDecoder().decode(run.consoleBytes).match(/^nexus-init: \w+ ended: exit code .*$/m);
  if (failed !== null) {
    throw new Problem(`"${words}" did not do its work`, { hints: [failed[0].trimEnd()] });
  }
  return [...follower.longest.values()];
}

function rowsOf(found: readonly Found[]): StretchRow[] {
  const sorted = found.toSorted((one, other) => other.instructions - one.instructions);
  const boot = sorted.filter(({ path }) => path === "boot");
  const rest = sorted.filter(({ path }) => path !== "boot");
  const own = rest.filter(({ path, instructions }) => instructions >= ROW_MIN || longer[path] !== undefined);
  const others = rest.filter((each) => !own.includes(each)).slice(0, 1);
  return [
    ...own.map((each) => rowOf(each, each.path)),
    ...others.map((each) => rowOf(each, "any other way into the kernel")),
    ...boot.map((each) => rowOf(each, "boot, before the first task")),
  ];
}

function rowOf({ path, instructions, hart, clock, task, build, run }: Found, name: string): StretchRow {
  const isBoot = path === "boot";
  const row = makeRow({
    part: "kernel",
    name: `longest stretch with interrupts off: ${name}`,
    measured: instructions,
    unit: "instructions",
    target: isBoot ? undefined : atMost(STRETCH_MAX),
    budget: isBoot ? undefined : (longer[path] ?? STRETCH_MAX),
  });
  return { ...row, where: { build, ...run, hart, clock: String(clock), task } };
}
