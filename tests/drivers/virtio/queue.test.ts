// The parts of the transport that are plain arithmetic: where a ring's parts lie, how large it may be, which features
// are accepted. What the ring does under traffic is tested through the disk (../storage).

import { beforeAll, describe, expect, test } from "vitest";
import { type Guest, guest } from "../../harness/guest.ts";

const text = `
export { acceptedFeatures, offersAll, requiredFeatures } from "virtio/features";
export { queueSizeWithin } from "virtio/queue";
export { availableOffset, ringBytes, usedOffset } from "kernel/neuron/src/arch/riscv/ring";
export { isQueueSize } from "kernel/neuron/src/dma/setup";
`;

let g: Guest;
beforeAll(async () => {
  g = await guest({ text });
});

describe("a ring", () => {
  test.each([
    // The numbers of virtio 1.2, 2.7: 16 bytes a descriptor, 6 + 2 and 6 + 8 a ring entry, used ring at 4096.
    { size: 8, available: 128, used: 4096, bytes: 8192 },
    { size: 128, available: 2048, used: 4096, bytes: 8192 },
    { size: 256, available: 4096, used: 8192, bytes: 12_288 },
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

  test("has a size that is a power of two, up to 256", () => {
    const sizes = [0n, 1n, 2n, 3n, 64n, 255n, 256n, 512n, 1n << 32n].map((size) =>
      g.call("isQueueSize", size),
    );
    expect(sizes).toEqual([0, 1, 1, 0, 1, 0, 1, 0, 0]);
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
