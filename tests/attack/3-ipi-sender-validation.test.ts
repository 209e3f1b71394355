// "The sender of an IPI cannot be forged": no task can raise an IPI, or write the memory that names its sender.

import { beforeAll, describe, expect, test } from "vitest";
import { onEachMachine } from "../system/harness/each-machine.ts";
import { BOOT_TIMEOUT_MS } from "../system/harness/machine.ts";
import { type Attack, attack } from "./attack.ts";

// With ACLINT the SSWI device is really there: a store to it would interrupt a hart.
onEachMachine("IPIs in another's name", (boot) => {
  describe.each([false, true])("with ACLINT: %s", (aclint) => {
    let run: Attack;
    beforeAll(async () => {
      run = await attack(boot, "senders", { aclint });
    }, BOOT_TIMEOUT_MS);

    test("the firmware sends no IPI for a task", () => {
      run.expect({ "ecall IPI send_ipi": "BadCall", "a child's ecall IPI send_ipi": "answered BadCall" });
    });

    test("a task cannot reach the registers and the memory behind IPIs", () => {
      run.expect({
        "setting SSIP": "illegal instruction",
        "clearing sip": "illegal instruction",
        "reading mhartid": "illegal instruction",
        "reading sscratch": "illegal instruction",
        "storing to SSWI": "store fault",
        "storing to SSWI in the kernel's window": "store fault",
        "storing to MSWI": "store fault",
        "storing to the kernel's data": "store fault",
      });
    });

    test("the one system call that sends an IPI takes only a target, which has to be online", () => {
      run.expect({ "yieldTo hart 4": "HartOffline", "yieldTo hart 2^32": "HartOffline" });
    });

    test("the receivers have counted as many IPIs from a hart as that hart has sent", () => {
      for (const hart of [0, 1, 2, 3]) {
        expect(run.number(`IPIs to itself of hart ${hart}`)).toBe(0);
        // One may be under way at the moment of asking, to each of the others.
        const underWay = run.number(`IPIs sent by hart ${hart}`) - run.number(`IPIs taken from hart ${hart}`);
        expect(Math.abs(underWay)).toBeLessThanOrEqual(3);
      }
    });
  });
});
