// One task takes everything there is: the services that run go on, and when it ends the kernel gets everything back.

import { beforeAll, expect, test } from "vitest";
import { onEachMachine } from "../system/harness/each-machine.ts";
import { BOOT_TIMEOUT_MS } from "../system/harness/machine.ts";
import { type Attack, attack } from "./attack.ts";

onEachMachine("a task that takes everything", (boot) => {
  let run: Attack;
  beforeAll(async () => {
    run = await attack(boot, "resources");
  }, BOOT_TIMEOUT_MS);

  test("gets all there is, and no more", () => {
    run.expect({
      "the glutton is full": 1,
      "another endpoint": "Quota",
      "another notification": "Quota",
      "another memory object of 16 MiB": "Quota",
    });
  });

  test("does not stop the services from working", () => {
    run.expect({ "reading the disk meanwhile": "ok", "opening a file meanwhile": 0, "closing it": 0 });
  });

  test("gives everything back when it ends", () => {
    run.expect({ "the glutton has ended": 1 });
    expect(run.number("free bytes after")).toBe(run.number("free bytes before"));
    expect(run.number("tasks after")).toBe(run.number("tasks before"));
    expect(run.number("objects to be had after")).toBe(run.number("objects to be had before"));
    expect(run.number("objects to be had before")).toBeGreaterThan(100);
  });
});
