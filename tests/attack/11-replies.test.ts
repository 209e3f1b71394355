// A reply token is good once, for the one task that got it, while its caller waits.

import { beforeAll, test } from "vitest";
import { onEachMachine } from "../system/harness/each-machine.ts";
import { BOOT_TIMEOUT_MS } from "../system/harness/machine.ts";
import { type Attack, attack } from "./attack.ts";

onEachMachine("reply tokens", (boot) => {
  let run: Attack;
  beforeAll(async () => {
    run = await attack(boot, "replies");
  }, BOOT_TIMEOUT_MS);

  test("cannot be guessed", () => {
    run.expect({ "receiving the first call": "done", "guessed tokens that were good": 0 });
  });

  test("are no use to another task", () => {
    run.expect({ "another task's reply": "NotWaiting" });
  });

  test("are good once", () => {
    run.expect({
      "the right reply": "done",
      "the same reply again": "NotWaiting",
      "receiving the second call": "done",
      "the second token differs from the first": 1,
      "the first token for the second call": "NotWaiting",
      "the right reply to the second": "done",
      "the second reply after its caller has ended": "NotWaiting",
    });
  });

  test("bring the caller the server's answer, and no other task's", () => {
    run.expect({ "the first answer is the right one": 1, "the second answer is the right one": 1 });
  });
});
