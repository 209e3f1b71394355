// Several tasks on several harts make random system calls at once: the system lives, and afterwards the kernel holds
// nothing that no living task holds. The embedded machine counts what the kernel holds when every hart waits (./nx explore).

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { anything, readJson } from "../../host/json.ts";
import { root } from "../../host/root.ts";
import { BOOT_TIMEOUT_MS, bootQemu, explain, hasQemu } from "../system/harness/machine.ts";

const SEEDS = 24;
const RUN = "attacker calls";

describe.each([1, 2, 4])("random system calls with %i harts", (smp) => {
  test.each(["", "--chaos"])(
    "leave nothing behind on the embedded machine %s",
    (chaos) => {
      const words = ["explore", "--seeds", `1..${SEEDS}`, "--smp", String(smp), "--run", RUN, "--json"];
      const found = spawnSync(join(root, "nx"), [...words, ...(chaos === "" ? [] : [chaos])], {
        cwd: root,
        encoding: "utf8",
        maxBuffer: 2 ** 26,
      });
      const report = readJson(found.stdout, "the report", anything);
      expect(report, found.stderr).toMatchObject({ ok: true, seeds: SEEDS, failed: [] });
    },
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
