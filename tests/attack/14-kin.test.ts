// What a task made ends with it, and the kernel gets all of it back: no task outlives its maker, no object keeps itself
// alive, and a task that is killed ends although it never gets a hart.

import { beforeAll, describe, expect, test } from "vitest";
import { onEachMachine } from "../system/harness/each-machine.ts";
import { BOOT_TIMEOUT_MS } from "../system/harness/machine.ts";
import { type Attack, attack } from "./attack.ts";

onEachMachine("tasks that try to outlive their maker", (boot) => {
  describe.each([1, 2, 4])("with %i harts", (smp) => {
    let run: Attack;
    beforeAll(async () => {
      run = await attack(boot, "kin", { smp });
    }, BOOT_TIMEOUT_MS);

    test("unborn tasks that hold themselves, each other and memory end with their maker", () => {
      run.expect({ "pairs made": 4, "tasks left of the pairs": 0, "bytes left of the pairs": 0 });
    });

    test("running children that no capability names any more end with their maker", () => {
      run.expect({
        "starting a child that spins": "done",
        "tasks left of the children": 0,
        "bytes left of the children": 0,
      });
    });

    test("a killed task that waits for a hart ends at once, and killed tasks that run end soon", () => {
      run.expect({
        "killing a task that never gets a hart": "done",
        "its state right after": 1,
        "tasks that spin and were ended": 6,
      });
    });

    test("the kernel does not panic", () => {
      expect(run.report.panic).toBeUndefined();
    });
  });
});
