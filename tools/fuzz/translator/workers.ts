// Uses more cores: each worker runs this command again with a part of the seeds. One worker keeps two cores busy,
// because it makes the next modules while LLVM and QEMU are at work on the last ones.

import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { list, number, object, oneOf, readJson, type Shape, text } from "../../../host/json.ts";
import { Problem } from "../../../host/problem.ts";
import { root } from "../../../host/root.ts";
import type { FuzzRequest, FuzzResult } from "./run.ts";

const CORES_A_WORKER = 2;
const SEEDS_A_WORKER_MIN = 100;

/** How many workers a range of seeds needs on this machine. */
export function workersFor(seeds: number): number {
  const cores = Math.floor(availableParallelism() / CORES_A_WORKER);
  return Math.max(1, Math.min(cores, Math.floor(seeds / SEEDS_A_WORKER_MIN)));
}

/** What a worker prints at its end. */
const fuzzResult: Shape<FuzzResult> = object({
  seeds: number,
  calls: number,
  differences: list(
    object({ seed: number, size: number, emission: oneOf("direct", "checked"), what: text, file: text }),
  ),
});

/** Cuts the seeds into parts, runs each in a process of its own, and gives one result. */
export async function fuzzInWorkers(request: FuzzRequest, workers: number): Promise<FuzzResult> {
  const { first, last, size, onBatch } = request;
  const total = last - first + 1;
  const state = Array.from({ length: workers }, () => ({ done: 0, differences: 0 }));
  const parts = state.map(async (own, index) => {
    const start = first + Math.floor((total * index) / workers);
    const end = first + Math.floor((total * (index + 1)) / workers) - 1;
    const sized = size === undefined ? [] : ["--size", String(size)];
    return runPart([`${start}..${end}`, ...sized], (done, differences) => {
      own.done = done;
      own.differences = differences;
      onBatch?.(sum(state, "done"), sum(state, "differences"));
    });
  });
  const results = await Promise.all(parts);
  return {
    seeds: total,
    calls: results.reduce((calls, result) => calls + result.calls, 0),
    differences: results.flatMap((result) => result.differences),
  };
}

function sum(state: readonly { done: number; differences: number }[], key: "done" | "differences"): number {
  return state.reduce((total, own) => total + own[key], 0);
}

function runPart(
  seeds: readonly string[],
  onLine: (done: number, differences: number) => void,
): Promise<FuzzResult> {
  const launch = join(root, "tools/nx/launch.js");
  const args = [launch, "fuzz", "wasm", "--jobs", "1", "--json", "--seeds", ...seeds];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    const stop = (): void => {
      child.kill();
    };
    process.once("exit", stop);
    let output = "";
    let complaints = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      const text = chunk.toString();
      const match = /(\d+) of \d+ seeds, (\d+) different/.exec(text);
      if (match === null) {
        complaints += text;
      } else {
        onLine(Number(match[1]), Number(match[2]));
      }
    });
    child.on("error", reject);
    child.on("close", (status) => {
      process.off("exit", stop);
      // Status 1 with a result means that seeds differ; without a result, the worker itself failed.
      if (output === "") {
        reject(new Problem(`a worker ended with status ${status}`, { output: complaints }));
        return;
      }
      try {
        resolve(readJson(output, `the worker's result for seeds ${seeds[0]}`, fuzzResult));
      } catch (error) {
        reject(error);
      }
    });
  });
}
