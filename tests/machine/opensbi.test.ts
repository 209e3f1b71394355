// A real OpenSBI in machine mode boots the kernel. So the core is a RISC-V machine, and not only a host for our firmware.

import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { BOOT_TIMEOUT_MS, bootEmbedded, explain } from "./booting.ts";

/** The paths of OpenSBI in Debian's packages qemu-system-data and opensbi. */
const places = [
  "/usr/share/qemu/opensbi-riscv64-generic-fw_dynamic.bin",
  "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin",
];
const place = places.find((file) => existsSync(file));

describe.skipIf(place === undefined)("OpenSBI from Debian", () => {
  test.each([
    ["four harts, Sstc", 4, true, 0],
    ["two harts, timers by firmware", 2, false, 0],
    ["four harts, every kind of chaos", 4, true, 1023],
  ])(
    "boots the kernel to the same markers: %s",
    async (_, smp, sstc, chaos) => {
      const report = await bootEmbedded({
        ...(place !== undefined && { firmware: place }),
        smp,
        sstc,
        chaos,
      });
      expect(explain(report)).toContain("selftest: births ok");
      expect(report.problems).toEqual([]);
    },
    BOOT_TIMEOUT_MS,
  );
});
