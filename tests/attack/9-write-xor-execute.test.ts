// No page is writable and executable, and no task reaches the kernel's memory, neither by asking for a mapping nor by
// trying the access.

import { beforeAll, test } from "vitest";
import { onEachMachine } from "../system/harness/each-machine.ts";
import { BOOT_TIMEOUT_MS } from "../system/harness/machine.ts";
import { type Attack, attack } from "./attack.ts";

onEachMachine("memory", (boot) => {
  let run: Attack;
  beforeAll(async () => {
    run = await attack(boot, "memory");
  }, BOOT_TIMEOUT_MS);

  test("no page can be mapped writable and executable, or with rights that do not exist", () => {
    run.expect({
      "mapping RWX": "BadArgument",
      "mapping WX": "BadArgument",
      "mapping W": "BadArgument",
      "mapping with all rights": "BadArgument",
      "mapping with rights of 33 bits": "BadArgument",
    });
  });

  test("a page that is mapped cannot be mapped over", () => {
    run.expect({
      "mapping W over R-X of its own": "Overlap",
      "mapping over the stack": "Overlap",
      "mapping over the startup page": "Overlap",
      "mapping over the message page": "Overlap",
      "unmapping the message page": "BadArgument",
      "mapping with no capability": "BadSlot",
      "mapping the console": "WrongKind",
    });
  });

  test("no page can be mapped outside of user space", () => {
    run.expect({
      "mapping at null": "BadArgument",
      "mapping at the kernel": "BadArgument",
      "mapping at the kernel's low half": "BadArgument",
      "mapping at the device window": "BadArgument",
      "mapping at the end of user space": "BadArgument",
      "mapping across the end of user space": "BadArgument",
      "mapping in the hole of Sv39": "BadArgument",
      "mapping so that 32 bits wrap": "BadArgument",
    });
  });

  test("no page beyond the end of a memory object can be mapped", () => {
    run.expect({
      "mapping past the object": "BadArgument",
      "mapping from past the object": "BadArgument",
      "mapping so that offset and length wrap": "BadArgument",
      "mapping a length of 2^32": "BadArgument",
    });
  });

  test("the kernel cannot be read, written or entered", () => {
    run.expect({
      "reading the kernel": "load fault",
      "reading the kernel's data": "load fault",
      "reading the kernel by its physical address": "load fault",
      "reading the firmware": "load fault",
      "writing the kernel": "store fault",
      "jumping into the kernel": "instruction fault",
      "reading null": "load fault",
      "reading the hole of Sv39": "load fault",
      "writing satp": "illegal instruction",
      "sfence.vma": "illegal instruction",
    });
  });

  test("code cannot be written, and data cannot be run", () => {
    run.expect({
      "writing its own code": "store fault",
      "running its own data": "instruction fault",
      "running its message page": "instruction fault",
    });
  });
});
