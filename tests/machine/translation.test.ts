// The whole system with its hot code translated to Wasm gives the same run as interpreted: the same console, the same state.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseChaos } from "../../machine/host/chaos.ts";
import type { MachineSettings } from "../../machine/host/machine.ts";
import { Chassis } from "../../machine/host/module.ts";
import { stateHash } from "../../machine/host/recording/recording.ts";
import { Run } from "../../machine/host/run.ts";
import { restoreSnapshot } from "../../machine/host/snapshot.ts";
import { BOOT_TIMEOUT_MS, bootEmbedded, buildOnce } from "./booting.ts";

/** Once so soon that code is translated after a few executions, and once as late as usual. */
const SOON = [50, 50, 3] as const;
const USUAL = [20_000, 2_000_000, 3_000] as const;

async function moduleOf(): Promise<WebAssembly.Module> {
  return WebAssembly.compile(new Uint8Array(readFileSync((await buildOnce()).wasm)));
}

/** A run that has not begun, with code translated that soon. Undefined: nothing is translated. */
function makeRun(
  module: WebAssembly.Module | Chassis,
  settings: MachineSettings,
  heat: readonly [number, number, number] | undefined,
): Run {
  const run = new Run(module, settings);
  if (heat === undefined) {
    run.machine.interpretOnly();
  } else {
    run.machine.core.setTranslation(...heat);
  }
  return run;
}

function endOf(run: Run): string[] {
  while (run.advanceTo(run.clock + 3_000_000n) === "running") {}
  expect(run.machine.exitCode).toBe(0);
  return [Buffer.from(run.consoleBytes).toString(), stateHash(run.machine), String(run.machine.instructions)];
}

test.each([
  [1n, "no chaos"],
  [2n, "no chaos"],
  [3n, "no chaos"],
  [1n, "all"],
  [2n, "all"],
  [1n, "all,-stale-code"],
  [1n, "weak-stores"],
  [1n, "store-buffer,switch,stale-code"],
  [1n, "stale-translation,late-interrupts"],
])(
  "seed %i with %s boots to the same state, interpreted and translated",
  async (seed, kinds) => {
    const module = await moduleOf();
    const chaos = kinds === "no chaos" ? 0 : parseChaos(kinds);
    const { settings } = (await bootEmbedded({ seed, chaos })).recording;
    const interpreted = makeRun(module, settings, undefined);
    const expected = endOf(interpreted);
    expect(interpreted.machine.core.table.length).toBe(1);
    for (const heat of [SOON, USUAL]) {
      const translated = makeRun(module, settings, heat);
      expect(endOf(translated)).toEqual(expected);
      expect(translated.machine.core.table.length).toBeGreaterThan(8);
    }
  },
  3 * BOOT_TIMEOUT_MS,
);

test(
  "machines that follow each other in one instance are as if each had its own",
  async () => {
    const module = await moduleOf();
    const chassis = new Chassis(module);
    const hostile = (await bootEmbedded({ seed: 5n, chaos: parseChaos("all") })).recording.settings;
    const friendly = (await bootEmbedded({ seed: 6n })).recording.settings;
    for (const settings of [hostile, friendly, hostile, { ...friendly, harts: 2 }, friendly]) {
      expect(endOf(makeRun(chassis, settings, SOON))).toEqual(endOf(makeRun(module, settings, undefined)));
    }
  },
  3 * BOOT_TIMEOUT_MS,
);

/** A program for machine mode: puts a number into a0, and then jumps to itself. */
function programFor(value: number): Uint8Array {
  const [loadImmediate, jumpToItself] = [0x0000_0513 | (value << 20), 0x0000_006f];
  return new Uint8Array(Uint32Array.of(loadImmediate, jumpToItself).buffer);
}

test(
  "decoded pages of the machine before are used where the content is the same, and nowhere else",
  async () => {
    const module = await moduleOf();
    const chassis = new Chassis(module);
    const { settings } = (await bootEmbedded({ seed: 6n })).recording;
    for (const value of [1, 1, 2, 1]) {
      const { core } = makeRun(
        chassis,
        { ...settings, harts: 1, firmware: programFor(value) },
        USUAL,
      ).machine;
      core.run(1000n);
      expect(core.readRegister(0, 10)).toBe(BigInt(value));
    }
    // Twice, because the second may not use what the friendly machine left for the first, which did not use it.
    const weak = { ...settings, chaos: parseChaos("weak-stores") };
    for (const next of [settings, settings, weak, weak, settings]) {
      expect(endOf(makeRun(chassis, next, SOON))).toEqual(endOf(makeRun(module, next, undefined)));
    }
  },
  3 * BOOT_TIMEOUT_MS,
);

test(
  "a run that goes back to a moment, or continues in another machine, goes on in the same way",
  async () => {
    const module = await moduleOf();
    const { settings } = (await bootEmbedded({ seed: 4n })).recording;
    const run = makeRun(module, settings, SOON);
    run.advanceTo(20_000_000n);
    const moment = run.moment();
    const expected = endOf(run);
    run.goTo(moment);
    expect(endOf(run)).toEqual(expected);
    const other = makeRun(module, settings, SOON);
    other.advanceTo(30_000_000n);
    restoreSnapshot(other.machine.core, moment.state);
    while (other.advanceTo(other.clock + 3_000_000n) === "running") {}
    expect(stateHash(other.machine)).toBe(expected[1]);
  },
  3 * BOOT_TIMEOUT_MS,
);
