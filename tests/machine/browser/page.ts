// Runs in a browser, on a page or in a worker: boots Neuron on the embedded machine and posts what came of it.

import { diskOfBytes } from "../../../machine/host/machine.ts";
import { Run } from "../../../machine/host/run.ts";
import { stateParts } from "../../../machine/host/state.ts";

/** So soon that much is translated in one boot: core.setTranslation's arguments. */
const HEAT = [500, 20_000, 100] as const;
const RAM_MEBIBYTES = 256;
const HARTS = 4;
const SLICE = 5_000_000n;

/** What the page posts. */
export interface Outcome {
  /** SHA-256 of the console and of the state at the end, in hexadecimal. */
  consoleHash: string;
  stateHash: string;
  instructions: string;
  /** Functions that were translated, and one more. */
  slots: number;
}

async function fetchBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await fetch(path)).arrayBuffer());
}

async function sha256(parts: Iterable<Uint8Array<ArrayBuffer>>): Promise<string> {
  const all = new Blob(Array.from(parts, (part) => part.slice()));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await all.arrayBuffer()));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function boot(): Promise<Outcome> {
  const [wasm, kernel, tree, disk] = await Promise.all([
    fetchBytes("/wasm"),
    fetchBytes("/kernel"),
    fetchBytes("/tree"),
    fetchBytes("/disk"),
  ]);
  const run = new Run(await WebAssembly.compile(wasm), {
    harts: HARTS,
    ramMebibytes: RAM_MEBIBYTES,
    seed: 1n,
    sstc: true,
    aclint: false,
    kernel,
    tree,
    disk: { content: diskOfBytes(disk), slot: 0, legacy: false },
    faults: [],
  });
  run.machine.core.setTranslation(...HEAT);
  while (run.advanceTo(run.clock + SLICE) === "running") {}
  return {
    consoleHash: await sha256([run.consoleBytes.slice()]),
    stateHash: await sha256(stateParts(run.machine)),
    instructions: String(run.machine.instructions),
    slots: run.machine.core.table.length,
  };
}

// If it fails, the test shows what is posted in place of an outcome.
const outcome = await boot().catch((error: unknown) => ({ error: String(error) }));
await fetch("/outcome", { method: "POST", body: JSON.stringify(outcome) });
