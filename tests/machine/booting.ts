// Boots Neuron on the embedded machine, as ./nx boot does. Everything is built once, and a boot takes part of a second.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../host/root.ts";
import type { DiskFault } from "../../machine/host/machine.ts";
import { Chassis } from "../../machine/host/module.ts";
import { type BuildOutputs, build, buildMachine } from "../../toolchain/compile.ts";
import { type EmbeddedFacts, embeddedMachine, nonceOfSeed } from "../../tools/boot/machines/embedded.ts";
import { type BootReport, type BootRequest, bootOnce, SELFTEST_RUN } from "../../tools/boot/run.ts";
import { filesOf } from "../../tools/boot/session.ts";

/** Long enough for a host that is busy with other tests. */
export const BOOT_TIMEOUT_MS = 120_000;

const silent = { start: () => () => {}, note: () => {} };

interface Built {
  outputs: BuildOutputs;
  wasm: string;
}
let built: Promise<Built> | undefined;

/** Builds what is stale, once for all tests of a file. */
export async function buildOnce(): Promise<Built> {
  built ??= (async () => {
    const outputs = await build({ profile: "bringup", progress: silent });
    return { outputs, wasm: join(root, await buildMachine(silent)) };
  })();
  return await built;
}

/** Instances of the machine that no run is in. */
const idle: Chassis[] = [];

/**
 * Gives an instance of the machine, until `work` has ended. A run in an instance that had others before is as in a new one
 * (translation.test.ts), and takes half the time: V8 has optimised its code, and most pages are decoded already.
 */
export async function withChassis<Result>(work: (chassis: Chassis) => Promise<Result>): Promise<Result> {
  const { wasm } = await buildOnce();
  const chassis = idle.pop() ?? new Chassis(await WebAssembly.compile(new Uint8Array(readFileSync(wasm))));
  const result = await work(chassis);
  idle.push(chassis);
  return result;
}

/** What a test can change in the usual boot with four harts and a disk. */
export interface BootChange extends Partial<BootRequest> {
  seed?: bigint;
  faults?: readonly DiskFault[];
  chaos?: number;
}

/** A report, with what only this machine knows. */
export type EmbeddedReport = BootReport & EmbeddedFacts;

/** Boots the embedded machine once. `other` is a build in place of the usual one. */
export async function bootEmbedded(
  change: BootChange = {},
  other?: Promise<BuildOutputs>,
): Promise<EmbeddedReport> {
  const { outputs: usualOutputs, wasm } = await buildOnce();
  const outputs = (await other) ?? usualOutputs;
  const { seed = 1n, faults = [], chaos = 0, ...request } = change;
  const usual: BootRequest = {
    smp: 4,
    run: SELFTEST_RUN,
    profile: "bringup",
    disk: join(root, outputs.packageImage),
    legacy: false,
    slot: 0,
    machineTree: false,
    sstc: true,
    aclint: false,
    timeoutSeconds: BOOT_TIMEOUT_MS / 1000 - 10,
    log: undefined,
    nonce: nonceOfSeed(seed),
  };
  let facts: EmbeddedFacts | undefined;
  const report = await withChassis(async (chassis) => {
    const machine = embeddedMachine({ wasm, seed, faults, chaos, chassis }, (found) => {
      facts = found;
    });
    return await bootOnce(machine, filesOf(outputs), { ...usual, ...request }, () => {});
  });
  if (facts === undefined) {
    throw new Error("the machine did not say what it did");
  }
  return { ...report, ...facts };
}

/** A report as text, so that a failed test shows the console. */
export function explain(report: BootReport): string {
  return [...report.problems, report.complaints, ...report.lastLines].join("\n");
}
