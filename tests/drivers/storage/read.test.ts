// Reads that go well: on both register layouts, in any order of completion, over every way to cut the memory, and
// past the point where the ring's 16-bit indices begin again.

import { describe, expect, test } from "vitest";
import { diskByte } from "../../harness/fake-device.ts";
import { TestDisk } from "./disk.ts";

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

  test("answers in any order, and each answer finds its own read", async () => {
    const disk = await TestDisk.open({ version, sectors: 4096n });
    const reads = Array.from({ length: 40 }, (_, index) => ({
      lba: BigInt(index * 3),
      at: disk.buffer(1024),
      tag: BigInt(index),
    }));
    for (const { lba, at, tag } of reads) expect(disk.read(lba, 2, at, tag)).toBe("None");
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
    for (const { lba, at } of reads) expect(disk.bytesAt(at, 1024)).toEqual(diskBytes(lba, 1024));
  });

  test("goes on past index 65,535", async () => {
    const disk = await TestDisk.open({ version, sectors: 4096n });
    const at = disk.buffer(512);
    let good = 0;
    for (let round = 0; round < 65_536 / 32 + 4; round++) {
      for (let n = 0; n < 32; n++) disk.read(BigInt(round % 4096), 1, at, BigInt(n));
      disk.kick();
      disk.device.finishAll((count) => count - 1);
      if (disk.interrupt() !== "None") break;
      good += disk.completions().filter(({ outcome }) => outcome === "Ok").length;
    }
    expect(good).toBe(65_536 + 4 * 32);
    expect(disk.state).toMatchObject({ ready: true, resets: 0, inFlight: 0 });
  });
});
