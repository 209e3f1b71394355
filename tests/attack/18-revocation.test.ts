// What was lent is taken back while those who have it, on harts of their own, map it, copy it, lend it on and send it to each
// other. Then each of them shows that it has nothing of it.

import { test } from "vitest";
import { type Boot, onEachMachine } from "../system/harness/each-machine.ts";
import { BOOT_TIMEOUT_MS } from "../system/harness/machine.ts";
import { attack } from "./attack.ts";

function nothingIsKept(boot: Boot): void {
  test.each([1, 2, 4])(
    "leaves nothing behind with %i harts",
    async (smp) => {
      const run = await attack(boot, "revocation", { smp });
      run.expect({
        "times that it was taken back": 16,
        "times that a thief had it before": 16,
        "times that all thieves showed what they have": 16,
        "references that a thief kept": 0,
        "pages that a thief could still read": 0,
        "slots that a thief could still use": 0,
      });
    },
    BOOT_TIMEOUT_MS,
  );
}

onEachMachine("taking back what was lent", nothingIsKept);
