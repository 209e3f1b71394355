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
import { type RecordedTest, record } from "./record.ts";
import { printResults } from "./results.ts";
import type { Check } from "./tree/checks.ts";
import { listChecks } from "./tree/listing.ts";
import type { Catcher, MutateWords, Result } from "./words.ts";

/** Longer than with the check in place by this factor, and this time: then the test does not end. */
const HANG_FACTOR = 20;
const HANG_MILLISECONDS = 60_000;
/** The first test of a file may have the guest compiled. */
const FIRST_MILLISECONDS_MAX = 600_000;
/** Between two lines that say how far it is. */
const CHECKS_A_LINE = 25;

/** Runs what was asked for. Gives the exit code. */
export async function mutate(words: MutateWords): Promise<number> {
  const all = await listChecks();
  const checks = chosen(all, words);
  if (words.list === true) {
    process.stdout.write(checks.map(({ name, line, text }) => `${name}  ${line}: ${text}\n`).join(""));
    return 0;
  }
  const progress = progressOn(process.stderr);
  await withBuild(root, { profile: "bringup", progress }, makeSources);
  const run: Run = {
    bundles: await makeBundles(words.tests),
    workers: words.jobs ?? availableParallelism(),
    progress,
    total: checks.length,
    results: [],
  };
  const left = await tryKnown(run, checks);
  if (left.length > 0) {
    await tryAll(run, left);
  }
  if (words.write === true) {
    writeCatchers(run.results, new Set(all.map(({ name }) => name)));
  }
  return printResults(run.results, all, words);
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
}

function note({ results, total, progress }: Run, result: Result): void {
  results.push(result);
  if (result.caught === null) {
    progress.note(`no test misses ${result.check.name}`);
  }
  if (results.length % CHECKS_A_LINE === 0) {
    progress.note(`${results.length} of ${total} checks`);
  }
}

/** Tries the tests that missed the checks the last time. Gives the checks that they do not miss. */
export async function tryKnown(run: Run, checks: readonly Check[]): Promise<Check[]> {
  const known = knownCatchers();
  const left = checks.filter(({ name }) => !known.has(name));
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
    left.push(...(await tryOne(run, entry.catcher, entry.checks, worker)));
  });
  return left;
}

/** Tries one test for each of the checks. Gives those that it does not miss. */
async function tryOne(
  run: Run,
  catcher: Catcher,
  checks: readonly Check[],
  worker: Worker,
): Promise<readonly Check[]> {
  const { file, test } = catcher;
  const bundle = run.bundles.tests.find((one) => one.file === file)?.bundle;
  if (bundle === undefined) {
    return checks;
  }
  const whole = await worker.run({ bundle, test, without: null }, FIRST_MILLISECONDS_MAX);
  if (!whole.tests.includes(test)) {
    return checks;
  }
  if (whole.failure !== null) {
    throw new Problem(`${file} fails with all checks in place: ${test}`, {
      output: whole.failure,
      hints: [`npx vitest run ${file}`],
    });
  }
  const left: Check[] = [];
  for (const check of checks) {
    const failure = await failureWithout(check, { ...whole, bundle, name: test }, worker);
    if (failure === null) {
      left.push(check);
    } else {
      note(run, { check, tests: null, caught: catcher, failure });
    }
  }
  return left;
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
  { bundle, name, milliseconds }: Pick<RecordedTest, "bundle" | "name" | "milliseconds">,
  worker: Worker,
): Promise<string | null> {
  const limit = milliseconds * HANG_FACTOR + HANG_MILLISECONDS;
  const { failure } = await worker.run({ bundle, test: name, without: check.number }, limit);
  return failure;
}
