// Several reads in flight for one client: what `exchange` starts, when it is answered, and what it says.

import { describe, expect, test } from "vitest";
import { Audit, forever, TIMEBASE } from "../../harness/abi.ts";
import type { Fields } from "../packagefsd/wire.ts";
import { diskBytes, Running, troubleOf } from "./running.ts";

/** An order of one sector: sector `tag`, to its own place. */
function order(tag: number, fields: Fields = {}): Fields {
  return { lba: BigInt(tag), count: 1, offset: BigInt(512 * tag), tag, ...fields };
}
const orders = (...tags: readonly number[]): Fields[] => tags.map((tag) => order(tag));

/** An answer in which these reads ended. */
function ended(...endings: readonly (number | [tag: number, status: string])[]): Fields {
  const all = endings.map((each) => (typeof each === "number" ? [each, "ok"] : each));
  return { status: "ok", endings: all.map(([tag = 0, status = ""]) => ({ tag, status })) };
}

const eight = [0, 1, 2, 3, 4, 5, 6, 7] as const;

/** The device finishes these of its pending reads, one after the other, and interrupts once. */
function finish(service: Running, ...places: readonly number[]): void {
  for (const place of places) {
    service.device.finish(place);
  }
  service.interrupt();
}

describe("exchange", () => {
  test("gives all reads to the device before any of them ends, by one notification", async () => {
    const service = await Running.start();
    const vmo = service.attach(7, 4096);
    const before = service.device.notifyCount;
    const answer = service.ask(7, "exchange", { orders: orders(...eight), waitFor: 8 });
    expect(service.device.pending).toHaveLength(8);
    expect(service.device.notifyCount - before).toBe(1);
    service.device.finishAll();
    service.interrupt();
    expect(answer()).toEqual(ended(...eight));
    expect(vmo.read(0, 4096)).toEqual(diskBytes(0, 4096));
  });

  test("is answered when as many reads as it waits for have ended, in the order in which they ended", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    const first = service.ask(7, "exchange", { orders: orders(0, 1, 2, 3), waitFor: 2 });
    finish(service, 2);
    expect(first()).toBeUndefined();
    finish(service, 0);
    expect(first()).toEqual(ended(2, 0));
    // The other two are still under way, and new ones join them.
    const second = service.ask(7, "exchange", { orders: orders(4), waitFor: 3 });
    finish(service, 2, 1);
    expect(second()).toBeUndefined();
    finish(service, 0);
    expect(second()).toEqual(ended(4, 3, 1));
  });

  test("tells reads that end while the client does not wait at the next exchange", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    expect(service.now(7, "exchange", { orders: orders(0, 1), waitFor: 0 })).toEqual(ended());
    finish(service, 1);
    expect(service.now(7, "exchange", { waitFor: 0 })).toEqual(ended(1));
    finish(service, 0);
    expect(service.now(7, "exchange", { waitFor: 1 })).toEqual(ended(0));
    expect(service.now(7, "exchange", { waitFor: 1 })).toEqual(ended());
  });

  test("does not wait for more than is under way", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    const answer = service.ask(7, "exchange", { orders: orders(0, 1), waitFor: 0xffff_ffff });
    finish(service, 0);
    expect(answer()).toBeUndefined();
    finish(service, 0);
    expect(answer()).toEqual(ended(0, 1));
  });

  test("ends a read that is wrong at once, by itself, and records it", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    const wrong: Fields[] = [
      order(1, { count: 0 }),
      order(2, { count: 257 }),
      order(3, { lba: 4096n }),
      order(4, { lba: (1n << 64n) - 1n }),
      order(5, { offset: 4096n }),
      order(6, { offset: (1n << 64n) - 8n }),
      order(7, { offset: 1n }),
    ];
    const answer = service.ask(7, "exchange", { orders: [order(0), ...wrong], waitFor: 8 });
    expect(service.device.pending).toHaveLength(1);
    finish(service, 0);
    const outside = "outOfMemoryObject";
    expect(answer()).toEqual(
      ended(
        [1, "badCount"],
        [2, "badCount"],
        [3, "outOfRange"],
        [4, "outOfRange"],
        [5, outside],
        [6, outside],
        [7, outside],
        0,
      ),
    );
    const refused = service.kernel.audit.filter(([kind]) => kind === Audit.BlockRefused);
    expect(refused.map(([, , sector]) => sector)).toEqual([1n, 2n, 4096n, (1n << 64n) - 1n, 5n, 6n, 7n]);
  });

  test("tries a failed read again, and tells the client only how it ended", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    const answer = service.ask(7, "exchange", { orders: orders(0, 1), waitFor: 2 });
    finish(service, 1);
    for (let tries = 0; tries < 3; tries++) {
      expect(answer()).toBeUndefined();
      service.device.finish(0, { status: 1 });
      service.interrupt();
    }
    expect(answer()).toEqual(ended(1, [0, "deviceError"]));
  });

  test("repeats the reads that were in flight when the device was reset", async () => {
    const service = await Running.start();
    const vmo = service.attach(7, 4096);
    const answer = service.ask(7, "exchange", { orders: orders(...eight), waitFor: 8 });
    service.device.finish(3, { status: 0x55 });
    service.interrupt();
    expect(answer()).toBeUndefined();
    service.device.finishAll();
    service.interrupt();
    expect(answer()).toEqual(ended(...eight));
    expect(vmo.read(0, 4096)).toEqual(diskBytes(0, 4096));
    expect(troubleOf(service.kernel)).toHaveLength(9);
  });
});

