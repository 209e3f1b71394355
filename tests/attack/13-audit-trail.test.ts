// What is refused is on record: capabilities, tasks that were ended, writes to the disk, harts that started.

import { beforeAll, expect, test } from "vitest";
import { onEachMachine } from "../system/each-machine.ts";
import { BOOT_TIMEOUT_MS } from "../system/machine.ts";
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

  test("has every capability that was refused, in order, with the reason", () => {
    run.expect({ "signalling the console": "WrongKind", "sending the console along": "MissingRight" });
    const console = run.number("slot of the console");
    const service = run.number("slot of the service");
    const info = run.number("slot of Info");
    expect(told("capability-refused")).toEqual([
      `slot ${console}: WrongKind`,
      `slot ${info}: WrongKind`,
      "slot 63: BadSlot",
      "slot 62: BadSlot",
      `slot ${service}: MissingRight`,
      `slot ${console}: MissingRight`,
      `slot ${console}: MissingRight`,
    ]);
  });

  test("has the task that was ended, with the address", () => {
    expect(told("task-ended")).toContain("it read where it may not, at 0x0");
  });

  test("has the write to the disk, with its sector", () => {
    run.expect({ "writing to the disk": "readOnly" });
    expect(told("block-refused")).toEqual([expect.stringMatching(/^client \d+, method 3, sector 7$/)]);
  });

  test("has every hart that started, by both of its numbers", () => {
    const started = told("hart-started").map((what) => /^hart (\d), hart id (\d+)$/.exec(what)?.slice(1));
    expect(started.map((numbers) => numbers?.[0])).toEqual(["0", "1", "2", "3"]);
    expect(new Set(started.map((numbers) => numbers?.[1])).size).toBe(4);
  });
});
