// "The disk is read-only": a write is an error, is on record, and changes nothing; and a read stays on the disk and in the
// memory that was shared for it.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { onEachMachine } from "../system/harness/each-machine.ts";
import { BOOT_TIMEOUT_MS, buildOnce, pkgfsImage } from "../system/harness/machine.ts";
import { type Attack, attack } from "./attack.ts";

function imageHash(): string {
  return createHash("sha256").update(readFileSync(pkgfsImage)).digest("hex");
}

onEachMachine("writing to the disk", (boot) => {
  describe.each([false, true])("virtio-mmio version 1: %s", (legacy) => {
    let run: Attack;
    let before = "";
    beforeAll(async () => {
      await buildOnce();
      before = imageHash();
      run = await attack(boot, "disk", { legacy });
    }, BOOT_TIMEOUT_MS);

    test("every write is refused with an error", () => {
      run.expect({
        "read-only": 1,
        "writing the first sector": "readOnly",
        "writing the last sector": "readOnly",
        "writing behind the end": "readOnly",
        "writing nothing": "readOnly",
      });
    });

    test("the writes change nothing, in the guest or on the host", () => {
      run.expect({
        "reading the first sector, before the writes": "ok",
        "reading the first sector, after the writes": "ok",
        "the first sector has changed": 0,
      });
      expect(imageHash()).toBe(before);
    });

    test("a read beyond the disk, or of a wrong number of sectors, is refused", () => {
      run.expect({
        "reading at the end": "outOfRange",
        "reading across the end": "outOfRange",
        "reading at the last of all sectors": "outOfRange",
        "reading at 2^55": "outOfRange",
        "reading no sectors": "badCount",
        "reading 257 sectors": "badCount",
        "reading 2^32 - 1 sectors": "badCount",
      });
    });

    test("a read into memory that was not shared is refused", () => {
      run.expect({
        "attaching more than there is": "attachRefused",
        "attaching all of the address space": "attachRefused",
        "attaching memory that may only be read": "attachRefused",
        "reading more than was attached": "outOfMemoryObject",
        "reading to behind what was attached": "outOfMemoryObject",
        "reading over the edge": "outOfMemoryObject",
        "reading to far outside": "outOfMemoryObject",
        "reading to an odd place": "outOfMemoryObject",
        "bytes changed outside of what was attached": 0,
      });
    });

    test("no client can use the device, or pin memory for it, by itself", () => {
      run.expect({
        "pinning for a device in no slot": "BadSlot",
        "pinning for the console": "WrongKind",
        "resetting a device in no slot": "BadSlot",
        "resetting the console": "WrongKind",
        "setting up a queue for a device in no slot": "BadSlot",
        "offering memory to a device in no slot": "BadSlot",
        "offering memory to the console": "WrongKind",
      });
    });
  });
});