describe("the patience of a client", () => {
  const ticks = (milliseconds: bigint): bigint => (milliseconds * TIMEBASE) / 1000n;

  test("is when it is answered at the latest, with what has ended, and its reads go on", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    const begin = service.kernel.time;
    const first = service.ask(7, "exchange", { orders: orders(0, 1), waitFor: 2, patience: 20 });
    expect(service.deadline).toBe(begin + ticks(20n));
    finish(service, 1);
    service.tick(begin + ticks(20n) - 1n);
    expect(first()).toBeUndefined();
    service.tick(begin + ticks(20n));
    expect(first()).toEqual(ended(1));
    const second = service.ask(7, "exchange", { waitFor: 1, patience: 20 });
    expect(second()).toBeUndefined();
    finish(service, 0);
    expect(second()).toEqual(ended(0));
    // No limit is left over.
    expect(service.deadline).toBe(forever);
  });

  test("is its own: others wait for as long as they said", async () => {
    const service = await Running.start();
    for (const badge of [1, 2, 3]) {
      service.attach(badge, 4096);
    }
    const begin = service.kernel.time;
    const patient = service.ask(1, "exchange", { orders: orders(0), waitFor: 1 });
    const long = service.ask(2, "exchange", { orders: orders(1), waitFor: 1, patience: 100 });
    const short = service.ask(3, "exchange", { orders: orders(2), waitFor: 1, patience: 10 });
    expect(service.deadline).toBe(begin + ticks(10n));
    service.tick(begin + ticks(10n));
    expect([patient(), long(), short()]).toEqual([undefined, undefined, ended()]);
    expect(service.deadline).toBe(begin + ticks(100n));
    service.tick(begin + ticks(100n));
    expect([patient(), long()]).toEqual([undefined, ended()]);
    finish(service, 0);
    expect(patient()).toEqual(ended(0));
  });

  test("is not used up where nothing is to be waited for", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    expect(service.now(7, "exchange", { waitFor: 1, patience: 20 })).toEqual(ended());
    expect(service.deadline).toBe(forever);
    const whole = service.ask(7, "exchange", { orders: orders(0), waitFor: 1, patience: 0xffff_ffff });
    finish(service, 0);
    expect(whole()).toEqual(ended(0));
    expect(service.deadline).toBe(forever);
  });

  test("ends before a silent read of its own or of another client does", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    service.attach(8, 4096);
    const begin = service.kernel.time;
    const silent = service.ask(8, "read", { lba: 9n, count: 1, offset: 0n });
    expect(service.ask(7, "exchange", { orders: orders(3), waitFor: 1, patience: 20 })()).toBeUndefined();
    service.tick(begin + ticks(20n));
    // A later read of the same client overtakes both.
    const next = service.ask(7, "exchange", { orders: orders(4), waitFor: 1, patience: 20 });
    finish(service, 2);
    expect(next()).toEqual(ended(4));
    expect(silent()).toBeUndefined();
  });
});

