// The parts of the transport that are plain arithmetic: where a ring's parts lie, how large it may be, which features
// are accepted. What the ring does under traffic is tested through the disk (../storage).

import { beforeAll, describe, expect, test } from "vitest";
import { type Guest, guest } from "../../harness/guest.ts";

const text = `
export { acceptedFeatures, offersAll, requiredFeatures } from "virtio/features";
export { DeviceFault } from "virtio/fault";
export { availableOffset, queueSizeWithin, QUEUE_STATE_BYTES, ringBytes, usedOffset } from "virtio/queue";
import { Queue } from "virtio/queue";
export function initialize(queue: Queue, ring: usize, bus: u64, size: u32): u32 {
  return queue.initialize(ring, bus, size, false);
}
export function descriptorsFree(queue: Queue): u32 { return queue.descriptorsFree; }
`;

let g: Guest;
beforeAll(async () => {
  g = await guest({ text });
});

/** The number of a fault. */
function fault(name: string): unknown {
  const exported = g.exports[`DeviceFault.${name}`];
  return exported instanceof WebAssembly.Global ? exported.value : undefined;
}

describe("a ring", () => {
  test.each([
    // The numbers of virtio 1.2, 2.7: 16 bytes a descriptor, 6 + 2 and 6 + 8 a ring entry, used ring at 4096.
    { size: 8, available: 128, used: 4096, bytes: 4096 + 70 },
    { size: 128, available: 2048, used: 4096, bytes: 4096 + 1030 },
    { size: 256, available: 4096, used: 8192, bytes: 8192 + 2054 },
  ])("of $size has its parts where a legacy device looks for them", ({ size, available, used, bytes }) => {
    expect(g.call("availableOffset", size)).toBe(available);
    expect(g.call("usedOffset", size)).toBe(used);
    expect(g.call("ringBytes", size)).toBe(bytes);
  });

  test("is the largest power of two that both sides allow", () => {
    const sizes = [0, 1, 2, 3, 64, 100, 255, 256, 257, 1024, -1].map((limit) =>
      g.call("queueSizeWithin", limit),
    );
    expect(sizes).toEqual([0, 1, 2, 2, 64, 64, 128, 256, 256, 256, 256]);
  });

  test("is refused in memory that is not aligned, and with a size that is not allowed", () => {
    const state = g.alloc(16_384, 8);
    const ring = g.alloc(16_384, 4096);
    const [ok, missing, memory] = ["None", "QueueMissing", "QueueMemory"].map(fault);
    expect(g.call("initialize", state, ring, 0x1000n, 256)).toBe(ok);
    expect(g.call("descriptorsFree", state)).toBe(256);
    for (const size of [0, 3, 255, 512]) {
      expect(g.call("initialize", state, ring, 0x1000n, size)).toBe(missing);
    }
    expect(g.call("initialize", state, ring + 16, 0x1000n, 256)).toBe(memory);
    expect(g.call("initialize", state, ring, 0x1010n, 256)).toBe(memory);
  });
});

describe("features", () => {
  const versionOne = 1n << 32n;
  const accepted = (offered: bigint, required: bigint, wanted: bigint, version: number) =>
    g.call64("acceptedFeatures", offered, required, wanted, version);

  test("are only those that the device offers and the driver asks for", () => {
    expect(accepted(0b1010n, 0n, 0b0110n, 2)).toBe(0b0010n);
    expect(accepted(0xffff_ffff_ffff_ffffn, 0b1n, 0b10n, 2)).toBe(0b11n);
  });

  test("above bit 31 do not exist on a legacy device", () => {
    expect(accepted(0xffff_ffff_ffff_ffffn, versionOne | 1n, 1n << 40n, 1)).toBe(1n);
  });

  test("include VERSION_1 on version 2, and only there", () => {
    expect(g.call64("requiredFeatures", 4n, 2)).toBe(4n | versionOne);
    expect(g.call64("requiredFeatures", 4n, 1)).toBe(4n);
    expect(g.call("offersAll", 5n, 4n | versionOne)).toBe(0);
    expect(g.call("offersAll", 5n | versionOne, 4n | versionOne)).toBe(1);
  });
});
