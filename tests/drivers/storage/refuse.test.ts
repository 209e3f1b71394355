// What is not a disk for us, and what is not a read: each is refused with its own name, and the device or the caller
// can tell that nothing else happened.

import { describe, expect, test } from "vitest";
import { Refusal } from "../../harness/abi.ts";
import { FakeBlockDevice } from "../../harness/fake-device.ts";
import type { FakeDeviceOptions, Mood } from "../../harness/fake-options.ts";
import { TestDisk, type TestDiskOptions } from "./disk.ts";

interface Refused {
  readonly why: string;
  readonly fault: string;
  readonly device?: Partial<FakeDeviceOptions>;
  readonly mood?: Partial<Mood>;
  readonly options?: TestDiskOptions;
  readonly only?: 1 | 2;
}

const VERSION_ONE = 1n << 32n;

const refused: readonly Refused[] = [
  { why: "no virtio registers at all", fault: "NotVirtio", device: { magic: 0 } },
  { why: "a register layout of the future", fault: "UnknownVersion", device: { versionRegister: 3 } },
  { why: "an empty slot", fault: "EmptySlot", device: { deviceId: 0 } },
  { why: "a network card", fault: "OtherDevice", device: { deviceId: 1 } },
  { why: "a reset that never takes", fault: "ResetTimeout", mood: { resetPolls: Number.POSITIVE_INFINITY } },
  { why: "a disk that can be written", fault: "NotReadOnly", device: { readOnly: false } },
  { why: "version 2 without VERSION_1", fault: "FeatureMissing", device: { features: 1n << 5n }, only: 2 },
  { why: "FEATURES_OK taken back", fault: "FeaturesRefused", mood: { refusesFeatures: true }, only: 2 },
  {
    why: "a wish for translated addresses",
    fault: "NeedsIommu",
    device: { features: (1n << 5n) | (1n << 32n) | (1n << 33n) },
    mood: { refusesFeatures: true },
    only: 2,
  },
  { why: "no queue", fault: "QueueMissing", device: { queueSizeMax: 0 } },
  { why: "a queue too small for one read", fault: "QueueMissing", device: { queueSizeMax: 3 } },
  { why: "a queue that is in use", fault: "QueueInUse", mood: { queueIsTaken: true } },
  { why: "no memory for a ring", fault: "QueueMemory", options: { refusal: Refusal.NoMemory } },
  { why: "a job without memory for a ring", fault: "QueueMemory", options: { refusal: Refusal.Quota } },
  { why: "a configuration that never holds still", fault: "ConfigUnstable", mood: { restlessConfig: true } },
  { why: "an empty disk", fault: "NoSectors", device: { sectors: 0n } },
  {
    why: "more sectors than byte offsets can name",
    fault: "Capacity",
    device: { sectors: (1n << 54n) + 1n },
  },
  { why: "a block of 513 bytes", fault: "BlockSize", device: { blockBytes: 513 } },
  { why: "a block of 0 bytes", fault: "BlockSize", device: { blockBytes: 0 } },
  { why: "a block of 256 bytes", fault: "BlockSize", device: { blockBytes: 256 } },
  { why: "a block larger than a page", fault: "BlockSize", device: { blockBytes: 8192 } },
  { why: "no segment for data", fault: "SegmentLimits", device: { segMax: 0 } },
  { why: "segments of less than a sector", fault: "SegmentLimits", device: { sizeMax: 511 } },
  { why: "a wish to be reset at once", fault: "NeedsReset", mood: { wantsResetAtOnce: true }, only: 2 },
];

