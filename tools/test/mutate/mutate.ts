// ./nx test --mutate: takes each check of the guest's code away, one at a time, and expects that a test fails.
//
// All mutants are in one build (tree/checks.ts). First the test runs that missed the check the last time (caught.txt). If it
// does not miss it now, all tests are run that make the check refuse (record.ts), the quickest first, until one fails.

import { availableParallelism } from "node:os";
import { Problem } from "../../../host/problem.ts";
import { type Progress, progressOn } from "../../../host/report.ts";
import { root } from "../../../host/root.ts";
import { withBuild } from "../../../toolchain/steps/build.ts";
import { makeSources } from "../../../toolchain/steps/generate.ts";
import { type Bundles, makeBundles } from "./bundles.ts";
import { knownCatchers, writeCatchers } from "./catchers.ts";
import { inWorkers, type Worker } from "./pool.ts";
import { wholeOrder } from "./process/orders.ts";
import { type RecordedTest, record } from "./record.ts";
import { printResults } from "./results.ts";
import type { Check } from "./tree/checks.ts";
import { listChecks } from "./tree/listing.ts";
import type { Catcher, MutateWords, Result } from "./words.ts";

/** Longer than with the check in place by this factor, and this: then the test does not end. */
const HANG_FACTOR = 20;
/** Of turns of the guest's loops: 20 million turns, about a second. */
const HANG_ROUNDS = 300;
/** For a loop of the test itself, whose turns are not counted. */
const HANG_MILLISECONDS = 60_000;
/** The first test of a file may have the guest compiled. */
const FIRST_MILLISECONDS_MAX = 600_000;
/** Between two lines that say how far it is. */
const CHECKS_A_LINE = 25;

/** Checks of one sample: half a minute of one core. */
const SAMPLE_CHECKS = 60;
const DAY_MILLISECONDS = 86_400_000;

/** Runs what was asked for. Gives the exit code. */
export async function mutate(words: MutateWords): Promise<number> {
  const all = await listChecks();
  if (words.sample !== undefined) {
    const tell = (text: string): void => {
      process.stdout.write(text);
    };
    return mutateSample(words.sample, { jobs: words.jobs, tell });
  }
  const checks = chosen(all, words);
  if (words.list === true) {
    process.stdout.write(checks.map(({ name, line, text }) => `${name}  ${line}: ${text}\n`).join(""));
    return 0;
  }
  const results: Result[] = [];
  const keep = words.write === true ? () => writeCatchers(results, all) : () => {};
  const run: Run = { ...(await beginRun(checks, words.jobs, words.tests)), results, keep };
  const { left } = await tryKnown(run, checks);
  if (left.length > 0) {
    await tryAll(run, left);
  }
  run.keep();
  return printResults(run.results, all, words);
}

/** The day's number, which decides what a sample takes away. */
export function today(): number {
  return Math.floor(Date.now() / DAY_MILLISECONDS);
}

/**
 * Takes some checks away that a test missed before, other ones each day, and tries those tests alone. Gives the exit code: 1
 * if one of the tests does not miss its check any more, or is not there.
 */
export async function mutateSample(
  day: number,
  { jobs, tell }: { jobs: number | undefined; tell: (text: string) => void },
): Promise<number> {
  const every = await listChecks();
  const known = knownCatchers(every);
  const all = every.filter(({ name }) => known.has(name));
  const from = (day * SAMPLE_CHECKS) % Math.max(1, all.length);
  const checks = [...all, ...all].slice(from, from + Math.min(SAMPLE_CHECKS, all.length));
  const run = await beginRun(checks, jobs);
  const { passed, gone } = await tryKnown(run, checks);
  for (const [lost, what] of [
    [passed, "does not miss the check any more"],
    [gone, "has no such test any more, or skips it"],
  ] as const) {
    for (const { name } of lost) {
      const { file, test } = known.get(name) ?? { file: "", test: "" };
      tell(`${file} ${what}: ${name}, ${test}\n`);
    }
  }
  const counted = `${checks.length} checks taken away, ${run.results.length} missed`;
  tell(`${counted} (./nx test --mutate --sample ${day})\n`);
  return run.results.length === checks.length ? 0 : 1;
}

async function beginRun(checks: readonly Check[], jobs?: number, tests?: string): Promise<Run> {
  const progress = progressOn(process.stderr);
  await withBuild(root, { profile: "bringup", progress }, makeSources);
  const bundles = await makeBundles(tests);
  return {
    bundles,
    workers: jobs ?? availableParallelism(),
    progress,
    total: checks.length,
    results: [],
    keep: () => {},
  };
}

function chosen(all: readonly Check[], { only, shard }: MutateWords): Check[] {
  return all
    .filter(({ name }) => only === undefined || name.includes(only))
    .filter((_, index) => shard === undefined || index % shard.count === shard.index - 1);
}

