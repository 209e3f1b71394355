// "IPIs are limited": a hart sends at most 1,000 a second, no matter what its tasks do, and the limit loses no wake-up.

import { beforeAll, describe, expect, test } from "vitest";
import { onEachMachine } from "../system/harness/each-machine.ts";
import { BOOT_TIMEOUT_MS } from "../system/harness/machine.ts";
import { type Attack, attack } from "./attack.ts";

const IPIS_PER_SECOND_MAX = 1000;
const harts = [0, 1, 2, 3];

onEachMachine("a flood of IPIs", (boot) => {
  // With ACLINT an IPI is a store, and far more of them could be sent.
  describe.each([false, true])("with ACLINT: %s", (aclint) => {
    let run: Attack;
    beforeAll(async () => {
      run = await attack(boot, "ipis", { aclint, andThen: "; nx audit" });
    }, BOOT_TIMEOUT_MS);

    test("stays within the limit on every hart, in every window", () => {
      const windows = run.number("windows");
      expect(windows).toBeGreaterThanOrEqual(3);
      for (let window = 0; window < windows; window++) {
        const seconds = Math.ceil(run.number(`window ${window} milliseconds`) / 1000);
        for (const hart of harts) {
          const sent = run.number(`window ${window} IPIs sent by hart ${hart}`);
          expect(sent).toBeLessThanOrEqual(seconds * IPIS_PER_SECOND_MAX);
        }
      }
    });

    test("has some of its IPIs held back", () => {
      expect(run.number("IPIs held back")).toBeGreaterThan(0);
    });

    test("is in the audit trail", () => {
      expect(run.trail().filter(({ kind }) => kind === "ipi-limited")).not.toEqual([]);
    });

    test("loses no wake-up", () => {
      expect(run.number("echoes heard")).toBe(run.number("echoes asked"));
      expect(run.number("echoes asked")).toBeGreaterThan(0);
      run.expect({ "flooders ended": 3, "echo ended": 1 });
    });
  });
});
