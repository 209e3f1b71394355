// Which tests make which checks refuse. Each test is run once by itself, with all checks in place; the result is kept in
// build/mutate until its bundle or the guest's code changes.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { listFiles } from "../../../host/files.ts";
import { list, number, object, readJson, type Shaped, table, text } from "../../../host/json.ts";
import { Problem } from "../../../host/problem.ts";
import type { Progress } from "../../../host/report.ts";
import { root } from "../../../host/root.ts";
import type { Bundles, TestBundle } from "./bundles.ts";
import { inWorkers } from "./pool.ts";

const FILE = "build/mutate/record.json";
/** A test that takes longer than this is not run again for each check that no quicker one misses. */
const USED_MILLISECONDS_MAX = 100_000;
/** All checks are in place, and the guest may have to be compiled first. */
const TEST_MILLISECONDS_MAX = 600_000;

const recordShape = table(
  object({
    /** Of the bundle and of the guest's code. */
    digest: text,
    tests: list(object({ name: text, milliseconds: number, fired: list(number) })),
  }),
);

type Record = Shaped<typeof recordShape>;

/** A test that makes some checks refuse. */
export interface RecordedTest {
  readonly file: string;
  readonly bundle: string;
  readonly name: string;
  readonly milliseconds: number;
  readonly fired: ReadonlySet<number>;
}

/** Runs what was not run since the last change. Gives every test, the quickest first. */
export async function record(bundles: Bundles, workers: number, progress: Progress): Promise<RecordedTest[]> {
  const path = join(root, FILE);
  const known = existsSync(path) ? readJson(readFileSync(path, "utf8"), FILE, recordShape) : {};
  const guest = digestOfGuest();
  const digestOf = ({ content }: TestBundle): string =>
    createHash("sha256").update(guest).update(content).digest("hex");
  const stale = bundles.tests.filter((one) => known[one.file]?.digest !== digestOf(one));
  let done = 0;
  await inWorkers(bundles.worker, workers, stale, async (one, worker) => {
    const run = (test: string | null) =>
      worker.run({ bundle: one.bundle, test, without: null }, TEST_MILLISECONDS_MAX);
    const entry: Record[string] = { digest: digestOf(one), tests: [] };
    const listed = await run(null);
    requirePassed(one.file, "", listed.failure);
    for (const name of listed.tests) {
      const { failure, milliseconds, fired } = await run(name);
      requirePassed(one.file, name, failure);
      entry.tests.push({ name, milliseconds, fired });
    }
    known[one.file] = entry;
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

function digestOfGuest(): string {
  const digest = createHash("sha256");
  for (const folder of ["source", "build/gen"]) {
    for (const file of listFiles(root, folder)) {
      digest.update(file).update(readFileSync(join(root, file)));
    }
  }
  return digest.digest("hex");
}
