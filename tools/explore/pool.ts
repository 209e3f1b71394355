// Worker processes, and their seeds: each worker gets the next seed when it has answered.

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { readJson } from "../../host/json.ts";
import { brokenSeed, type SeedResult, seedResult } from "./seed.ts";
import type { WorkerOrder } from "./worker.ts";

/** How many characters of a worker's complaints are kept. */
const COMPLAINTS_MAX = 4000;

/**
 * Runs every seed on `workers` processes. `onResult` gets each result, in the order in which the seeds end. Resolves
 * when all are done or `stop` was aborted. A worker that dies takes its seed with it, as a failure, and is replaced.
 */
export async function runSeeds(
  seeds: Iterator<bigint>,
  workers: number,
  order: WorkerOrder,
  stop: AbortSignal,
  onResult: (result: SeedResult) => void,
): Promise<void> {
  const lanes = Array.from({ length: workers }, async () => {
    while (!stop.aborted) {
      const isDone = await runLane(seeds, order, stop, onResult);
      if (isDone) {
        return;
      }
    }
  });
  await Promise.all(lanes);
}

/** Runs one worker to its end. True if there are no more seeds, false if it died. */
async function runLane(
  seeds: Iterator<bigint>,
  order: WorkerOrder,
  stop: AbortSignal,
  onResult: (result: SeedResult) => void,
): Promise<boolean> {
  const first = seeds.next();
  if (first.done === true) {
    return true;
  }
  const child = startWorker();
  const kill = (): void => {
    child.kill();
  };
  stop.addEventListener("abort", kill, { once: true });
  process.on("exit", kill);
  let seed: bigint | undefined = first.value;
  let complaints = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    complaints = (complaints + text).slice(-COMPLAINTS_MAX);
  });
  // The exit of a dead worker is handled below, so a failed write to it needs no handling.
  child.stdin?.on("error", () => {});
  child.stdin?.write(`${JSON.stringify(order)}\n${seed}\n`);
  try {
    if (child.stdout !== null) {
      for await (const line of createInterface({ input: child.stdout })) {
        onResult(readJson(line, `the worker's result for seed ${seed}`, seedResult));
        const next: IteratorResult<bigint> = stop.aborted ? { done: true, value: undefined } : seeds.next();
        seed = next.done === true ? undefined : next.value;
        if (seed === undefined) {
          child.stdin?.end();
        } else {
          child.stdin?.write(`${seed}\n`);
        }
      }
    }
    await exited(child);
  } finally {
    stop.removeEventListener("abort", kill);
    process.off("exit", kill);
  }
  if (seed === undefined || stop.aborted) {
    return true;
  }
  onResult(brokenSeed(String(seed), "its worker died", ...complaints.trim().split("\n").slice(0, 3)));
  return false;
}

/** Starts this program again, as a worker. */
function startWorker(): ChildProcess {
  const [, script = ""] = process.argv;
  return spawn(process.execPath, [...process.execArgv, script, "explore", "--worker"], {
    stdio: ["pipe", "pipe", "pipe"],
  });
}

async function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) {
    return;
  }
  await new Promise<void>((resolve) => child.once("close", () => resolve()));
}
