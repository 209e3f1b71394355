// Runs seeds in batches: while one batch is compiled and run on QEMU, the modules of the next are made and run in V8. A
// seed that differs is run again alone, and its module is made smaller.

import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Problem } from "../../../host/problem.ts";
import { root } from "../../../host/root.ts";
import { type Candidate, prepare, runDigests, runLines } from "./batch.ts";
import { Generator } from "./generate.ts";
import type { Digest } from "./plan.ts";

/** How many seeds one program has: enough to hide QEMU's start, few enough to be run again. */
const BATCH_SEEDS = 25;

/** Bytes drawn for a module: the seeds take these in turn. A byte of input becomes about half a byte of Wasm. */
const SIZES: readonly number[] = [800, 1600, 2400, 4000];

/** How many smaller inputs are tried for a seed that differs. */
const SHRINK_TRIES_MAX = 12;

/** A seed for which RV64 and V8 do not agree. */
export interface Difference {
  readonly seed: number;
  /** The smallest input that was found to differ. */
  readonly size: number;
  readonly emission: "direct" | "checked";
  /** The first line in which the two traces differ, or another difference. */
  readonly what: string;
  /** The module's path, from the root. */
  readonly file: string;
}

export interface FuzzResult {
  readonly seeds: number;
  /** How many functions were called. */
  readonly calls: number;
  readonly differences: readonly Difference[];
}

export interface FuzzRequest {
  readonly first: number;
  readonly last: number;
  /** Makes every module from this many bytes, instead of a number that the seed decides. */
  readonly size?: number | undefined;
  readonly onBatch?: (done: number, differences: number) => void;
}

export function sizeOf(seed: number): number {
  return SIZES[seed % SIZES.length] ?? 800;
}

/** Runs all seeds from `first` to `last`. */
export async function fuzz({ first, last, size, onBatch }: FuzzRequest): Promise<FuzzResult> {
  const generator = new Generator();
  const differences: Difference[] = [];
  let calls = 0;
  let done = 0;
  const judge = async (batch: readonly Candidate[]): Promise<void> => {
    for (const candidate of await differing(batch)) {
      differences.push(await explain(generator, candidate));
    }
    done += batch.length;
    onBatch?.(done, differences.length);
  };
  try {
    let running: Promise<void> = Promise.resolve();
    for (let start = first; start <= last; start += BATCH_SEEDS) {
      const batch: Candidate[] = [];
      for (let seed = start; seed <= Math.min(start + BATCH_SEEDS - 1, last); seed++) {
        const candidate = await prepare(generator, seed, size ?? sizeOf(seed));
        calls += candidate.calls.length;
        batch.push(candidate);
      }
      await running;
      running = judge(batch);
      // A failure then shows at the next `await`, and not as an unhandled rejection.
      running.catch(() => {});
    }
    await running;
  } finally {
    generator.close();
  }
  return { seeds: last - first + 1, calls, differences };
}

/** The candidates that differ from V8. A program that did not come to its end is cut into halves. */
async function differing(batch: readonly Candidate[]): Promise<Candidate[]> {
  const digests = await runDigests(batch).catch((error: unknown) => {
    if (batch.length === 1 && error instanceof Problem) {
      return [undefined];
    }
    if (error instanceof Problem) {
      return batch.map(() => undefined);
    }
    throw error;
  });
  if (batch.length === 1 || digests.every((digest) => digest !== undefined)) {
    return batch.filter(({ reference }, index) => !agree(reference, digests[index]));
  }
  const half = Math.ceil(batch.length / 2);
  return [...(await differing(batch.slice(0, half))), ...(await differing(batch.slice(half)))];
}

function agree(reference: Digest, digest: Digest | undefined): boolean {
  return digest?.events === reference.events && digest.memory === reference.memory;
}

/** Finds a smaller input that differs as well, and what is different. */
async function explain(generator: Generator, found: Candidate): Promise<Difference> {
  let smallest = found;
  let step = Math.floor(found.size / 2);
  for (let tries = 0; tries < SHRINK_TRIES_MAX && step >= 10; tries++) {
    const smaller =
      smallest.size > step ? await prepare(generator, found.seed, smallest.size - step) : undefined;
    if (smaller !== undefined && (await differing([smaller])).length > 0) {
      smallest = smaller;
    } else {
      step = Math.floor(step / 2);
    }
  }
  const { seed, size, direct, bytes } = smallest;
  const file = `build/fuzz/seed-${seed}.wasm`;
  if (!existsSync(join(root, "build/fuzz"))) {
    await mkdir(join(root, "build/fuzz"), { recursive: true });
  }
  await writeFile(join(root, file), bytes);
  const emission = direct ? "direct" : "checked";
  return { seed, size, emission, what: await firstDifference(smallest), file };
}

/** The first difference between two lines of events. */
function firstWord(rv64: string | undefined, v8: string): string {
  if (rv64 === undefined) {
    return "RV64 prints nothing";
  }
  const ours = rv64.split(" ");
  const at = v8.split(" ").findIndex((word, index) => word !== ours[index]);
  return `event ${at} is ${ours[at] ?? "missing"} on RV64, ${v8.split(" ")[at] ?? "missing"} in V8`;
}

async function firstDifference(candidate: Candidate): Promise<string> {
  let lines: string[];
  try {
    lines = await runLines(candidate);
  } catch (error) {
    if (!(error instanceof Problem)) {
      throw error;
    }
    return `${error.message}: ${error.details.output?.trim().split("\n")[0] ?? ""}`;
  }
  const expected = candidate.reference.lines;
  for (const [index, line] of expected.entries()) {
    if (lines[index] === line) {
      continue;
    }
    const call = candidate.calls[index - 1];
    const name = call === undefined ? "instantiation" : `${call.name}(${call.arguments.join(", ")})`;
    return `${name}: ${firstWord(lines[index], line)}`;
  }
  return "every call gives the same, but the final memory differs";
}
