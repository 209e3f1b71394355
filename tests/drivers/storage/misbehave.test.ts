// A device that lies, jumps, goes silent or changes its mind. Each time: the fault has its name, the device was reset,
// no read is left without an end, none ends twice, and the next read works.

import { describe, expect, test } from "vitest";
import { defined } from "../../harness/defined.ts";
import { FakeBlockDevice } from "../../harness/fake-device.ts";
import { diskByte, type Lies } from "../../harness/fake-options.ts";
import { TestDisk } from "./disk.ts";

/** One good read, to show that the disk works (again). */
function readsWell(disk: TestDisk): void {
  const at = disk.buffer(512);
  expect(disk.read(3n, 1, at, 99n)).toBe("None");
  disk.kick();
  disk.device.finishAll();
  expect(disk.interrupt()).toBe("None");
  expect(disk.completions()).toEqual([{ tag: 99n, outcome: "Ok" }]);
  expect(disk.bytesAt(at, 512)).toEqual(
    Uint8Array.from({ length: 512 }, (_, i) => diskByte(3n * 512n + BigInt(i))),
  );
  // No chain names it any more.
  expect(disk.unpin(at)).toBe(0);
}

/** A disk with `count` reads of two sectors in flight; their tags count from 0. */
async function busyDisk(version: 1 | 2, count: number, deadlines: readonly bigint[] = []): Promise<TestDisk> {
  const disk = await TestDisk.open({ version, sectors: 4096n });
  for (let n = 0; n < count; n++) {
    disk.read(BigInt(n), 2, disk.buffer(1024), BigInt(n), deadlines[n]);
  }
  disk.kick();
  return disk;
}

const lies: readonly { why: string; fault: string; lies: Lies; only?: 1 | 2 }[] = [
  { why: "an id outside the ring", fault: "UsedIdRange", lies: { id: 256 } },
  { why: "an id of all ones", fault: "UsedIdRange", lies: { id: 0xffff_ffff } },
  { why: "an id that is not in use", fault: "UsedIdFree", lies: { id: 200 } },
  { why: "an id in the middle of a chain", fault: "UsedIdFree", lies: { id: 1 } },
  { why: "an index that jumps ahead", fault: "UsedIndexJump", lies: { indexStep: 5 } },
  { why: "an index that goes back", fault: "UsedIndexJump", lies: { indexStep: -1 } },
  { why: "an index half way around", fault: "UsedIndexJump", lies: { indexStep: 0x8000 } },
  { why: "more bytes than there was room for", fault: "UsedLength", lies: { length: 1026 }, only: 2 },
  { why: "more bytes than the whole chain has", fault: "UsedLength", lies: { length: 1042 }, only: 1 },
  { why: "4 GiB written", fault: "UsedLength", lies: { length: 0xffff_ffff } },
  { why: "no status", fault: "StatusMissing", lies: { status: null } },
  { why: "a status of the future", fault: "StatusUnknown", lies: { status: 3 } },
  { why: "ok, and one byte too few", fault: "ReadLength", lies: { length: 1024 }, only: 2 },
  { why: "ok, and nothing written", fault: "ReadLength", lies: { length: 0, withoutData: true }, only: 2 },
];

