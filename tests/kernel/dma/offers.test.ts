// What a driver offers its virtio device, and what becomes of it in the ring; and answers of the device that cannot be true.

import { describe, expect, test } from "vitest";
import { devicePinsMax, offerTells, pieceMore, piecesMax, Refusal } from "../../harness/abi.ts";
import { defined } from "../../harness/defined.ts";
import { Driver, Kind, pageBytes, piece, SLOT, self, sys, USED, startWorking as working } from "./driver.ts";

describe("an offer", () => {
  test("becomes a chain of descriptors, in the order in which it was offered", async () => {
    const { d, pin, base } = await working();
    expect(d.offer(0, piece(pin, 16, 16, false), piece(pin, 512, 1024), piece(pin, 4095, 1))).toBe(0);
    expect(d.device.pending).toEqual([0]);
    expect(d.device.chain(0)).toEqual([
      { address: base + 16, bytes: 16, writes: false },
      { address: base + 512, bytes: 1024, writes: true },
      { address: base + 4095, bytes: 1, writes: true },
    ]);
    expect(d.kernel.guest.call("pinInFlight", SLOT, pin)).toBe(3);
    expect(d.offer(0, piece(pin, 0, 4096))).toBe(3);
  });

  test("is in memory before the index that tells the device of it", async () => {
    const { d, pin } = await working();
    const order: string[] = [];
    d.kernel.onFence = (kind, at) => {
      const index = kind === "store" && at === defined(d.device.ring).available + 2;
      order.push(index ? "index" : kind);
    };
    d.offer(offerTells, piece(pin, 0, 512));
    expect(order.slice(order.indexOf("index") - 1)).toEqual(["fence", "index", "fence", "fenceIo"]);
  });

  test("tells the device at once or later, unless it looks by itself", async () => {
    const { d, pin } = await working();
    d.offer(0, piece(pin, 0, 512));
    expect(d.device.notifyCount).toBe(0);
    expect(d.offer(offerTells)).toBe(0);
    expect(d.device.notifyCount).toBe(1);
    d.offer(offerTells, piece(pin, 0, 512));
    expect(d.device.notifyCount).toBe(2);
    expect(d.device.pending).toHaveLength(2);
    expect(d.offer(offerTells, piece(pin, 0, 5000))).toBe(Refusal.BadArgument);
    expect(d.device.notifyCount).toBe(2);
    d.kernel.guest.view().setUint16(defined(d.device.ring).used, 1, true);
    d.offer(offerTells, piece(pin, 0, 512));
    expect(d.device.notifyCount).toBe(2);
  });

  test("may be longer than one call", async () => {
    const { d, pin, base } = await working(16);
    const parts = Array.from({ length: 12 }, (_, n) => piece(pin, 100 * n, 100));
    const call = (from: number, flags: bigint): number => {
      const some = parts.slice(from, from + piecesMax);
      return d.offer(0, ...some.slice(0, -1), defined(some.at(-1)) | flags);
    };
    expect(call(0, pieceMore)).toBe(0);
    expect(call(5, pieceMore)).toBe(0);
    expect(d.device.pending).toEqual([]);
    expect(d.status(sys.Unpin, d.slot, pin, 0)).toBe(Refusal.BadState);
    expect(call(10, 0n)).toBe(0);
    expect(d.device.chain(0)).toEqual(
      parts.map((_, n) => ({ address: base + 100 * n, bytes: 100, writes: true })),
    );
  });

  test("of anything that is not in a pin of the device is refused whole", async () => {
    const { d, pin } = await working();
    const vmo = d.memory(pageBytes);
    const small = d.pin(vmo, 100, 1000);
    const other = d.kernel.give(d.task, Kind.Device, SLOT + 1);
    expect(d.ask(sys.Pin, other, vmo, 0, pageBytes).status).toBe(0);
    expect(d.ask(sys.Pin, other, vmo, 0, pageBytes).status).toBe(0);
    expect(d.ask(sys.Pin, other, vmo, 0, pageBytes).status).toBe(0);
    const good = piece(pin, 0, 512);
    for (const bad of [
      piece(small, 0, 101),
      piece(small, 1, 100),
      piece(small, 100, 1),
      piece(small, 101, 1),
      piece(small, 0x3ff_ffff, 0x7ff_ffff),
      piece(small, 2, 0x7ff_ffff),
      piece(small, 0, 0),
      // Of the other device, whose pool has a third place.
      piece(2, 0, 1),
      piece(devicePinsMax, 0, 1),
      piece(0xff, 0, 1),
      piece(pin, 0, 1, true, 1n << 63n),
      piece(pin, 0, 1, false),
    ]) {
      expect([bad, d.offer(0, good, bad)]).toEqual([bad, Refusal.BadArgument]);
      expect(d.device.pending).toEqual([]);
      expect(d.kernel.guest.call("pinInFlight", SLOT, pin)).toBe(0);
    }
    const gone = d.pin(vmo, 100);
    expect(d.status(sys.Unpin, d.slot, gone, 0)).toBe(0);
    expect(d.offer(0, piece(gone, 0, 1))).toBe(Refusal.BadArgument);
    expect(d.offer(0, piece(small, 99, 1))).toBeGreaterThanOrEqual(0);
    expect(d.device.chains()).toEqual([{ address: d.baseOf(vmo) + 1099, bytes: 1, writes: true }]);
  });

  test("takes as many descriptors as there are, and gets them back once the driver has taken the answer", async () => {
    const { d, pin } = await working(4);
    const two = [piece(pin, 0, 16, false), piece(pin, 16, 512)];
    expect([d.offer(0, ...two), d.offer(0, ...two)]).toEqual([0, 2]);
    expect(d.offer(0, ...two)).toBe(Refusal.TableFull);
    d.device.answer(1);
    expect(d.offer(0, ...two)).toBe(Refusal.TableFull);
    expect(d.offer(1, two[1] ?? 0n, two[1] ?? 0n, two[1] ?? 0n)).toBe(Refusal.TableFull);
    // What was refused left nothing behind, and the order of the free descriptors is that in which they came.
    expect(d.offer(1, ...two)).toBe(2);
    d.device.answer(0);
    expect(d.offer(2, ...two)).toBe(0);
    expect(d.device.pending).toEqual([2, 0]);
  });

  test("uses a descriptor again as late as possible", async () => {
    const { d, pin } = await working(4);
    const heads: number[] = [];
    for (let n = 0; n < 9; n++) {
      heads.push(d.offer(n, piece(pin, 0, 1)));
      d.device.answer();
    }
    expect(heads).toEqual([0, 1, 2, 3, 0, 1, 2, 3, 0]);
  });

  test("goes on past index 65,535", async () => {
    const { d, pin } = await working(4);
    for (let n = 0; n < 65_540; n++) {
      if (d.offer(n & 0xffff, piece(pin, 0, 1)) < 0) {
        throw new Error(`refused the ${n}th time`);
      }
      d.device.answer();
    }
    expect(d.status(sys.Unpin, d.slot, pin, 65_540 & 0xffff)).toBe(0);
  }, 60_000);

  test("needs a queue, also after the device was reset", async () => {
    const d = await Driver.start();
    const pin = d.pin(d.memory(pageBytes), pageBytes);
    expect(d.offer(0, piece(pin, 0, 1))).toBe(Refusal.BadState);
    d.begin();
    expect(d.setUp()).toBe(0);
    d.offer(0, piece(pin, 0, 1));
    d.reset();
    d.begin();
    expect(d.offer(0, piece(pin, 0, 1))).toBe(Refusal.BadState);
    expect(d.status(sys.Unpin, d.slot, pin, 0)).toBe(0);
  });

  test("memory that the device has is not unpinned, until it gives it back", async () => {
    const { d, pin } = await working();
    d.offer(0, piece(pin, 0, 1));
    d.offer(0, piece(pin, 1, 1));
    expect(d.status(sys.Unpin, d.slot, pin, 0)).toBe(Refusal.BadState);
    d.device.answer();
    d.device.answer();
    expect(d.status(sys.Unpin, d.slot, pin, 0)).toBe(Refusal.BadState);
    expect(d.status(sys.Unpin, d.slot, pin, 1)).toBe(Refusal.BadState);
    expect(d.status(sys.Unpin, d.slot, pin, 2)).toBe(0);
  });
});

