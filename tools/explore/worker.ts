// A worker of an exploration: a process that reads seeds from its standard input, one a line, and answers each
// with a line of JSON. Workers are processes, not threads, so a crash ends no other worker, and memory is given back.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Layout, type LayoutData } from "../../host/debug/layout.ts";
import { Locator } from "../../host/debug/locate.ts";
import { list, number, object, optional, readJson, type Shape, table, text, truth } from "../../host/json.ts";
import type { DiskFault } from "../../machine/host/machine.ts";
import { Chassis } from "../../machine/host/module.ts";
import { hashOf } from "../../machine/host/recording/recording.ts";
import type { BuildOutputs } from "../../toolchain/compile.ts";
import { openDisk } from "../boot/machines/embedded.ts";
import { filesOf } from "../boot/session.ts";
import { Places } from "./places.ts";
import { brokenSeed, type ExploreSetting, runSeed, type SeedRequest } from "./seed.ts";

/** A run may take this long: it only ends one that hangs. */
const TIMEOUT_SECONDS = 3600;

/** The first line of a worker's input, as JSON. */
export interface WorkerOrder {
  /** The system, as the build made it. */
  outputs: Pick<BuildOutputs, "kernel" | "deviceTree">;
  /** The machine's module. */
  wasm: string;
  machine: ExploredMachine;
  /** What the guest runs: the seeds take these in turn. */
  runs: string[];
  layout: LayoutData;
  /** Faults with their events in decimal: JSON has no big integers. */
  faults: { kind: number; first: string; last: string }[];
  chaos: number;
  /** The seed of the common beginning, in decimal, and the console line at which it ends. */
  fork: { seed: string; line: string } | undefined;
}

/** What the machines of all seeds have in common. */
export interface ExploredMachine {
  smp: number;
  /** A disk image, or undefined for a machine without a disk. */
  disk: string | undefined;
  legacy: boolean;
  aclint: boolean;
}

const workerOrder: Shape<WorkerOrder> = object({
  outputs: object({ kernel: text, deviceTree: text }),
  wasm: text,
  machine: object({ smp: number, disk: optional(text), legacy: truth, aclint: truth }),
  runs: list(text),
  layout: object({ numbers: table(number), addresses: table(number) }),
  faults: list(object({ kind: number, first: text, last: text })),
  chaos: number,
  fork: optional(object({ seed: text, line: text })),
});

/** Works until there are no more lines. */
export async function work(): Promise<void> {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.done === true) {
    return;
  }
  const order = readJson(first.value, "the worker's order", workerOrder);
  const setting = await settingOf(order);
  for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
    // An error of the machine or its host counts as the seed's failure, and the worker goes on with the next seed.
    const result = await runSeed(setting, BigInt(line.value)).catch((error: unknown) =>
      brokenSeed(line.value, error instanceof Error ? error.message : String(error)),
    );
    process.stdout.write(`${JSON.stringify(result)}\n`);
  }
}

/** Everything that the seeds share. @param chassis an instance of the machine, to use in place of a new one */
export async function settingOf(order: WorkerOrder, chassis?: Chassis): Promise<ExploreSetting> {
  const { disk } = order.machine;
  const bytes = new Uint8Array(readFileSync(order.wasm));
  const files = filesOf(order.outputs);
  // Read now: a later build may replace the file while the seeds run.
  const kernel = new Uint8Array(readFileSync(files.kernel));
  const faults: DiskFault[] = order.faults.map(({ kind, first: from, last }) => ({
    kind,
    first: BigInt(from),
    last: BigInt(last),
  }));
  return {
    chassis: chassis ?? new Chassis(await WebAssembly.compile(bytes)),
    moduleHash: hashOf(bytes),
    files,
    runs: order.runs,
    request: requestOf(order.machine),
    disk: disk === undefined ? undefined : openDisk(disk).content,
    layout: new Layout(order.layout),
    places: new Places(() => new Locator(kernel, "the kernel")),
    options: { wasm: order.wasm, faults, chaos: order.chaos },
    fork: order.fork && { seed: BigInt(order.fork.seed), line: order.fork.line },
  };
}

/** All that is asked for at each boot, but for what the seed decides. */
function requestOf(machine: ExploredMachine): SeedRequest {
  return {
    ...machine,
    profile: "bringup",
    slot: 0,
    machineTree: false,
    sstc: true,
    timeoutSeconds: TIMEOUT_SECONDS,
    log: undefined,
  };
}
