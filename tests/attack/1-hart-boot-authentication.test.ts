// "Only the kernel starts harts": a task that makes the firmware's own calls makes system calls that do not exist, and the
// kernel's calls that stop and start harts want a capability that no program of a run has.

import { beforeAll, expect, test } from "vitest";
import { onEachMachine } from "../system/harness/each-machine.ts";
import { BOOT_TIMEOUT_MS } from "../system/harness/machine.ts";
import { type Attack, attack } from "./attack.ts";

onEachMachine("starting and stopping harts from a task", (boot) => {
  let run: Attack;
  beforeAll(async () => {
    run = await attack(boot, "harts");
  }, BOOT_TIMEOUT_MS);

  test("an ecall with SBI HSM's registers is refused as an unknown system call", () => {
    run.expect({
      "ecall HSM hart_start": "BadCall",
      "ecall HSM hart_start at own code": "BadCall",
      "ecall HSM hart_stop": "BadCall",
      "a child's ecall HSM hart_start": "answered BadCall",
      "a child's ecall HSM hart_stop": "answered BadCall",
      "a child's ecall SRST": "answered BadCall",
    });
  });

  test("the kernel's calls that stop and start harts require the capability for harts", () => {
    run.expect({
      "stopHart with no capability": "BadSlot",
      "stopHart with Info": "WrongKind",
      "stopHart with the console": "WrongKind",
      "restartHart with Info": "WrongKind",
      "restartHart with an entry": "WrongKind",
    });
  });

  test("no hart started, stopped or restarted", () => {
    run.expect({ "harts online before": 4, "harts online after": 4 });
    const online = run.report.lines.filter((line) => / online$/.test(line));
    expect(online).toHaveLength(4);
    expect(run.report.lines.filter((line) => / stops$/.test(line))).toEqual([]);
  });
});