describe("an answer that cannot be true", () => {
  test.each<[string, (d: Driver) => void]>([
    ["of a chain that was never offered", (d) => d.device.say(5)],
    ["of a descriptor within a chain", (d) => d.device.say(1)],
    ["beyond the ring", (d) => d.device.say(8)],
    ["far beyond it", (d) => d.device.say(0xffff_ffff)],
    ["of more chains than there are", (d) => d.device.say(0, 3)],
    ["of fewer than before", (d) => d.device.say(0, -1)],
    [
      "twice the same",
      (d) => {
        d.device.say(0);
        d.device.say(0);
      },
    ],
  ])("%s: nothing more is offered, nor unpinned, until the device is reset", async (_, lie) => {
    const { d, pin } = await working();
    const two = [piece(pin, 0, 16, false), piece(pin, 16, 512)];
    d.offer(0, ...two);
    d.offer(0, ...two);
    lie(d);
    expect(d.offer(2, ...two)).toBe(Refusal.BadState);
    d.device.say(0, 0);
    expect(d.offer(2, ...two)).toBe(Refusal.BadState);
    // Nor if the device takes it all back.
    d.device.say(0, -d.device.usedIndex);
    expect(d.offer(0, ...two)).toBe(Refusal.BadState);
    expect(d.status(sys.Unpin, d.slot, pin, 2)).toBe(Refusal.BadState);
    d.reset();
    d.status(sys.Unmap, self, USED);
    d.begin();
    expect(d.setUp()).toBe(0);
    expect(d.offer(0, ...two)).toBe(0);
    expect(d.kernel.guest.call("pinInFlight", SLOT, pin)).toBe(2);
  });

  test("within a chain that is being offered, nothing is freed", async () => {
    const { d, pin } = await working();
    d.offer(0, piece(pin, 0, 1));
    expect(d.offer(0, piece(pin, 0, 1, true, pieceMore))).toBe(1);
    d.device.say(1);
    expect(d.offer(1, piece(pin, 0, 1))).toBe(Refusal.BadState);
  });
});
