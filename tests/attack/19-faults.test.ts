// Tasks fault on all harts at once, and their faults go to who has the right, only there, each once. When a debugger ends,
// what stands ends as well.

import { test } from "vitest";
import { type Boot, onEachMachine } from "../system/harness/each-machine.ts";
import { BOOT_TIMEOUT_MS } from "../system/harness/machine.ts";
import { attack } from "./attack.ts";

function faultsGoWhereTheyBelong(boot: Boot): void {
  test.each([1, 2, 4])(
    "go to who has the right with %i harts",
    async (smp) => {
      const run = await attack(boot, "faults", { smp });
      run.expect({
        "faults that were told": 400,
        "faults that were told wrong": 0,
        "faults that the tasks counted themselves": 400,
        "taking faults without the right": "MissingRight",
        "reading registers without the right": "MissingRight",
        "taking its own faults": "BadSlot",
        "reading registers of a task that does not stand": "BadState",
        "taking faults that another one has": "AlreadyBound",
        "giving them back for another one": "BadState",
        "reading registers for another one": "BadState",
        "writing registers for another one": "BadState",
        "resuming for another one": "BadState",
        "going on outside of user space": "BadArgument",
        "tasks that stand after their debugger dropped them": 0,
        "tasks that ended with their debuggers": 12,
      });
    },
    BOOT_TIMEOUT_MS,
  );
}

onEachMachine("faults", faultsGoWhereTheyBelong);
