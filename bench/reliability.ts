// Services that end in the middle of reads, again and again: is every byte right, does everything come back, is no memory
// lost, and how long is a service away.

import { type Progress, progressOn } from "../host/report.ts";
import { together } from "../host/together.ts";
import { build } from "../toolchain/compile.ts";
import { hasQemu } from "../tools/boot/machines/qemu.ts";
import { chaosDisk } from "./kernel/disk.ts";
import { readSubject } from "./kernel/run.ts";
import { diskFile, type Plan, runOnMachine, runOnQemu } from "./reliability/runs.ts";
import { endShellOnMachine, endShellOnQemu } from "./reliability/shell.ts";
import type { Story } from "./reliability/story.ts";
import { atMost, makeRow, type Row } from "./row.ts";

/** Ended by the person at the console. */
const SHELL = "nx";

/** What ends: the words of apps/chaos, or SHELL; and how a row names it. */
const victims = [
  { words: "virtioblkd", name: "virtioblkd" },
  { words: "packagefsd", name: "packagefsd" },
  { words: "consoled", name: "consoled" },
  { words: "both", name: "virtioblkd and packagefsd" },
  { words: "greedy", name: "each, while a program has all that it may have" },
  { words: SHELL, name: "the shell" },
  { words: "harts", name: "harts that stop and start" },
] as const;

/** Rounds of each kind on each machine without `--rounds`: enough to see that all is well. */
export const ROUNDS = 20;
/** Rounds in one run. Each run has a seed and a number of harts of its own. */
const ROUNDS_IN_A_RUN = 50;
const HARTS_MAX = 4;
/** With one hart, none can stop. */
const HARTS_TO_STOP = 2;
/** From when a service is due to start until it serves, in milliseconds: two ticks of the scheduler. */
const AWAY_MILLISECONDS_MAX = 20;

/** A machine that makes runs. */
interface Machine {
  readonly name: string;
  /** Which part of the rounds it makes. */
  readonly share: number;
  /** Runs that go on side by side: on QEMU, most of a run is pauses. */
  readonly atOnce: number;
  readonly run: (plan: Plan) => Promise<Story>;
}
const QEMU_RUNS_AT_ONCE = 8;

/** Builds what is stale, and runs. @param rounds of each kind on each machine; half of them with every chaos */
export async function benchReliability(rounds: number = ROUNDS): Promise<Row[]> {
  const progress = progressOn(process.stderr);
  const rows: Row[] = [];
  for (const machine of await machinesHere(progress)) {
    for (const victim of victims) {
      const plans = plansOf(victim.words, Math.ceil(rounds / machine.share));
      const stories = await runAll(plans, machine.atOnce, async (plan) => {
        progress.note(`${victim.name}, ${machine.name}: ${plan.rounds} rounds, seed ${plan.seed}`);
        const story = await machine.run(plan);
        if (story.problem !== undefined) {
          progress.note(`seed ${plan.seed}, ${plan.harts} harts, chaos ${plan.victims}: ${story.problem}`);
        }
        // Harts that stop leave no line.
        return victim.words === "harts" ? { ...story, ends: plan.rounds } : story;
      });
      rows.push(...rowsOf(`${victim.name}, ${machine.name}`, stories));
    }
  }
  return rows;
}

/** The machines that can run here, with everything built. */
async function machinesHere(progress: Progress): Promise<Machine[]> {
  const built = await readSubject("bringup", progress);
  const subject = { ...built, disk: chaosDisk(built) };
  const onMachine = (plan: Plan, isHostile: boolean): Story =>
    plan.victims === SHELL
      ? endShellOnMachine(built, plan, isHostile)
      : runOnMachine(subject, plan, isHostile);
  const embedded: Machine[] = [
    {
      name: "embedded machine",
      share: 1,
      atOnce: 1,
      run: async (plan) => onMachine(plan, false),
    },
    {
      name: "embedded machine, every chaos",
      share: 2,
      atOnce: 1,
      run: async (plan) => onMachine(plan, true),
    },
  ];
  if (!hasQemu()) {
    return embedded;
  }
  const outputs = await build({ profile: "bringup", progress });
  const disk = diskFile(subject.disk);
  const run = (plan: Plan): Promise<Story> =>
    plan.victims === SHELL
      ? endShellOnQemu(outputs, outputs.packageImage, plan)
      : runOnQemu(outputs, disk, plan);
  return [...embedded, { name: "QEMU", share: 1, atOnce: QEMU_RUNS_AT_ONCE, run }];
}

/** Makes all runs, so many at once, in their order. */
async function runAll(
  plans: readonly Plan[],
  atOnce: number,
  run: (plan: Plan) => Promise<Story>,
): Promise<Story[]> {
  const stories: Story[] = [];
  const left = plans.entries();
  const lane = async (): Promise<void> => {
    for (const [index, plan] of left) {
      stories[index] = await run(plan);
    }
  };
  await together(Array.from({ length: atOnce }, lane));
  return stories;
}

/** Runs of so many rounds together, each with a seed and a number of harts of its own. */
function plansOf(words: string, rounds: number): Plan[] {
  const least = words === "harts" ? HARTS_TO_STOP : 1;
  return Array.from({ length: Math.ceil(rounds / ROUNDS_IN_A_RUN) }, (_, index) => ({
    victims: words,
    rounds: Math.min(ROUNDS_IN_A_RUN, rounds - index * ROUNDS_IN_A_RUN),
    seed: BigInt(index + 1),
    harts: HARTS_MAX - (index % (HARTS_MAX - least + 1)),
  }));
}

/** How often it ended, in how many runs something was wrong, and how long a service was away. */
export function rowsOf(name: string, stories: readonly Story[]): Row[] {
  const part = "reliability";
  const ends = stories.reduce((sum, story) => sum + story.ends, 0);
  const failed = stories.filter(({ problem }) => problem !== undefined).length;
  const times = stories.flatMap(({ longest }) => longest ?? []);
  return [
    makeRow({ part, name, measured: ends, unit: "ends" }),
    makeRow({
      part,
      name: `${name}: wrong bytes, hangs, lost memory`,
      measured: failed,
      unit: "runs",
      target: atMost(0),
    }),
    ...(times.length === 0
      ? []
      : [
          makeRow({
            part,
            name: `${name}: due until it serves`,
            measured: Math.max(...times),
            unit: "ms, the longest",
            target: atMost(AWAY_MILLISECONDS_MAX),
          }),
        ]),
  ];
}
