// Reads that go well: on both register layouts, in any order of completion, over every way to cut the memory, and
// past the point where the ring's 16-bit indices begin again.

import { describe, expect, test } from "vitest";
import { diskByte } from "../../harness/fake-options.ts";
import { FOREVER, TestDisk } from "./disk.ts";

/** What a read of `byteCount` bytes from sector `lba` has to give. */
function diskBytes(lba: bigint, byteCount: number): Uint8Array {
  return Uint8Array.from({ length: byteCount }, (_, at) => diskByte(lba * 512n + BigInt(at)));
}

describe.each([1, 2] as const)("a read-only device, register layout version %i", (version) => {
  test("is identified", async () => {
    const disk = await TestDisk.open({ version, sectors: 4096n });
    expect(disk.opened).toBe("None");
    expect(disk.identity).toEqual({ capacity: 4096n, blockBytes: 512, readOnly: true, version });
    expect(disk.device.isRunning).toBe(true);
    expect(disk.device.queueSize).toBe(256);
    // RO, SEG_MAX and BLK_SIZE; never FLUSH, INDIRECT_DESC or EVENT_IDX, which are offered as well.
    expect(disk.device.acceptedFeatures).toBe(
      (1n << 2n) | (1n << 5n) | (1n << 6n) | (version === 2 ? 1n << 32n : 0n),
    );
  });

  test("gives the sectors that were asked for", async () => {
    const disk = await TestDisk.open({ version, sectors: 4096n });
    const at = disk.buffer(131_072);
    expect(disk.read(77n, 256, at, 5n)).toBe("None");
    expect(disk.device.pending).toHaveLength(0);
    disk.kick();
    expect(disk.device.pending).toHaveLength(1);
    expect(disk.completions()).toEqual([]);
    disk.device.finishAll();
    expect(disk.interrupt()).toBe("None");
    expect(disk.device.interrupts).toBe(false);
    expect(disk.completions()).toEqual([{ tag: 5n, outcome: "Ok" }]);
    expect(disk.bytesAt(at, 131_072)).toEqual(diskBytes(77n, 131_072));
  });

  test("is told of the last read of several with it, and of the others at the next kick", async () => {
    const disk = await TestDisk.open({ version, sectors: 4096n });
    const at = disk.buffer(512);
    expect(disk.read(1n, 1, at, 1n)).toBe("None");
    expect(disk.device.notifyCount).toBe(0);
    expect(disk.read(2n, 1, at, 2n, FOREVER, true)).toBe("None");
    expect(disk.device.notifyCount).toBe(1);
    expect(disk.device.pending).toHaveLength(2);
    disk.kick();
    expect(disk.device.notifyCount).toBe(1);
  });

  test("answers in any order, and the driver matches each answer to its read", async () => {
    const disk = await TestDisk.open({ version, sectors: 4096n });
    const all = disk.buffer(40 * 1024);
    const reads = Array.from({ length: 40 }, (_, index) => ({
      lba: BigInt(index * 3),
      at: { ...all, offset: 1024 * index },
      tag: BigInt(index),
    }));
    for (const { lba, at, tag } of reads) {
      expect(disk.read(lba, 2, at, tag)).toBe("None");
    }
    disk.kick();
    expect(disk.device.notifyCount).toBe(1);
    expect(disk.state.inFlight).toBe(40);
    disk.device.finishAll((count) => (count * 7 + 3) % count);
    expect(disk.interrupt()).toBe("None");
    const completed = disk.completions();
    expect(completed.map(({ tag }) => tag)).not.toEqual(reads.map(({ tag }) => tag));
    expect(completed.map(({ tag }) => Number(tag)).sort((a, b) => a - b)).toEqual(
      reads.map(({ tag }) => Number(tag)),
    );
    expect(completed.every(({ outcome }) => outcome === "Ok")).toBe(true);
    for (const { lba, at } of reads) {
      expect(disk.bytesAt(at, 1024)).toEqual(diskBytes(lba, 1024));
    }
  });

  test("goes on past index 65,535", async () => {
    const disk = await TestDisk.open({ version, sectors: 4096n });
    const at = disk.buffer(512);
    let good = 0;
    for (let round = 0; round < 65_536 / 32 + 4; round++) {
      for (let n = 0; n < 32; n++) {
        disk.read(BigInt(round % 4096), 1, at, BigInt(n));
      }
      disk.kick();
      disk.device.finishAll((count) => count - 1);
      if (disk.interrupt() !== "None") {
        break;
      }
      good += disk.completions().filter(({ outcome }) => outcome === "Ok").length;
    }
    expect(good).toBe(65_536 + 4 * 32);
    expect(disk.state).toMatchObject({ ready: true, resets: 0, inFlight: 0 });
  });
});

