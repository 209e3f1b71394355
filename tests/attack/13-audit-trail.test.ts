// What is refused is on record: capabilities, tasks that were ended, writes to the disk, harts that started.

import { beforeAll, expect, test } from "vitest";
import { defined } from "../harness/defined.ts";
import { onEachMachine } from "../system/harness/each-machine.ts";
import { BOOT_TIMEOUT_MS } from "../system/harness/machine.ts";
import { type Attack, attack } from "./attack.ts";

onEachMachine("the audit trail", (boot) => {
  let run: Attack;
  beforeAll(async () => {
    run = await attack(boot, "trail", { andThen: "; nx audit" });
  }, BOOT_TIMEOUT_MS);

  const told = (kind: string): string[] =>
    run
      .trail()
      .filter((record) => record.kind === kind)
      .map(({ what }) => what);

  test("records every capability that was refused, in order, with the reason", () => {
    run.expect({ "signalling the console": "WrongKind", "sending the console along": "MissingRight" });
    const console = run.number("slot of the console");
    const service = run.number("slot of the service");
    const info = run.number("slot of Info");
    const refused = run.trail().filter(({ kind }) => kind === "capability-refused");
    const own = refused.filter(({ task }) => task === refused[0]?.task);
    expect(own.map(({ what, times }) => [what, times])).toEqual([
      [`slot ${console}: WrongKind`, 1],
      [`slot ${info}: WrongKind`, 1],
      ["slot 63: BadSlot", 1],
      ["slot 62: BadSlot", 1],
      [`slot ${service}: MissingRight`, 1],
      // Granted, and sent along.
      [`slot ${console}: MissingRight`, 2],
    ]);
  });

  test("keeps a task's records when other tasks are refused often: they push out only their own", () => {
    run.expect({ "a child that floods has left": 1, "its last attempt": "BadSlot" });
    const refused = run.trail().filter(({ kind }) => kind === "capability-refused");
    const flood = refused.filter(({ task }) => task !== refused[0]?.task).map(({ task }) => task);
    // Two tasks of one number are two tasks.
    const tasks = [...new Set(flood)];
    expect(tasks).toHaveLength(2);
    for (const task of tasks) {
      expect(flood.filter((each) => each === task)).toHaveLength(8);
    }
    const [first, second] = [defined(tasks[0]), defined(tasks[1])];
    expect(second.split(".")[0]).toBe(first.split(".")[0]);
  });

  test("records the task that was ended, with the address of its fault", () => {
    expect(told("task-ended")).toContain("it read where it may not, at 0x0");
  });

  test("records the write to the disk, with its sector", () => {
    run.expect({ "writing to the disk": "readOnly" });
    expect(told("block-refused")).toEqual([
      expect.stringMatching(/^client \d+, method 3\(write\), sector 7$/),
    ]);
  });

  test("records every hart that started, by both of its numbers", () => {
    const started = told("hart-started").map((what) => /^hart (\d), hart id (\d+)$/.exec(what)?.slice(1));
    expect(started.map((numbers) => numbers?.[0])).toEqual(["0", "1", "2", "3"]);
    expect(new Set(started.map((numbers) => numbers?.[1])).size).toBe(4);
  });
});