describe("a client with several reads", () => {
  test("has at most eight, those that it was not told the end of included; a call too many starts nothing", async () => {
    const service = await Running.start();
    service.attach(7, 8192);
    const busy = { status: "busy", endings: [] };
    expect(service.now(7, "exchange", { orders: orders(...eight, 8), waitFor: 0 })).toEqual(busy);
    expect(service.device.pending).toHaveLength(0);
    service.now(7, "exchange", { orders: orders(...eight), waitFor: 0 });
    finish(service, 0);
    expect(service.now(7, "exchange", { orders: orders(8), waitFor: 0 })).toEqual(busy);
    expect(service.now(7, "exchange", { waitFor: 0 })).toEqual(ended(0));
    expect(service.now(7, "exchange", { orders: orders(8), waitFor: 0 })).toEqual(ended());
    expect(service.device.pending).toHaveLength(8);
  });

  test("leaves room for the eight reads of every other client", async () => {
    const service = await Running.start();
    for (let badge = 1; badge <= 8; badge++) {
      service.attach(badge, 4096);
      expect(service.now(badge, "exchange", { orders: orders(...eight), waitFor: 0 })).toEqual(ended());
    }
    expect(service.device.pending).toHaveLength(64);
  });

  test("has no more than its eight with the device ahead of another client's read, however often it asks", async () => {
    const service = await Running.start();
    service.attach(7, 8192);
    service.attach(8, 4096);
    service.now(7, "exchange", { orders: orders(...eight), waitFor: 0 });
    const single = service.ask(8, "read", { lba: 100n, count: 1, offset: 0n });
    let ahead = 0;
    for (let tag = 8; single() === undefined; tag++, ahead++) {
      // The device takes them in turn, and for each that ends the client orders another.
      finish(service, 0);
      service.now(7, "exchange", { orders: orders(tag % 16), waitFor: 0 });
      expect(service.device.pending.length).toBeLessThanOrEqual(9);
    }
    expect(ahead).toBe(9);
    expect(single()).toEqual({ status: "ok", bytes: 512 });
  });

  test("that ended as it waited gets nothing, and the next client with its badge begins anew", async () => {
    const service = await Running.start();
    const vmo = service.attach(7, 4096);
    const unheard = service.ask(7, "exchange", { orders: orders(0, 1), waitFor: 2 });
    service.kernel.endCallers();
    const heir = service.vmo(4096);
    expect(service.now(7, "attach", { bytes: 4096n }, heir)).toEqual({ status: "busy" });
    finish(service, 0, 0);
    expect(unheard()).toBeUndefined();
    expect(service.now(7, "attach", { bytes: 4096n }, heir)).toEqual({ status: "ok" });
    expect(service.kernel.devices.unpinnedUnderWay).toBe(0);
    expect(service.pinned).not.toContain(vmo);
    const answer = service.ask(7, "exchange", { orders: orders(2), waitFor: 1 });
    finish(service, 0);
    expect(answer()).toEqual(ended(2));
    expect(heir.read(0, 1024)).toEqual(new Uint8Array(1024).fill(0xee));
    expect(heir.read(1024, 512)).toEqual(diskBytes(2, 512));
  });

  test("waits in one exchange at a time", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    const first = service.ask(7, "exchange", { orders: orders(0), waitFor: 1 });
    expect(service.now(7, "exchange", { orders: orders(1), waitFor: 1 })).toEqual({
      status: "busy",
      endings: [],
    });
    finish(service, 0);
    expect(first()).toEqual(ended(0));
  });

  test("is asked for memory first, and a message that is none is refused and recorded", async () => {
    const service = await Running.start();
    const refusal = (status: string): Fields => ({ status, endings: [] });
    expect(service.now(7, "exchange", { orders: orders(0), waitFor: 1 })).toEqual(refusal("notAttached"));
    expect(service.kernel.audit).toEqual([]);
    service.send({ w0: 4n, bytes: new Uint8Array(64).fill(0xff), badge: 7 });
    expect(service.kernel.audit).toEqual([[Audit.BlockRefused, 7n | (4n << 32n), (1n << 64n) - 1n]]);
  });

  test("keeps its memory and its record until the device is done, although it may have gone", async () => {
    const service = await Running.start();
    const vmo = service.attach(1, 4096);
    for (let badge = 2; badge <= 8; badge++) {
      service.attach(badge, 4096);
    }
    service.now(1, "exchange", { orders: orders(0, 1), waitFor: 0 });
    for (let badge = 9; badge <= 16; badge++) {
      service.attach(badge, 4096);
    }
    expect(service.pinned).toContain(vmo);
    expect(service.now(1, "attach", { bytes: 4096n }, service.vmo(4096))).toEqual({ status: "busy" });
    finish(service, 0, 0);
    expect(service.kernel.devices.unpinnedUnderWay).toBe(0);
    // Nobody is left to hear of the two reads. The record goes to the next client that needs one.
    for (let badge = 17; badge <= 24; badge++) {
      service.attach(badge, 4096);
    }
    expect(service.pinned).not.toContain(vmo);
    expect(service.now(24, "exchange", { waitFor: 1 })).toEqual(ended());
  });

  test("is not told by a later life of the ends of reads from before it attached", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    service.now(7, "exchange", { orders: orders(0), waitFor: 0 });
    finish(service, 0);
    service.attach(7, 4096);
    expect(service.now(7, "exchange", { waitFor: 0 })).toEqual(ended());
  });

  test("may ask for single reads in between", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    const deep = service.ask(7, "exchange", { orders: orders(0, 1), waitFor: 2 });
    const single = service.ask(7, "read", { lba: 5n, count: 1, offset: 2560n });
    finish(service, 2, 0);
    expect(single()).toEqual({ status: "ok", bytes: 512 });
    expect(deep()).toBeUndefined();
    finish(service, 0);
    expect(deep()).toEqual(ended(0, 1));
  });
});