describe.each([1, 2] as const)("register layout version %i", (version) => {
  test.each(lies.filter(({ only }) => only === undefined || only === version))(
    "$why: $fault",
    async ({ fault, lies: told }) => {
      const disk = await busyDisk(version, 4);
      disk.device.finish(2, told);
      expect(disk.interrupt()).toBe(fault);
      expect(disk.state).toEqual({ ready: true, lastFault: fault, resets: 1, inFlight: 0 });
      expect(disk.device.isRunning).toBe(true);
      const ends = [0n, 1n, 2n, 3n].map((tag) => ({ tag, outcome: "Aborted" }));
      expect(disk.completions()).toEqual(ends);
      readsWell(disk);
    },
  );

  test("an id given back twice: UsedIdFree, and the good answer before it still counts", async () => {
    const disk = await busyDisk(version, 3);
    const head = defined(disk.device.pending[1]?.head);
    disk.device.finish(1);
    disk.device.pretend({ id: head, length: 1025 });
    expect(disk.interrupt()).toBe("UsedIdFree");
    expect(disk.completions()).toEqual([
      { tag: 1n, outcome: "Ok" },
      { tag: 0n, outcome: "Aborted" },
      { tag: 2n, outcome: "Aborted" },
    ]);
    readsWell(disk);
  });

  test("an id given back twice, the second time when its slot has a new read: UsedIdFree", async () => {
    const disk = await busyDisk(version, 1);
    const head = defined(disk.device.pending[0]?.head);
    disk.device.finish();
    expect(disk.interrupt()).toBe("None");
    disk.read(9n, 1, disk.buffer(512), 7n);
    disk.kick();
    disk.device.pretend({ id: head, length: 1025 });
    expect(disk.interrupt()).toBe("UsedIdFree");
    expect(disk.completions()).toEqual([
      { tag: 0n, outcome: "Ok" },
      { tag: 7n, outcome: "Aborted" },
    ]);
    readsWell(disk);
  });

  test("an answer with nothing in flight: UsedIndexJump", async () => {
    const disk = await busyDisk(version, 0);
    disk.device.pretend({ id: 0, length: 513 });
    expect(disk.interrupt()).toBe("UsedIndexJump");
    readsWell(disk);
  });

  test("a failed read gives an error, and its length is ignored", async () => {
    const disk = await busyDisk(version, 3);
    disk.device.finish(0, { status: 1, length: 1025 });
    disk.device.finish(0, { status: 2, length: 1 });
    disk.device.finish(0);
    expect(disk.interrupt()).toBe("None");
    expect(disk.completions().map(({ outcome }) => outcome)).toEqual(["DeviceError", "Unsupported", "Ok"]);
    expect(disk.state.resets).toBe(0);
  });

  test("a spurious interrupt is harmless, and the next interrupt finds an answer that came without one", async () => {
    const disk = await busyDisk(version, 1);
    expect(disk.interrupt()).toBe("None");
    expect(disk.completions()).toEqual([]);
    disk.device.finish();
    disk.device.acknowledge(1);
    expect(disk.interrupt()).toBe("None");
    expect(disk.completions()).toEqual([{ tag: 0n, outcome: "Ok" }]);
  });

  test("a device that suppresses notifications is not notified, and still serves", async () => {
    const device = new FakeBlockDevice({ version, sectors: 64n });
    device.mood.suppressesNotify = true;
    const disk = await TestDisk.openDevice(device);
    disk.read(1n, 1, disk.buffer(512), 1n);
    disk.kick();
    expect(device.notifyCount).toBe(0);
    device.look();
    device.finishAll();
    expect(disk.interrupt()).toBe("None");
    expect(disk.completions()).toEqual([{ tag: 1n, outcome: "Ok" }]);
  });

  test("a disk that shrinks or grows while it is used is given up", async () => {
    for (const sectors of [10n, 8192n]) {
      const disk = await busyDisk(version, 2);
      disk.device.changeSectors(sectors);
      expect(disk.interrupt()).toBe("IdentityChanged");
      expect(disk.state).toMatchObject({ ready: false, lastFault: "IdentityChanged", inFlight: 0 });
      expect(disk.completions().map(({ outcome }) => outcome)).toEqual(["Aborted", "Aborted"]);
      expect(disk.read(1n, 1, disk.buffer(512))).toBe("NoDevice");
      expect(disk.device.hasFailedBit).toBe(true);
    }
  });

  test("a configuration interrupt without a change is harmless", async () => {
    const disk = await busyDisk(version, 1);
    disk.device.changeSectors(4096n);
    disk.device.finishAll();
    expect(disk.interrupt()).toBe("None");
    expect(disk.completions()).toEqual([{ tag: 0n, outcome: "Ok" }]);
  });

  test("a silent device is reset at the deadline: the reads that are due time out, and the others are aborted", async () => {
    const disk = await busyDisk(version, 3, [500n, 100n, 900n]);
    expect(disk.nextDeadline()).toBe(100n);
    expect(disk.expire(99n)).toBe("None");
    expect(disk.state.inFlight).toBe(3);
    expect(disk.expire(500n)).toBe("DeadlineMissed");
    expect(disk.completions()).toEqual([
      { tag: 0n, outcome: "TimedOut" },
      { tag: 1n, outcome: "TimedOut" },
      { tag: 2n, outcome: "Aborted" },
    ]);
    expect(disk.nextDeadline()).toBe(0xffff_ffff_ffff_ffffn);
    readsWell(disk);
  });

  test("an answer that came without an interrupt still counts at the deadline", async () => {
    const disk = await busyDisk(version, 2, [100n, 200n]);
    disk.device.finish(0);
    expect(disk.expire(150n)).toBe("InterruptMissing");
    expect(disk.completions()).toEqual([{ tag: 0n, outcome: "Ok" }]);
    expect(disk.state).toMatchObject({ resets: 0, inFlight: 1 });
    expect(disk.nextDeadline()).toBe(200n);
  });

  test("a late answer to a read that timed out does no harm", async () => {
    const disk = await busyDisk(version, 1, [100n]);
    const head = defined(disk.device.pending[0]?.head);
    expect(disk.expire(100n)).toBe("DeadlineMissed");
    expect(disk.completions()).toEqual([{ tag: 0n, outcome: "TimedOut" }]);
    const at = disk.buffer(512);
    disk.read(5n, 1, at, 1n);
    disk.kick();
    // The device writes its old answer into the new ring: the id is a head again, but its status was never written.
    disk.device.pretend({ id: head, length: 513 });
    expect(disk.interrupt()).toBe("StatusMissing");
    expect(disk.completions()).toEqual([{ tag: 1n, outcome: "Aborted" }]);
    readsWell(disk);
  });

  test("a device that does not stop is given up, and its reads are lost", async () => {
    const disk = await busyDisk(version, 2, [100n, 200n]);
    disk.device.mood.resetPolls = Number.POSITIVE_INFINITY;
    expect(disk.expire(100n)).toBe("DeadlineMissed");
    expect(disk.state).toEqual({ ready: false, lastFault: "ResetTimeout", resets: 1, inFlight: 0 });
    expect(disk.completions().map(({ outcome }) => outcome)).toEqual(["Lost", "Lost"]);
    expect(disk.read(1n, 1, disk.buffer(512))).toBe("NoDevice");
    // It goes on writing, to memory that is not used again; we do not look at its ring any more.
    disk.device.finishAll();
    expect(disk.interrupt()).toBe("None");
    expect(disk.expire(10_000n)).toBe("None");
    expect(disk.completions()).toEqual([]);
  });

  test("a device that needs reset after reset is given up after the fifth", async () => {
    const disk = await busyDisk(version, 0);
    for (let round = 1; round <= 5; round++) {
      expect(disk.read(1n, 1, disk.buffer(512), 0n, 10n)).toBe("None");
      disk.kick();
      expect(disk.expire(10n)).toBe("DeadlineMissed");
      expect(disk.completions()).toEqual([{ tag: 0n, outcome: "TimedOut" }]);
      expect(disk.state.ready).toBe(round < 5);
    }
    expect(disk.state.lastFault).toBe("GivenUp");
  });

  test("a device that reads well between its resets is not given up", async () => {
    const disk = await busyDisk(version, 0);
    const at = disk.buffer(512);
    for (let round = 0; round < 12; round++) {
      disk.read(1n, 1, at, 0n, 10n);
      disk.kick();
      expect(disk.expire(10n)).toBe("DeadlineMissed");
      disk.completions();
      readsWell(disk);
    }
    expect(disk.state).toMatchObject({ ready: true, resets: 12 });
  });

  test("closing aborts the reads in flight", async () => {
    const disk = await busyDisk(version, 2);
    expect(disk.close()).toBe("None");
    expect(disk.completions().map(({ outcome }) => outcome)).toEqual(["Aborted", "Aborted"]);
    expect(disk.device.isRunning).toBe(false);
    expect(disk.read(1n, 1, disk.buffer(512))).toBe("NoDevice");
  });
});

test("version 2: a device that asks for a reset gets it", async () => {
  const disk = await busyDisk(2, 2);
  disk.device.askForReset();
  expect(disk.interrupt()).toBe("NeedsReset");
  expect(disk.completions().map(({ outcome }) => outcome)).toEqual(["Aborted", "Aborted"]);
  readsWell(disk);
});

test("version 1: a device may report the total length of the chain, as old devices do", async () => {
  const disk = await busyDisk(1, 1);
  disk.device.finish(0, { length: 16 + 1024 + 1 });
  expect(disk.interrupt()).toBe("None");
  expect(disk.completions()).toEqual([{ tag: 0n, outcome: "Ok" }]);
});
