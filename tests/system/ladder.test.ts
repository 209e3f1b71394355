// The marker contract on QEMU: one to four harts in both profiles and over both virtio-mmio versions, with and without a
// disk, every slot that matters, the tree that QEMU makes itself, with and without Sstc.

import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../../host/root.ts";
import { type BuildOutputs, build } from "../../toolchain/compile.ts";
import type { BootRequest } from "../../tools/boot/run.ts";
import { BOOT_TIMEOUT_MS, bootQemu, buildOnce, explain, hasQemu } from "./harness/machine.ts";

const machines: [name: string, change: Partial<BootRequest>][] = [
  ["the disk in the last slot, as a plain command line puts it", { slot: "last" }],
  ["the disk in slot 3", { slot: 3, smp: 2 }],
  ["the tree that QEMU makes itself", { machineTree: true }],
  [
    "the tree that QEMU makes itself, a plain disk of version 1",
    { machineTree: true, slot: "last", legacy: true },
  ],
  ["timers by firmware: no Sstc", { sstc: false }],
  ["ACLINT software interrupts", { aclint: true }],
  ["a processor with Zbb", { zbb: true }],
  ["the tree that QEMU makes of a processor with Zbb", { zbb: true, machineTree: true }],
];

/** Every number of harts, in both profiles, over both versions of virtio-mmio. */
const matrix = [1, 2, 3, 4].flatMap((smp) =>
  (["bringup", "production"] as const).flatMap((profile) =>
    [false, true].map((legacy) => ({ smp, profile, version: legacy ? 1 : 2, legacy })),
  ),
);

/** What self-tests prove: a production build says nothing of harts and times, so only what was read is left. */
const proofsOf = { bringup: ["smp-ticks", "smp-ipi", "pkgfs"], production: ["pkgfs"] };

let production: Promise<BuildOutputs> | undefined;
function productionOnce(): Promise<BuildOutputs> {
  production ??= build({ profile: "production", progress: { start: () => () => {}, note: () => {} } });
  return production;
}

describe.skipIf(!hasQemu)("QEMU climbs the ladder (qemu-system-riscv64 is installed)", () => {
  test.each(matrix)(
    "at $smp harts, $profile, virtio-mmio $version",
    async ({ smp, profile, legacy }) => {
      const outputs = profile === "bringup" ? buildOnce() : productionOnce();
      const disk = join(root, (await outputs).packageImage);
      const report = await bootQemu({ smp, profile, legacy, disk }, outputs);
      expect(report.ok, explain(report)).toBe(true);
      expect(report.proofs.map((proof) => proof.name)).toEqual(proofsOf[profile]);
    },
    BOOT_TIMEOUT_MS,
  );

  test.each([1, 2, 3, 4])(
    "at %i harts, without a disk",
    async (smp) => {
      const report = await bootQemu({ smp, disk: undefined });
      expect(report.ok, explain(report)).toBe(true);
      expect(report.lines.filter((line) => line.startsWith("virtioblkd: ready"))).toEqual([]);
    },
    BOOT_TIMEOUT_MS,
  );

  test.each(machines)(
    "with %s",
    async (_name, change) => {
      const report = await bootQemu(change);
      expect(report.ok, explain(report)).toBe(true);
    },
    BOOT_TIMEOUT_MS,
  );
});
