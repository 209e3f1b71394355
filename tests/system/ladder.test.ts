// The marker contract on QEMU: one to four harts, with and without a disk, both virtio-mmio versions, every slot that
// matters, the tree that QEMU makes itself, with and without Sstc.

import { describe, expect, test } from "vitest";
import type { BootRequest } from "../../tools/boot/run.ts";
import { BOOT_TIMEOUT_MS, bootQemu, explain, hasQemu } from "./machine.ts";

const machines: [name: string, change: Partial<BootRequest>][] = [
  ["virtio-mmio version 1", { legacy: true }],
  ["the disk in the last slot, as a plain command line puts it", { slot: "last" }],
  ["the disk in slot 3", { slot: 3, smp: 2 }],
  ["the tree that QEMU makes itself", { machineTree: true }],
  [
    "the tree that QEMU makes itself, a plain disk of version 1",
    { machineTree: true, slot: "last", legacy: true },
  ],
  ["timers by firmware: no Sstc", { sstc: false }],
  ["ACLINT software interrupts", { aclint: true }],
];

describe.skipIf(!hasQemu)("QEMU climbs the ladder (qemu-system-riscv64 is installed)", () => {
  test.each([1, 2, 3, 4])(
    "at %i harts, with a disk",
    async (smp) => {
      const report = await bootQemu({ smp });
      expect(report.ok, explain(report)).toBe(true);
      expect(report.proofs.map((proof) => proof.name)).toEqual(["smp-ticks", "smp-ipi", "pkgfs"]);
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
