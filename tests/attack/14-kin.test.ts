// What a task made ends with it, and comes back whole: no task outlasts its maker, no object keeps itself alive, and
// who is to
// end ends although it never gets a hart.

import { beforeAll, describe, expect, test } from "vitest";
import { onEachMachine } from "../system/harness/each-machine.ts";
import { BOOT_TIMEOUT_MS } from "../system/harness/machine.ts";
import { type Attack, attack } from "./attack.ts";

onEachMachine("tasks that are to outlast their maker", (boot) => {
  describe.each([1, 2, 4])("with %i harts", (smp) => {
    let run: Attack;
    beforeAll(async () => {
      run = await attack(boot, "kin", { smp });
    }, BOOT_TIMEOUT_MS);

    test("unborn ones that hold themselves, each other and memory end with it", () => {
      run.expect({ "pairs made": 4, "tasks left of the pairs": 0, "bytes left of the pairs": 0 });
    });

    test("children that no capability names any more end with it", () => {
      run.expect({
        "starting a child that spins": "done",
        "tasks left of the children": 0,
        "bytes left of the children": 0,
      });
    });

    test("one that is killed while it waits for a hart ends at once, and those that have one end soon", () => {
      run.expect({
        "killing a task that never gets a hart": "done",
        "its state right after": 1,
        "tasks that spin and were ended": 6,
      });
    });

    test("nothing of the kernel's is the worse for it", () => {
      expect(run.report.panic).toBeUndefined();
    });
  });
});