interface Run {
  readonly bundles: Bundles;
  readonly workers: number;
  readonly progress: Progress;
  readonly total: number;
  readonly results: Result[];
  /** Keeps what was found so far, if that was asked for. */
  keep(): void;
}

function note({ results, total, progress, keep }: Run, result: Result): void {
  results.push(result);
  if (result.caught === null) {
    progress.note(`no test misses ${result.check.name}`);
  }
  if (results.length % CHECKS_A_LINE === 0) {
    keep();
    progress.note(`${results.length} of ${total} checks`);
  }
}

/** The checks that the tests which missed them the last time do not miss now. */
interface Left {
  readonly left: Check[];
  /** Those of them whose test is still there, and passes without the check. */
  readonly passed: Check[];
  /** Those of them whose test is not there. */
  readonly gone: Check[];
}

/** Tries the tests that missed the checks the last time. */
async function tryKnown(run: Run, checks: readonly Check[]): Promise<Left> {
  const known = knownCatchers(checks);
  const result: Left = { left: checks.filter(({ name }) => !known.has(name)), passed: [], gone: [] };
  // By test, so that each is first run once with all checks in place: a test that always fails misses nothing.
  const byTest = new Map<string, { catcher: Catcher; checks: Check[] }>();
  for (const check of checks) {
    const catcher = known.get(check.name);
    if (catcher !== undefined) {
      const key = JSON.stringify(catcher);
      const entry = byTest.get(key) ?? { catcher, checks: [] };
      entry.checks.push(check);
      byTest.set(key, entry);
    }
  }
  await inWorkers(run.bundles.worker, run.workers, byTest.values(), async (entry, worker) => {
    const whole = await runWhole(run, entry.catcher, worker);
    if (whole === undefined) {
      result.gone.push(...entry.checks);
      result.left.push(...entry.checks);
      return;
    }
    const passed = await tryOne(run, entry.catcher, entry.checks, whole, worker);
    result.passed.push(...passed);
    result.left.push(...passed);
  });
  return result;
}

type Runnable = Pick<RecordedTest, "bundle" | "name" | "milliseconds" | "rounds" | "wroteToNothing">;

/** Runs a test with all checks in place. Undefined if it is not there. @throws Problem if it fails */
async function runWhole(run: Run, { file, test }: Catcher, worker: Worker): Promise<Runnable | undefined> {
  const bundle = run.bundles.tests.find((one) => one.file === file)?.bundle;
  if (bundle === undefined) {
    return undefined;
  }
  const whole = await worker.run({ ...wholeOrder, bundle, test }, FIRST_MILLISECONDS_MAX);
  if (!whole.tests.includes(test)) {
    return undefined;
  }
  if (whole.failure !== null) {
    throw new Problem(`${file} fails with all checks in place: ${test}`, {
      output: whole.failure,
      hints: [`npx vitest run ${file}`],
    });
  }
  return { ...whole, bundle, name: test };
}

/** Tries one test for each of the checks. Gives those that it does not miss. */
async function tryOne(
  run: Run,
  catcher: Catcher,
  checks: readonly Check[],
  whole: Runnable,
  worker: Worker,
): Promise<Check[]> {
  const passed: Check[] = [];
  for (const check of checks) {
    const failure = await failureWithout(check, whole, worker);
    if (failure === null) {
      passed.push(check);
    } else {
      note(run, { check, tests: null, caught: catcher, failure });
    }
  }
  return passed;
}

/** Tries every test that makes a check refuse. */
async function tryAll(run: Run, checks: readonly Check[]): Promise<void> {
  const { bundles, workers, progress } = run;
  const tests = await record(bundles, workers, progress);
  await inWorkers(bundles.worker, workers, checks, async (check, worker) => {
    const reached = tests.filter(({ fired }) => fired.has(check.number));
    let result: Result = { check, tests: reached.length, caught: null, failure: null };
    for (const test of reached) {
      const failure = await failureWithout(check, test, worker);
      if (failure !== null) {
        result = { ...result, caught: { file: test.file, test: test.name }, failure };
        break;
      }
    }
    note(run, result);
  });
}

/** What a test says when the check does not hold, or null if it passes. */
async function failureWithout(
  check: Check,
  { bundle, name, milliseconds, rounds, wroteToNothing }: Runnable,
  worker: Worker,
): Promise<string | null> {
  const limit = milliseconds * HANG_FACTOR + HANG_MILLISECONDS;
  const roundsMax = rounds * HANG_FACTOR + HANG_ROUNDS;
  const order = {
    bundle,
    test: name,
    without: check.number,
    roundsMax,
    mayWriteToNothing: wroteToNothing,
  };
  const { failure } = await worker.run(order, limit);
  return failure;
}
