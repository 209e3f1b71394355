// "An honest disk reaches what is pinned for it, whatever its driver asks for": a program that has all of virtioblkd's rights to
// the disk, in its place, tries to make the device write elsewhere.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "../../host/root.ts";
import { readProgram } from "../../machine/host/program.ts";
import { Run } from "../../machine/host/run.ts";
import type { BuildOutputs } from "../../toolchain/compile.ts";
import { defined } from "../harness/defined.ts";
import { bootEmbedded, buildOnce as buildMachineOnce } from "../machine/booting.ts";
import { onEachMachine } from "../system/harness/each-machine.ts";
import { BOOT_TIMEOUT_MS, buildOnce, explain, pkgfsImage } from "../system/harness/machine.ts";
import { Attack } from "./attack.ts";
import { buildHostileSystem, type HostileSystem } from "./hostile-driver.ts";

const BUILD_TIMEOUT_MS = 600_000;

let system: HostileSystem;
let built: Promise<BuildOutputs>;

beforeAll(async () => {
  const usual = await buildOnce();
  system = buildHostileSystem();
  built = Promise.resolve(system.built(usual));
}, BUILD_TIMEOUT_MS);

afterAll(() => system.remove());

const refused = {
  "setting up a queue before the device is begun": "BadState",
  "pinning the console": "WrongKind",
  "pinning memory that may only be read": "MissingRight",
  "pinning more than there is": "BadArgument",
  "pinning behind the end": "BadArgument",
  "registers that took an address": 0,
  "features of the ring that were accepted": 0,
  "setting up a queue of three": "BadArgument",
  "setting up a queue of 512": "BadArgument",
  "setting up a second queue": "BadState",
  "pieces outside of a pin that were taken": 0,
  "unpinning what the device has": "BadState",
  "unpinning it for answers that were not there": "BadState",
  "unpinning all while the device works": "BadState",
  "reading into what was unpinned": "BadArgument",
  "unpinning it again": "BadState",
  "setting up a queue while the device is reset": "BadState",
  "offering memory while the device is reset": "BadState",
  "offering memory without a queue": "BadState",
  "reading into what was pinned before the reset": "BadArgument",
};

/** What it may do, so that the device is seen to work. */
const allowed = {
  pinning: "done",
  "setting up a queue": "done",
  "good reads of the first sector": 1,
  "offering the first part of a chain": "done",
  "good reads behind that": 1,
  "pinning what it drops": "done",
  "ending the job that the memory is of": "done",
  "reading into what it dropped": "done",
  "unpinning what it dropped": "done",
  "unpinning all after the reset": "done",
  "setting up a queue after the reset": "done",
};

const unharmed = {
  "bytes changed that it did not ask for": 0,
  "bytes changed in new memory": 0,
  "bytes changed in the end that it did not ask for": 0,
};

onEachMachine("a hostile driver of the disk", (boot) => {
  test.each([false, true])(
    "reaches what is pinned and nothing else, virtio-mmio version 1: %s",
    async (legacy) => {
      const report = await boot({ legacy, disk: pkgfsImage }, built);
      const attack = new Attack(report);
      attack.expect({ ...allowed, ...refused, ...unharmed });
      expect(report.panic, explain(report)).toBeUndefined();
      // The rest of the system goes on.
      expect(report.lines).toContain("SELFTEST: pkgfs fixtures ok");
    },
    BOOT_TIMEOUT_MS,
  );
});

describe("the kernel's memory", () => {
  test(
    "is the same when the attack is over",
    async () => {
      const { recording } = await bootEmbedded({}, built);
      const { wasm } = await buildMachineOnce();
      const module = await WebAssembly.compile(new Uint8Array(readFileSync(wasm)));
      const run = new Run(module, recording.settings, recording.events);
      run.advanceTo(defined(recording.end).clock);
      const { kernel } = await built;
      const { segments, entry } = readProgram(new Uint8Array(readFileSync(join(root, kernel))), "the kernel");
      const code = defined(
        segments.find(({ address }) => address === entry),
        "the kernel's code",
      );
      expect(code.bytes.length).toBeGreaterThan(50_000);
      expect(Buffer.compare(run.machine.readMemory(code.address, code.bytes.length), code.bytes)).toBe(0);
    },
    BOOT_TIMEOUT_MS,
  );
});
