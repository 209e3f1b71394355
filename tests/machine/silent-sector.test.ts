// A sector that the disk does not answer for, while another client wants another file: a person ends the program that waits
// for it by Ctrl-C, and reads on in the shell. The answers come before the driver gives the silent read up for the first time,
// four seconds later. The order of the lines on the console tells.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Event } from "../../build/gen/host/machine/core/trace.ts";
import { root } from "../../host/root.ts";
import { parseFaults } from "../../machine/host/faults.ts";
import { diskOfBytes } from "../../machine/host/machine.ts";
import { Run } from "../../machine/host/run.ts";
import { memoryMebibytes, treeForRun } from "../../toolchain/dts/contract.ts";
import { nonceOfSeed } from "../../tools/boot/machines/embedded.ts";
import { BOOT_TIMEOUT_MS, buildOnce } from "./booting.ts";
import { HARTS, imageWithLong } from "./disturbed.ts";

/** How long anything may take, in instructions with the time that is skipped: six seconds. */
const PATIENCE = 6_000_000_000n;
const SEED = 1n;
const PROMPT = "nx> ";
const QUEUE_NOTIFY = 0x1000_1050n;
const CTRL_C = "\x03";

const SILENT = "run nx cat fixtures/long.bin\n";
const OTHER = "cat fixtures/hello.txt\n";
const hello = readFileSync(join(root, "pkg/fixtures/hello.txt"), "utf8").trimEnd();
const GIVEN_UP = "virtioblkd: device fault=72(DeadlineMissed) resets=1 recovered";

const scratch = mkdtempSync(join(tmpdir(), "neuron-silent-test-"));
afterAll(() => rmSync(scratch, { recursive: true }));

/** A person at the shell of a machine. */
class Terminal {
  text = "";
  /** Requests that the disk was given. */
  requests = 0;
  private readonly run: Run;
  private seen = 0;

  constructor(run: Run) {
    this.run = run;
    run.listen(({ kind, first }) => {
      this.requests += kind === Event.DeviceWrite && first === QUEUE_NOTIFY ? 1 : 0;
    });
  }

  /** Waits until the console shows this, behind what was waited for before. */
  sees(words: string): void {
    const at = (): number => this.text.indexOf(words, this.seen);
    this.run.onByte = (byte) => {
      this.text += String.fromCharCode(byte);
      return at() >= 0;
    };
    if (at() < 0 && this.run.advanceTo(this.run.clock + PATIENCE) !== "stopped") {
      throw new Error(`the run ended without "${words}":\n${this.text}`);
    }
    this.seen = at() + words.length;
  }

  /** Waits until the disk was given one more request. */
  asksTheDisk(): void {
    const before = this.requests;
    this.run.onByte = (byte) => {
      this.text += String.fromCharCode(byte);
      return false;
    };
    for (let turns = 0; this.requests === before && turns < 100_000; turns += 1) {
      this.run.advanceTo(this.run.clock + 1000n);
    }
    expect(this.requests).toBe(before + 1);
  }

  types(text: string): void {
    for (const byte of new TextEncoder().encode(text)) {
      expect(this.run.input(byte)).toBe(true);
    }
  }
}

describe.each([
  [2, false],
  [1, true],
] as const)("virtio-mmio version %i", (_version, legacy) => {
  let start: (plan: string) => Terminal;

  beforeAll(async () => {
    const { outputs, wasm } = await buildOnce();
    const read = (file: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(file));
    const module = new WebAssembly.Module(read(wasm));
    const tree = read(join(root, outputs.deviceTree));
    const disk = read(await imageWithLong(scratch));
    const options = {
      smp: HARTS,
      sstc: true,
      aclint: false,
      zbb: false,
      nonce: nonceOfSeed(SEED),
      run: "nx",
    };
    start = (plan) =>
      new Terminal(
        new Run(module, {
          harts: HARTS,
          ramMebibytes: memoryMebibytes(tree),
          seed: SEED,
          chaos: 0,
          sstc: true,
          aclint: false,
          zbb: false,
          kernel: read(join(root, outputs.kernel)),
          tree: treeForRun(tree, options),
          disk: { content: diskOfBytes(disk), slot: 0, legacy },
          faults: plan === "" ? [] : parseFaults(plan),
        }),
      );
  }, BOOT_TIMEOUT_MS);

  test(
    "no client waits for another's disk",
    () => {
      const calm = start("");
      calm.sees(PROMPT);
      const silent = calm.requests + 1;

      const person = start(`never@${silent}`);
      person.sees(PROMPT);
      person.types(SILENT);
      person.asksTheDisk();
      expect(person.requests).toBe(silent);
      person.types(CTRL_C);
      person.sees("was ended by Ctrl-C");
      person.sees(PROMPT);
      // This file is not in the cache either.
      person.types(OTHER);
      person.sees(hello);
      expect(person.requests).toBeGreaterThan(silent);
      expect(person.text).not.toContain(GIVEN_UP);

      // Only then the silent read has had its time.
      person.sees(GIVEN_UP);
    },
    BOOT_TIMEOUT_MS,
  );
});
