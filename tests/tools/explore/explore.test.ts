// Exploration finds bugs that were planted on purpose, says what they are, and leaves a recording that shows them again.
// They are all in one copy of the repository, whose kernel is compiled once (planted.ts). Most runs are in this process; what
// the command adds (its words, its workers, its report) is seen with one bug and without any.

import { execFileSync, spawnSync } from "node:child_process";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { list, number, object, readJson, type Shaped, text, truth } from "../../../host/json.ts";
import { root } from "../../../host/root.ts";
import type { ExploredWords } from "../../../tools/explore/order.ts";
import type { SeedResult } from "../../../tools/explore/seed.ts";
import { defined } from "../../harness/defined.ts";
import { buildOnce } from "../../machine/booting.ts";
import { type Explorer, withExplorer } from "./here.ts";
import { type PlantedKernel, plant } from "./planted.ts";
import { flood, plainMailbox, plants, weakDoorbell } from "./plants.ts";

const PLANT_TIMEOUT_MS = 600_000;

const exploreReport = object({
  ok: truth,
  seeds: number,
  failed: list(object({ seed: text, problems: list(text), harts: list(text), replay: text })),
});
type Report = Shaped<typeof exploreReport>;

function explore(folder: string, ...args: string[]): { status: number | null; report: Report } {
  const run = spawnSync(join(folder, "nx"), ["explore", "--json", ...args], {
    cwd: folder,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  if (run.stdout === "") {
    throw new Error(run.stderr);
  }
  return { status: run.status, report: readJson(run.stdout, "the report", exploreReport) };
}

const NO_BUG = 0;
let kernel: PlantedKernel | undefined;

/** Explores the kernel with one bug. */
function withBug(
  bug: number,
  words: Partial<ExploredWords>,
  work: (explorer: Explorer) => Promise<void>,
): Promise<void> {
  const { folder, kernelWith } = defined(kernel);
  const below = (path: string): string => relative(root, path);
  const kernelWasm = below(join(folder, "build/wasm/neuron.wasm"));
  return withExplorer(words, work, { kernel: below(kernelWith(bug)), kernelWasm });
}

// The copy takes along what was built, the machine as well.
beforeAll(async () => {
  await buildOnce();
  kernel = plant([
    plainMailbox,
    ...plants.flatMap(({ changes }, index) => changes(`isPlanted(${index + 1})`)),
  ]);
  execFileSync(join(kernel.folder, "nx"), ["build", "neuron"], { cwd: kernel.folder, stdio: "ignore" });
}, PLANT_TIMEOUT_MS);

afterAll(() => kernel?.remove());

describe("exploration finds", () => {
  test.each(plants.map((planted, index) => [planted.name, planted, index + 1] as const))(
    "%s",
    (_name, { words, seeds, finding }, bug) =>
      withBug(bug, words, async ({ explore, replay }) => {
        let failed: SeedResult | undefined;
        for (let seed = 1; seed <= seeds && failed === undefined; seed++) {
          const result = await explore(BigInt(seed));
          failed = result.ok ? undefined : result;
        }
        expect(failed?.problems[0]).toMatch(finding);
        expect(failed?.harts.length).toBeGreaterThan(0);
        const { state, recorded } = replay(defined(failed));
        expect(state).toBe(recorded);
      }),
    PLANT_TIMEOUT_MS,
  );

  test(
    "a bug as a command, which fails, and names a command that shows the same again",
    () => {
      const { folder, choose } = defined(kernel);
      const { finding } = defined(plants[0]);
      choose(1);
      const { status, report } = explore(folder, "--seeds", "1", "--run", flood.run);
      expect([status, report.ok]).toEqual([1, false]);
      const [failed] = report.failed;
      expect(failed?.problems[0]).toMatch(finding);
      expect(failed?.harts.length).toBeGreaterThan(0);
      const words = defined(failed).replay.split(" ").slice(1);
      expect(execFileSync(join(folder, "nx"), words, { cwd: folder, encoding: "utf8" })).toContain(
        "the same run",
      );
    },
    PLANT_TIMEOUT_MS,
  );
});

describe("without a bug", () => {
  test(
    "the kernel of the tests above has no failing seed, and its mailbox works with its fence",
    () =>
      withBug(NO_BUG, weakDoorbell, async ({ explore }) => {
        for (let seed = 1n; seed <= 4n; seed++) {
          expect(await explore(seed)).toMatchObject({ ok: true, problems: [] });
        }
      }),
    PLANT_TIMEOUT_MS,
  );

  test(
    "no seed fails, with and without chaos",
    () => {
      expect(explore(root, "--seeds", "1..8")).toMatchObject({ status: 0, report: { ok: true, seeds: 8 } });
      expect(explore(root, "--seeds", "1..4", "--chaos")).toMatchObject({ status: 0, report: { seeds: 4 } });
      // None begins after the time that was given, and no run is as short as that.
      const timed = explore(root, "--seeds", "1..10000", "--minutes", "0.0001");
      expect([timed.status, timed.report.seeds < 10_000]).toEqual([0, true]);
    },
    PLANT_TIMEOUT_MS,
  );

  test(
    "seeds that part at a console line are separate runs",
    () => {
      const from = ["--from", "pkgfs: mounted"];
      expect(explore(root, "--seeds", "1..8", ...from)).toMatchObject({ status: 0, report: { seeds: 8 } });
      const { report } = explore(root, "--seeds", "1", "--from", "no such line");
      expect(report.failed[0]?.problems.join()).toContain('no line of the console contains "no such line"');
    },
    PLANT_TIMEOUT_MS,
  );

  test(
    "shards share the seeds",
    () => {
      const seeds = ["1/3", "2/3", "3/3"].map((part) =>
        explore(root, "--seeds", "1..4", "--shard", part, "--smp", "1"),
      );
      expect(seeds.map(({ report }) => report.seeds)).toEqual([2, 1, 1]);
    },
    PLANT_TIMEOUT_MS,
  );
});
