// The whole system on the embedded machine: it prints the same markers as on QEMU, and the same seed gives the same run.

import { describe, expect, test } from "vitest";
import { BOOT_TIMEOUT_MS, type BootChange, bootEmbedded, explain } from "./booting.ts";

const machines: [name: string, change: BootChange][] = [
  ["four harts", {}],
  ["three harts", { smp: 3 }],
  ["two harts", { smp: 2 }],
  ["one hart", { smp: 1 }],
  ["virtio-mmio version 1", { legacy: true }],
  ["the disk in the last slot", { slot: "last" }],
  ["no disk", { disk: undefined }],
  ["a processor without Sstc", { sstc: false }],
  ["ACLINT software interrupts", { aclint: true }],
  ["a processor with Zbb", { zbb: true }],
];

describe("the marker ladder", () => {
  test.each(machines)(
    "%s",
    async (_name, change) => {
      const report = await bootEmbedded(change);
      expect(report.ok, explain(report)).toBe(true);
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "with eight seeds, by which each hart is the boot hart",
    async () => {
      for (let seed = 1n; seed <= 8n; seed++) {
        const report = await bootEmbedded({ seed });
        expect(report.ok, `seed ${seed}: ${explain(report)}`).toBe(true);
      }
    },
    BOOT_TIMEOUT_MS,
  );
});

test(
  "a boot takes fewer instructions if the guest can use Zbb",
  async () => {
    const [plain, zbb] = [await bootEmbedded(), await bootEmbedded({ zbb: true })];
    expect(Number(zbb.instructions)).toBeLessThan(0.97 * Number(plain.instructions));
  },
  BOOT_TIMEOUT_MS,
);

describe("a seed", () => {
  test(
    "gives the same console and the same state each time",
    async () => {
      const first = await bootEmbedded({ seed: 7n });
      const again = await bootEmbedded({ seed: 7n });
      expect(again.lines).toEqual(first.lines);
      expect(again.consoleHash).toBe(first.consoleHash);
      expect(again.stateHash).toBe(first.stateHash);
      expect(again.instructions).toBe(first.instructions);
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "gives a different state than another seed",
    async () => {
      const [one, two] = [await bootEmbedded({ seed: 1n }), await bootEmbedded({ seed: 2n })];
      expect(two.nonce).not.toBe(one.nonce);
      expect(two.stateHash).not.toBe(one.stateHash);
    },
    BOOT_TIMEOUT_MS,
  );
});
