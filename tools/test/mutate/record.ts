// Which tests make which checks refuse. Each test is run once by itself, with all checks in place; the result is kept in
// build/mutate until the file's bundle changes, or guest code that it runs.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  list,
  nullable,
  number,
  object,
  pair,
  readJson,
  type Shaped,
  table,
  text,
  truth,
} from "../../../host/json.ts";
import { Problem } from "../../../host/problem.ts";
import type { Progress } from "../../../host/report.ts";
import { root } from "../../../host/root.ts";
import { hashText } from "../../../toolchain/asc/run.ts";
import type { Bundles, TestBundle } from "./bundles.ts";
import { inWorkers } from "./pool.ts";
import { wholeOrder } from "./process/orders.ts";

const FILE = "build/mutate/recorded-2.json";
/** A test that takes longer than this is not run again for each check that no quicker one misses. */
const USED_MILLISECONDS_MAX = 100_000;
/** All checks are in place, and the guest may have to be compiled first. */
const TEST_MILLISECONDS_MAX = 600_000;

const recordShape = table(
  object({
    /** Of the bundle. */
    digest: text,
    /** The guest's modules, by their names in the cache of the tests. */
    modules: list(text),
    tests: list(
      object({
        name: text,
        milliseconds: number,
        rounds: number,
        fired: list(number),
        wroteToNothing: truth,
      }),
    ),
  }),
);

type Entry = Shaped<typeof recordShape>[string];

/** What tests/harness/guest.ts keeps beside a compiled module: the files that it was made from, with their hashes. */
const moduleShape = object({ reads: list(pair(text, nullable(text))) });

/** A test that makes some checks refuse. */
export interface RecordedTest {
  readonly file: string;
  readonly bundle: string;
  readonly name: string;
  readonly milliseconds: number;
  /** The rounds of turns that the guest's loops have in it. */
  readonly rounds: number;
  readonly wroteToNothing: boolean;
  readonly fired: ReadonlySet<number>;
}

/** Runs what was not run since the last change. Gives every test, the quickest first. */
export async function record(bundles: Bundles, workers: number, progress: Progress): Promise<RecordedTest[]> {
  const path = join(root, FILE);
  const known = existsSync(path) ? readJson(readFileSync(path, "utf8"), FILE, recordShape) : {};
  const stale = bundles.tests.filter((one) => !isFresh(one, known[one.file]));
  let done = 0;
  await inWorkers(bundles.worker, workers, stale, async (one, worker) => {
    const run = (test: string | null) =>
      worker.run({ ...wholeOrder, bundle: one.bundle, test }, TEST_MILLISECONDS_MAX);
    const listed = await run(null);
    const modules = new Set(listed.modules);
    const tests: Entry["tests"] = [];
    requirePassed(one.file, "", listed.failure);
    for (const name of listed.tests) {
      const { failure, milliseconds, rounds, fired, wroteToNothing, modules: used } = await run(name);
      requirePassed(one.file, name, failure);
      tests.push({ name, milliseconds, rounds, fired, wroteToNothing });
      for (const key of used) {
        modules.add(key);
      }
    }
    known[one.file] = { digest: digestOf(one), modules: [...modules], tests };
    done++;
    progress.note(`${done} of ${stale.length} test files are recorded`);
    writeFileSync(path, JSON.stringify(known));
  });
  return bundles.tests
    .flatMap(({ file, bundle }) =>
      (known[file]?.tests ?? []).map((test) => ({ ...test, file, bundle, fired: new Set(test.fired) })),
    )
    .filter(({ milliseconds }) => milliseconds <= USED_MILLISECONDS_MAX)
    .sort((a, b) => a.milliseconds - b.milliseconds);
}

function requirePassed(file: string, name: string, failure: string | null): void {
  if (failure !== null) {
    throw new Problem(`${file} ${name} fails with all checks in place, when it is run by itself`, {
      output: failure,
      hints: [`npx vitest run ${file}`],
    });
  }
}

function digestOf({ content }: TestBundle): string {
  return createHash("sha256").update(content).digest("hex");
}

/** Whether neither the bundle nor the guest's code has changed. */
function isFresh(one: TestBundle, entry: Entry | undefined): boolean {
  return entry?.digest === digestOf(one) && entry.modules.every(isModuleFresh);
}

function isModuleFresh(key: string): boolean {
  const file = `build/test-cache/${key}.json`;
  if (!existsSync(join(root, file))) {
    return false;
  }
  const { reads } = readJson(readFileSync(join(root, file), "utf8"), file, moduleShape);
  return reads.every(([path, hash]) => {
    const source = join(root, path);
    return hash === (existsSync(source) ? hashText(readFileSync(source, "utf8")) : null);
  });
}
