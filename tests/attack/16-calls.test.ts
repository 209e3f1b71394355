// Several tasks on several harts make random system calls at once: the system lives, and afterwards the kernel holds
// nothing that no living task holds. The embedded machine counts what the kernel holds when every hart waits (./nx explore).

import { describe, expect, test } from "vitest";
import { BOOT_TIMEOUT_MS, bootQemu, explain, hasQemu } from "../system/harness/machine.ts";
import { withExplorer } from "../tools/explore/here.ts";

const SEEDS = 24;
const RUN = "attacker calls";

describe.each([1, 2, 4])("random system calls with %i harts", (smp) => {
  test.each([undefined, "all"])(
    "leave nothing behind on the embedded machine (chaos: %s)",
    (chaos) =>
      withExplorer({ smp, run: RUN, ...(chaos !== undefined && { chaos }) }, async ({ explore }) => {
        for (let seed = 1n; seed <= SEEDS; seed++) {
          expect(await explore(seed)).toMatchObject({ ok: true, problems: [] });
        }
      }),
    BOOT_TIMEOUT_MS,
  );

  test.skipIf(!hasQemu)(
    "come to their end on QEMU (qemu-system-riscv64 is installed)",
    async () => {
      const report = await bootQemu({ smp, run: RUN });
      expect(report.ok, explain(report)).toBe(true);
      expect(report.lines).toContain("attack: end");
    },
    BOOT_TIMEOUT_MS,
  );
});
