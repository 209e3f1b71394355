// Capabilities cannot be forged, do not outlive their slot, and never grow: not by a copy, a grant or a message.

import { beforeAll, test } from "vitest";
import { onEachMachine } from "../system/harness/each-machine.ts";
import { BOOT_TIMEOUT_MS } from "../system/harness/machine.ts";
import { type Attack, attack } from "./attack.ts";

onEachMachine("capabilities", (boot) => {
  let run: Attack;
  beforeAll(async () => {
    run = await attack(boot, "capabilities");
  }, BOOT_TIMEOUT_MS);

  test("a task cannot guess its way to a capability", () => {
    run.expect({
      "slots that turn the machine off": 0,
      "slots behind the table that can be copied": 0,
      "dropping a slot past the table": "BadSlot",
      "dropping itself": "BadSlot",
    });
  });

  test("a dropped slot is empty, and is judged by its new capability once it is used again", () => {
    run.expect({
      "signalling what was dropped": "BadSlot",
      "waiting at what was dropped": "BadSlot",
      "copying what was dropped": "BadSlot",
      "dropping twice": "BadSlot",
      "the slot is used again": 1,
      "signalling what took its place": "WrongKind",
      "mapping what was dropped": "BadSlot",
    });
  });

  test("a copy has no right that the original lacks", () => {
    run.expect({
      "mapping W by a copy for reading": "MissingRight",
      "mapping W by a copy of the copy with all rights": "MissingRight",
      "mapping X by it": "MissingRight",
      "a badge for memory": "WrongKind",
      "a badge for a service": "MissingRight",
      "receiving for a service by a copy with all rights": "MissingRight",
      "owning the console by a copy with all rights": "MissingRight",
      "reading the console by it": "MissingRight",
    });
  });

  test("a capability without Right.Transfer cannot be granted, and a task that has ended gets no grant", () => {
    run.expect({
      "granting what must not travel": "MissingRight",
      "granting an empty slot": "BadSlot",
      "granting past the table": "BadSlot",
      "granting to itself": "BadSlot",
      "granting to a service": "WrongKind",
      "granting memory with a badge": "WrongKind",
      granting: "done",
      "granting over it": "BadSlot",
      "starting in the kernel": "BadArgument",
      "granting to a task that has ended": "BadState",
      "starting a task that has ended": "BadState",
    });
  });

  test("a grant has no right that was not granted", () => {
    run.expect({
      "a child's copy with all rights": "done",
      "a child's waiting with Send only": "MissingRight",
      "a child's waiting with the copy": "MissingRight",
    });
  });

  test("a capability that came with a message has no right that was not sent with it", () => {
    run.expect({
      "receiving a capability": "done",
      "the badge that came along": 5,
      "signalling by what arrived": "done",
      "waiting by what arrived": "MissingRight",
      "a child's sending of what may travel": "done",
      "a child's sending of what may not travel": "MissingRight",
      "a child's other badge": "MissingRight",
      "a child's receiving with Send only": "MissingRight",
      "sending the console along": "MissingRight",
    });
  });

  test("only a task that was given the audit trail can read or write it", () => {
    run.expect({
      "writing to the audit trail with Info": "WrongKind",
      "reading the audit trail with Info": "WrongKind",
    });
  });
});
