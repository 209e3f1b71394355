// A worker of an exploration: a process that reads seeds from its standard input, one a line, and answers each
// with a line of JSON. Workers are processes, not threads, so a crash ends no other worker, and memory is given back.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Locator } from "../../host/debug/locate.ts";
import type { DiskFault } from "../../machine/host/machine.ts";
import { hashOf } from "../../machine/host/recording.ts";
import type { BuildOutputs } from "../../toolchain/compile.ts";
import { openDisk } from "../boot/machines/embedded.ts";
import type { BootRequest } from "../boot/run.ts";
import { filesOf } from "../boot/session.ts";
import { Layout, type LayoutData } from "./layout.ts";
import { Places } from "./places.ts";
import { brokenSeed, runSeed } from "./seed.ts";

/** The first line of a worker's input, as JSON. */
export interface WorkerOrder {
  outputs: BuildOutputs;
  wasm: string;
  request: BootRequest;
  /** What the guest runs: the seeds take these in turn. */
  runs: readonly string[];
  layout: LayoutData;
  /** Faults with their events in decimal: JSON has no big integers. */
  faults: { kind: number; first: string; last: string }[];
  chaos: number;
  /** The seed of the common beginning, in decimal, and the console line at which it ends. */
  fork?: { seed: string; line: string };
}

/** Works until there are no more lines. */
export async function work(): Promise<void> {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.done === true) {
    return;
  }
  const order: WorkerOrder = JSON.parse(first.value);
  const bytes = new Uint8Array(readFileSync(order.wasm));
  const files = filesOf(order.outputs);
  const faults: DiskFault[] = order.faults.map(({ kind, first: from, last }) => ({
    kind,
    first: BigInt(from),
    last: BigInt(last),
  }));
  const setting = {
    module: await WebAssembly.compile(bytes),
    moduleHash: hashOf(bytes),
    files,
    runs: order.runs,
    request: { ...order.request, disk: order.request.disk, log: undefined },
    disk: order.request.disk === undefined ? undefined : openDisk(order.request.disk).content,
    layout: new Layout(order.layout),
    places: new Places(new Locator(new Uint8Array(readFileSync(files.kernel)), "the kernel")),
    options: { wasm: order.wasm, faults, chaos: order.chaos },
    fork: order.fork && { seed: BigInt(order.fork.seed), line: order.fork.line },
  };
  for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
    // An error of the machine or its host counts as the seed's failure, and the worker goes on with the next seed.
    const result = await runSeed(setting, BigInt(line.value)).catch((error: unknown) =>
      brokenSeed(line.value, error instanceof Error ? error.message : String(error)),
    );
    process.stdout.write(`${JSON.stringify(result)}\n`);
  }
}
