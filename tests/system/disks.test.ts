// Disks that are not as usual: those that can be used are used, and each that cannot be says what it is.

import { describe, expect, test } from "vitest";
import { bootWith } from "./disks.ts";
import { BOOT_TIMEOUT_MS, explain, hasQemu } from "./machine.ts";

/** What QEMU is told of every disk of the machine. */
function everyDisk(property: string): string[] {
  return ["-global", `virtio-blk-device.${property}`];
}

describe.skipIf(!hasQemu)("a disk of QEMU (qemu-system-riscv64 is installed)", () => {
  test.each([
    [512, false],
    [1024, false],
    [4096, false],
    [4096, true],
  ])(
    "whose own block has %i bytes passes every self-test (legacy: %s)",
    async (bytes, legacy) => {
      const report = await bootWith(
        [...everyDisk(`logical_block_size=${bytes}`), ...everyDisk(`physical_block_size=${bytes}`)],
        { legacy, run: "selftest-client; nx hw vblk info" },
      );
      expect(report.ok, explain(report)).toBe(true);
      expect(report.lines.filter((line) => line.includes("FAILED"))).toEqual([]);
      expect(report.lines.some((line) => line.startsWith("selftest: refusals ok"))).toBe(true);
      expect(report.lines.find((line) => line.startsWith("nx: vblk"))).toContain(` block_size=${bytes} `);
    },
    BOOT_TIMEOUT_MS,
  );
});