describe.each([1, 2] as const)("register layout version %i: a device is refused", (version) => {
  test.each(refused.filter(({ only }) => only === undefined || only === version))(
    "$why: $fault",
    async ({ fault, device: fake, mood, options }) => {
      const device = new FakeBlockDevice({ version, sectors: 64n, ...fake });
      Object.assign(device.mood, mood);
      const disk = await TestDisk.openDevice(device, options);
      expect(disk.opened).toBe(fault);
      expect(device.isRunning).toBe(false);
      expect(disk.read(0n, 1, disk.buffer(512))).toBe("NoDevice");
      // The driver does not touch a device that is no disk, and sets FAILED on a disk that it gives up.
      const foreign = ["NotVirtio", "UnknownVersion", "EmptySlot", "OtherDevice"].includes(fault);
      expect(device.hasFailedBit).toBe(!foreign);
      expect(device.resetCount).toBe(foreign ? 0 : 1);
    },
  );

  test("but a writable disk is accepted if the topology says that its file is read-only", async () => {
    const disk = await TestDisk.open({ version, sectors: 64n, readOnly: false }, { fileIsReadOnly: true });
    expect(disk.opened).toBe("None");
    expect(disk.identity.readOnly).toBe(false);
  });

  test("but not for a slow reset: the driver waits", async () => {
    const device = new FakeBlockDevice({ version, sectors: 64n });
    device.mood.resetPolls = 1000;
    expect((await TestDisk.openDevice(device)).opened).toBe("None");
  });

  test("but not for a queue size that is no power of two: the driver uses a smaller one", async () => {
    const disk = await TestDisk.open({ version, sectors: 64n, queueSizeMax: 100 });
    expect(disk.device.queueSize).toBe(64);
  });
});

test("a version 2 device that offers only VERSION_1 and RO is accepted", async () => {
  const disk = await TestDisk.open({ version: 2, sectors: 64n, features: VERSION_ONE | (1n << 5n) });
  expect(disk.opened).toBe("None");
  expect(disk.device.acceptedFeatures).toBe(VERSION_ONE | (1n << 5n));
});

