// "Each hart's timer is its own": nothing that a task can name or do sets a timer.

import { beforeAll, describe, expect, test } from "vitest";
import { onEachMachine } from "../system/harness/each-machine.ts";
import { BOOT_TIMEOUT_MS } from "../system/harness/machine.ts";
import { type Attack, attack } from "./attack.ts";

onEachMachine("other harts' timers", (boot) => {
  // With Sstc the timer is a CSR, without it the firmware's CLINT.
  describe.each([true, false])("with Sstc: %s", (sstc) => {
    let run: Attack;
    beforeAll(async () => {
      run = await attack(boot, "timers", { sstc });
    }, BOOT_TIMEOUT_MS);

    test("the firmware sets no timer for a task", () => {
      run.expect({
        "ecall TIME set_timer": "BadCall",
        "a child's ecall TIME set_timer": "answered BadCall",
      });
    });

    test("access to a control register ends the task", () => {
      run.expect({
        "writing stimecmp": "illegal instruction",
        "reading stimecmp": "illegal instruction",
        "reading cycle": "illegal instruction",
        "writing sie": "illegal instruction",
        "writing stvec": "illegal instruction",
        sret: "illegal instruction",
        wfi: "illegal instruction",
      });
    });

    test("access to the registers of the CLINT or of any other device ends the task", () => {
      run.expect({
        "storing to mtimecmp": "store fault",
        "storing to mtimecmp in the kernel's window": "store fault",
        "loading mtime": "load fault",
        "storing to the PLIC": "store fault",
        "storing to the UART": "store fault",
        "storing to a disk's registers": "store fault",
      });
    });

    test("a task cannot map the registers of a device", () => {
      run.expect({
        "making a device": "BadArgument",
        "making an interrupt": "BadArgument",
        "making the right to harts": "BadArgument",
        "mapping a device in no slot": "BadSlot",
        "mapping the console as a device": "WrongKind",
        "mapping the CLINT by its address": "BadSlot",
        "slots that are a device": 0,
      });
    });

    test("every hart goes on ticking", () => {
      for (const hart of [0, 1, 2, 3]) {
        expect(run.number(`ticks after ${hart}`)).toBeGreaterThan(run.number(`ticks before ${hart}`));
      }
    });
  });
});
