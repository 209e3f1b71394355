// What ./nx fuzz does with the targets of this process: runs sessions, and prints what they found.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "../../host/problem.ts";
import { paintFor } from "../../host/report.ts";
import { root } from "../../host/root.ts";
import { readCorpus, writeCorpus } from "./engine/corpus.ts";
import { failureOf, runSession, type SessionResult } from "./engine/session.ts";
import { smallest } from "./engine/smallest.ts";
import type { Target } from "./engine/target.ts";
import type { FuzzWords } from "./words.ts";

const FOLDER = "build/fuzz";
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const PROGRESS_MILLISECONDS = 10 * SECOND;

/** Runs a session of each target. Gives the exit code. */
export async function fuzzTargets(chosen: readonly Target[], words: FuzzWords): Promise<number> {
  let failed = 0;
  for (const target of chosen) {
    const running = await target.start();
    const result = await runSession(target, running, {
      seed: words.seed ?? 1,
      runsMax: words.runs ?? Number.POSITIVE_INFINITY,
      milliseconds: limitOf(words),
      corpus: readCorpus(target.name),
      onProgress: progress(target),
    });
    report(target, result, words);
    failed += result.failures.length;
    if (words.grow === true) {
      writeCorpus(target.name, await smallest(await target.start(), result.kept, target.isSlow));
    }
  }
  return failed === 0 ? 0 : 1;
}

/** One minute, unless the words have a limit. */
function limitOf({ runs, minutes }: FuzzWords): number {
  return (minutes ?? (runs === undefined ? 1 : Number.POSITIVE_INFINITY)) * MINUTE;
}

/** Runs one input from a file. Gives the exit code. */
export async function fuzzInput(target: Target, file: string): Promise<number> {
  const what = await failureOf(await target.start(), readInput(file));
  const paint = paintFor(process.stdout);
  process.stdout.write(
    what === undefined ? `${paint.good("no failure")}\n` : `${paint.bad("failure:")} ${what}\n`,
  );
  return what === undefined ? 0 : 1;
}

function readInput(file: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(file));
  } catch {
    throw new Problem(`the input ${file} cannot be read`, { exitCode: 2 });
  }
}

function progress(target: Target): (result: SessionResult) => void {
  let shown = 0;
  return (result) => {
    if (result.milliseconds >= shown + PROGRESS_MILLISECONDS) {
      shown = result.milliseconds;
      process.stderr.write(`  ${line(target, result)}\n`);
    }
  };
}

function line(
  { name }: Target,
  { runs, milliseconds, covered, total, kept, failures }: SessionResult,
): string {
  const of = total === undefined ? "answers seen" : `of ${total} pieces of code covered`;
  return [
    `${name}: ${runs} inputs in ${(milliseconds / SECOND).toFixed(1)} s`,
    `${covered} ${of}`,
    `${kept.length} inputs kept`,
    `${failures.length} failures`,
  ].join(", ");
}

function report(target: Target, result: SessionResult, { seed = 1 }: FuzzWords): void {
  const paint = paintFor(process.stdout);
  const folder = join(root, FOLDER, target.name);
  for (const [index, { what, input, run }] of result.failures.entries()) {
    const file = `${FOLDER}/${target.name}/seed-${seed}-${index + 1}`;
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(root, file), input);
    process.stdout.write(
      `${paint.bad("failure:")} ${what}\n  input:  ./nx fuzz ${target.name} --input ${file}\n` +
        `  again:  ./nx fuzz ${target.name} --seed ${seed} --runs ${run}\n`,
    );
  }
  const says = line(target, result);
  process.stdout.write(`${result.failures.length === 0 ? paint.good("ok") : paint.bad("failed")} ${says}\n`);
}
