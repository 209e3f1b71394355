// The same system on both machines: QEMU and the embedded one show the same lines, but for counters, hart numbers and what
// the firmware prints before the kernel.

import { describe, expect, test } from "vitest";
import { bootEmbedded } from "../machine/booting.ts";
import { BOOT_TIMEOUT_MS, bootQemu, explain, hasQemu } from "./harness/machine.ts";

/** The kernel's first line: what comes before is the firmware's. */
const FIRST_LINE = "neuron: hart0 boot";

/**
 * The lines of a console from the kernel on, every number and hash blanked, sorted: harts that run side by side have no
 * order among each other.
 */
function shapes(lines: readonly string[]): string[] {
  const start = lines.findIndex((line) => line.startsWith(FIRST_LINE));
  expect(start).toBeGreaterThanOrEqual(0);
  return lines
    .slice(start)
    .map((line) => line.replace(/\b[0-9a-f]{64}\b/g, "HASH").replace(/\d+/g, "N"))
    .sort();
}

describe.skipIf(!hasQemu)("QEMU and the embedded machine (qemu-system-riscv64 is installed)", () => {
  test.each([1, 2, 4])(
    "print the same lines at %i harts",
    async (smp) => {
      const [qemu, embedded] = [await bootQemu({ smp }), await bootEmbedded({ smp })];
      expect(qemu.ok, explain(qemu)).toBe(true);
      expect(embedded.ok, explain(embedded)).toBe(true);
      expect(shapes(embedded.lines)).toEqual(shapes(qemu.lines));
    },
    2 * BOOT_TIMEOUT_MS,
  );

  test(
    "print the same lines without a disk",
    async () => {
      const [qemu, embedded] = [await bootQemu({ disk: undefined }), await bootEmbedded({ disk: undefined })];
      expect(shapes(embedded.lines)).toEqual(shapes(qemu.lines));
    },
    2 * BOOT_TIMEOUT_MS,
  );
});