describe("the memory of a read", () => {
  test("may lie in as many pieces as pages, and each piece gets its part", async () => {
    const disk = await TestDisk.open({ version: 2, sectors: 4096n });
    // 128 KiB that begin in the middle of a page: 33 pieces, in no order.
    const at = disk.buffer(33 * 8192);
    const sizes = [100, ...Array.from({ length: 31 }, () => 4096), 131_072 - 100 - 31 * 4096];
    const segments = sizes.map((byteCount, n) => ({ ...at, offset: 8192 * n + 64, byteCount })).reverse();
    expect(disk.readSegments(8n, 256, segments)).toBe("None");
    disk.kick();
    expect(disk.device.pending[0]?.pieces).toHaveLength(35);
    disk.device.finishAll();
    expect(disk.interrupt()).toBe("None");
    expect(disk.completions()).toEqual([{ tag: 0n, outcome: "Ok" }]);
    const got = segments.flatMap((segment) => [...disk.bytesAt(segment, segment.byteCount)]);
    expect(Uint8Array.from(got)).toEqual(diskBytes(8n, 131_072));
    for (const { pin, offset, byteCount } of segments) {
      expect(disk.bytesAt({ pin, offset: offset + byteCount }, 1)[0]).toBe(0xee);
    }
  });

  test("is cut into pieces of the size that the device allows", async () => {
    const disk = await TestDisk.open({ version: 2, sectors: 4096n, sizeMax: 3000 });
    const at = disk.buffer(8192);
    expect(disk.read(1n, 16, at)).toBe("None");
    disk.kick();
    expect(disk.device.pending[0]?.pieces.map(({ byteCount }) => byteCount)).toEqual([
      16, 3000, 3000, 2192, 1,
    ]);
    disk.device.finishAll();
    disk.interrupt();
    expect(disk.bytesAt(at, 8192)).toEqual(diskBytes(1n, 8192));
  });

  test("may not have more pieces than the device allows", async () => {
    const disk = await TestDisk.open({ version: 2, sectors: 4096n, segMax: 2, sizeMax: 512 });
    const at = disk.buffer(2048);
    expect(disk.read(1n, 3, at)).toBe("SegmentCount");
    expect(disk.read(1n, 2, at)).toBe("None");
  });

  test("is the only memory that the device learns of, beside ring and headers", async () => {
    const disk = await TestDisk.open({ version: 2, sectors: 4096n });
    const at = disk.buffer(512);
    disk.read(1n, 1, at);
    expect(() => disk.kick()).not.toThrow();
    // No part of a buffer that is not pinned: the kernel refuses it before the device hears of it.
    expect(disk.read(1n, 1, { ...at, offset: 1 })).toBe("NotPinned");
    disk.kick();
    expect(disk.device.pending).toHaveLength(1);
  });

  test("gets the contents of a whole disk, read in flights of 16", async () => {
    const disk = await TestDisk.open({ version: 1, sectors: 1000n });
    const at = disk.buffer(512_000);
    for (let lba = 0; lba < 1000; lba += 8) {
      expect(disk.read(BigInt(lba), 8, { ...at, offset: lba * 512 }, BigInt(lba))).toBe("None");
      if (lba % 128 !== 120 && lba !== 992) {
        continue;
      }
      disk.kick();
      disk.device.finishAll((count) => (lba + 5) % count);
      expect(disk.interrupt()).toBe("None");
      expect(disk.completions().every(({ outcome }) => outcome === "Ok")).toBe(true);
    }
    expect(disk.bytesAt(at, 512_000)).toEqual(diskBytes(0n, 512_000));
  });
});
