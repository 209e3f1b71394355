// What ./nx explore does: hands the seeds to its workers, shows the progress, and says of each seed that failed what
// happened and how to repeat it.

import { mkdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { attemptOutput, requireFolder } from "../../host/outputs.ts";
import { printProblems } from "../../host/print-problem.ts";
import { formatDuration, type Paint, paintFor, progressOn } from "../../host/report.ts";
import { root } from "../../host/root.ts";
import { build, buildMachine } from "../../toolchain/compile.ts";
import { requireOneDisk } from "../boot/inputs.ts";
import { chaosOf, faultsOf } from "../boot/machines/hostility.ts";
import { orderOf } from "./order.ts";
import { runSeeds } from "./pool.ts";
import { Bar, MINUTE_MS } from "./progress.ts";
import type { SeedResult } from "./seed.ts";
import type { ExploreWords } from "./words.ts";

/** How many failures are printed in full. For the others only the seed is printed. */
const FAILURES_SHOWN = 20;

/** Explores. Gives the exit code. */
export async function explore(words: ExploreWords): Promise<0 | 1> {
  requireOneDisk(words);
  requireFolder({ word: "--keep", file: words.keep });
  // A word that means nothing is refused before the build.
  chaosOf(words.chaos);
  faultsOf(words.fault);
  const progress = progressOn(process.stderr);
  const outputs = await build({ profile: "bringup", progress });
  const machine = join(root, await buildMachine(progress));
  const order = await orderOf(words, { ...outputs, kernelWasm: "build/wasm/neuron.wasm", machine });
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once("SIGINT", interrupt);
  const count = seedCount(words);
  const milliseconds = words.minutes === undefined ? undefined : words.minutes * MINUTE_MS;
  const bar = new Bar(process.stderr, count, milliseconds);
  const failed: SeedResult[] = [];
  const begin = performance.now();
  const unwritten: unknown[] = [];
  let done = 0;
  const isOver = (): boolean => milliseconds !== undefined && performance.now() - begin >= milliseconds;
  await runSeeds(seedsOf(words, isOver), words.workers, order, stop.signal, (result) => {
    done += 1;
    if (!result.ok) {
      const lost = keep(words.keep, result);
      unwritten.push(...lost);
      failed.push(lost.length === 0 ? result : { ...result, recording: undefined });
      if (!words.json && failed.length <= FAILURES_SHOWN) {
        bar.tell(failureText(failed.at(-1) ?? result, words, paintFor(process.stderr)));
      }
    }
    bar.show(done, failed.length);
  });
  process.off("SIGINT", interrupt);
  bar.end();
  const passed = performance.now() - begin;
  if (words.json) {
    process.stdout.write(`${JSON.stringify(jsonReport(done, failed, passed, words), undefined, 2)}\n`);
  } else {
    process.stdout.write(`${summary(done, failed, passed, paintFor(process.stdout))}\n`);
  }
  // All workers would report the same: the first report is enough.
  printProblems(unwritten.slice(0, 1), process.stderr);
  const isWhole = done === count || (isOver() && !stop.signal.aborted);
  return failed.length === 0 && isWhole ? 0 : 1;
}

/** The seeds of this shard, in order, until the time is over. */
function* seedsOf({ seeds, shard }: ExploreWords, isOver: () => boolean): Generator<bigint> {
  const step = BigInt(shard.count);
  for (let seed = seeds.first + BigInt(shard.index - 1); seed <= seeds.last && !isOver(); seed += step) {
    yield seed;
  }
}

function seedCount({ seeds, shard }: ExploreWords): number {
  const rest = seeds.last - seeds.first - BigInt(shard.index - 1);
  return rest < 0n ? 0 : Number(rest / BigInt(shard.count)) + 1;
}

/**
 * Writes the recording of a failed seed. Gives the error instead of throwing it, because the other seeds still have to
 * be explored.
 */
function keep(folder: string, { seed, recording }: SeedResult): unknown[] {
  if (recording === undefined) {
    return [];
  }
  try {
    mkdirSync(resolve(folder), { recursive: true });
  } catch (error) {
    return [error];
  }
  return attemptOutput({ word: "--keep", file: recordingFile(folder, seed) }, recording);
}

function recordingFile(folder: string, seed: string): string {
  return join(resolve(folder), `seed-${seed}.nxr`);
}

/** The command that repeats a failed seed. */
function replayCommand(words: ExploreWords, result: SeedResult): string {
  if (result.recording === undefined) {
    return `./nx boot --seed ${result.seed}`;
  }
  return `./nx replay ${relative(process.cwd(), recordingFile(words.keep, result.seed))}`;
}

function failureText(result: SeedResult, words: ExploreWords, paint: Paint): string {
  const lines = [`${paint.bad(`seed ${result.seed} failed:`)} ${result.problems[0] ?? "no reason is known"}`];
  lines.push(...result.problems.slice(1, 4).map((problem) => `  ${problem}`));
  lines.push(
    ...result.harts.map((line) => paint.faint(`  ${line}`)),
    `  again: ${replayCommand(words, result)}`,
  );
  return lines.join("\n");
}

function summary(done: number, failed: SeedResult[], milliseconds: number, paint: Paint): string {
  const rate = Math.round((done * MINUTE_MS) / Math.max(1, milliseconds));
  const runs = `${done} seeds in ${formatDuration(milliseconds)}, ${rate} a minute`;
  if (failed.length === 0) {
    return `${paint.good("explored:")} ${runs}: none failed`;
  }
  const seeds = failed.map(({ seed }) => seed).join(" ");
  return `${paint.bad("explored:")} ${runs}: ${failed.length} failed: ${seeds}`;
}

function jsonReport(done: number, failed: SeedResult[], milliseconds: number, words: ExploreWords): object {
  return {
    ok: failed.length === 0,
    seeds: done,
    seconds: Math.round(milliseconds) / 1000,
    failed: failed.map((result) => ({
      seed: result.seed,
      problems: result.problems,
      harts: result.harts,
      replay: replayCommand(words, result),
    })),
  };
}