describe("a read is refused", () => {
  const u64Max = 0xffff_ffff_ffff_ffffn;
  test.each([
    { why: "no sectors", lba: 0n, count: 0, refusal: "SectorCount" },
    { why: "one sector too many for a read", lba: 0n, count: 257, refusal: "SectorCount" },
    { why: "a count that becomes 0 bytes in 32 bits", lba: 0n, count: 0x80_0000, refusal: "SectorCount" },
    { why: "a count of -1", lba: 0n, count: -1, refusal: "SectorCount" },
    { why: "the sector after the last", lba: 1000n, count: 1, refusal: "OutOfRange" },
    { why: "a range over the end", lba: 999n, count: 2, refusal: "OutOfRange" },
    { why: "an address whose bytes wrap", lba: 1n << 55n, count: 1, refusal: "OutOfRange" },
    { why: "a sum that wraps to 0", lba: u64Max, count: 1, refusal: "OutOfRange" },
    { why: "a sum that wraps into the disk", lba: u64Max - 100n, count: 256, refusal: "OutOfRange" },
  ])("$why: $refusal", async ({ lba, count, refusal }) => {
    const disk = await TestDisk.open({ version: 2, sectors: 1000n });
    expect(disk.read(lba, count, disk.buffer(131_072))).toBe(refusal);
    disk.kick();
    expect(disk.device.notifyCount).toBe(0);
    expect(disk.state.inFlight).toBe(0);
    expect(disk.read(999n, 1, disk.buffer(512))).toBe("None");
  });

  test("that is not aligned to the device's block: Unaligned", async () => {
    const disk = await TestDisk.open({ version: 2, sectors: 64n, blockBytes: 4096 });
    const at = disk.buffer(8192);
    expect(disk.identity.blockBytes).toBe(4096);
    expect(disk.read(4n, 8, at)).toBe("Unaligned");
    expect(disk.read(8n, 4, at)).toBe("Unaligned");
    expect(disk.read(8n, 16, at)).toBe("None");
  });

  test("whose memory does not fit: SegmentCount, SegmentLength", async () => {
    const disk = await TestDisk.open({ version: 2, sectors: 1000n });
    const at = disk.buffer(65_536);
    const pieces = (n: number, byteCount: number) => Array.from({ length: n }, () => ({ ...at, byteCount }));
    expect(disk.readSegments(0n, 1, [])).toBe("SegmentCount");
    expect(disk.readSegments(0n, 34, pieces(34, 512))).toBe("SegmentCount");
    expect(disk.readSegments(0n, 1, pieces(1, 511))).toBe("SegmentLength");
    expect(disk.readSegments(0n, 1, pieces(1, 513))).toBe("SegmentLength");
    expect(disk.readSegments(0n, 2, [...pieces(2, 512), { ...at, byteCount: 0 }])).toBe("SegmentLength");
    expect(disk.readSegments(0n, 2, [...pieces(1, 1024), { ...at, byteCount: 0xffff_fe00 }])).toBe(
      "SegmentLength",
    );
    const round = [0x8000_0000, 0x8000_0400].map((byteCount) => ({ ...at, byteCount }));
    expect(disk.readSegments(0n, 2, round)).toBe("SegmentLength");
    expect(disk.readSegments(0n, 1, [{ ...at, offset: 0xffff_ff00, byteCount: 512 }])).toBe("SegmentLength");
    expect(disk.readSegments(0n, 33, pieces(33, 512))).toBe("None");
  });

  test("into the driver's own headers: SegmentInHeaders", async () => {
    const disk = await TestDisk.open({ version: 2, sectors: 1000n });
    for (const offset of [0, 2047]) {
      expect(disk.read(0n, 1, { ...disk.headers, offset })).toBe("SegmentInHeaders");
    }
    expect(disk.state.inFlight).toBe(0);
  });

  test("outside of what is pinned for the device: NotPinned", async () => {
    const disk = await TestDisk.open({ version: 2, sectors: 1000n });
    const at = disk.buffer(4096);
    const gone = disk.buffer(4096);
    expect(disk.unpin(gone)).toBe(0);
    for (const place of [gone, { ...at, pin: 15 }, { ...at, offset: 3585 }, { ...at, offset: 4096 }]) {
      expect(disk.read(0n, 1, place)).toBe("NotPinned");
    }
    expect(
      disk.readSegments(0n, 2, [
        { ...at, byteCount: 512 },
        { ...gone, byteCount: 512 },
      ]),
    ).toBe("NotPinned");
    // More pieces than one offer has: what follows the refused part is not offered by itself.
    const many = Array.from({ length: 8 }, (_, index) => ({ ...(index === 0 ? gone : at), byteCount: 512 }));
    expect(disk.readSegments(0n, 8, many)).toBe("NotPinned");
    expect(disk.state.inFlight).toBe(0);
    expect(disk.read(0n, 1, { ...at, offset: 3584 })).toBe("None");
  });

  test("when all slots are in use: Busy, until a completion is taken", async () => {
    const disk = await TestDisk.open({ version: 2, sectors: 1000n });
    const at = disk.buffer(512);
    for (let n = 0; n < 64; n++) {
      expect(disk.read(1n, 1, at)).toBe("None");
    }
    expect(disk.read(1n, 1, at)).toBe("Busy");
    disk.kick();
    disk.device.finish(63);
    disk.interrupt();
    expect(disk.read(1n, 1, at)).toBe("Busy");
    expect(disk.completions()).toHaveLength(1);
    expect(disk.read(1n, 1, at)).toBe("None");
  });

  test("when the ring has no descriptors left: Busy", async () => {
    const disk = await TestDisk.open({ version: 2, sectors: 1000n, queueSizeMax: 8 });
    const at = disk.buffer(512);
    expect(disk.read(1n, 1, at)).toBe("None");
    expect(disk.read(1n, 1, at)).toBe("None");
    expect(disk.read(1n, 1, at)).toBe("Busy");
    disk.kick();
    disk.device.finishAll();
    disk.interrupt();
    expect(disk.read(1n, 1, at)).toBe("None");
  });
});
