// virtioblkd over a fake kernel and a fake device: what each method answers, and that an answer always goes to the one who
// asked, whatever the device does in between.

import { describe, expect, test } from "vitest";
import { diskBytes, Running, wire } from "./running.ts";

describe("answers", () => {
  test("info: what the disk is, and what became of the reads", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    const read = service.ask(7, "read", { lba: 1n, count: 1, offset: 0n });
    service.device.finishAll();
    service.kernel.interrupt();
    expect(read()).toEqual({ status: "ok", bytes: 512 });
    const failed = service.ask(7, "read", { lba: 2n, count: 1, offset: 0n });
    service.device.finish(0, { status: 1 });
    service.kernel.interrupt();
    expect(failed()).toEqual({ status: "deviceError", bytes: 0 });
    service.now(7, "write", { lba: 1n, count: 1, offset: 0n });
    expect(service.now(7, "info")).toEqual({
      status: "ok",
      sectors: 4096n,
      sectorSize: 512,
      readOnly: true,
      base: 0x1000_1000n,
      irq: 1,
      version: 1,
      deviceVersion: 2,
      queueDepth: 64,
      reads: 1n,
      errors: 1n,
    });
  });

  test("read: the sectors land at the offset in the client's memory, and nowhere else", async () => {
    const service = await Running.start();
    const vmo = service.attach(7, 262_144);
    const read = service.ask(7, "read", { lba: 40n, count: 256, offset: 65_536n });
    expect(read()).toBeUndefined();
    service.device.finishAll();
    service.kernel.interrupt();
    expect(read()).toEqual({ status: "ok", bytes: 131_072 });
    expect(service.content(vmo, 65_536, 131_072)).toEqual(diskBytes(40, 131_072));
    expect(service.content(vmo, 65_535, 1)[0]).toBe(0xee);
    expect(service.content(vmo, 65_536 + 131_072, 1)[0]).toBe(0xee);
  });

  test("several clients, several reads each, finished backwards: everyone gets their own", async () => {
    const service = await Running.start();
    const clients = [3, 4, 5].map((badge) => ({ badge, vmo: service.attach(badge, 65_536) }));
    const reads = Array.from({ length: 12 }, (_, n) => {
      const client = clients[n % 3];
      if (!client) throw new Error("three clients");
      const [lba, offset] = [n * 5, Math.floor(n / 3) * 4096];
      return {
        ...client,
        lba,
        offset,
        answer: service.ask(client.badge, "read", { lba: BigInt(lba), count: 2, offset: BigInt(offset) }),
      };
    });
    // Between the completions another client asks: its answer must not disturb the others.
    for (let left = 12; left > 0; left -= 4) {
      for (let n = 0; n < 4; n++) service.device.finish(service.device.pending.length - 1);
      service.kernel.interrupt();
      expect(service.now(3, "info").status).toBe("ok");
      expect(reads.filter(({ answer }) => answer() === undefined)).toHaveLength(left - 4);
    }
    for (const { vmo, lba, offset, answer } of reads) {
      expect(answer()).toEqual({ status: "ok", bytes: 1024 });
      expect(service.content(vmo, offset, 1024)).toEqual(diskBytes(lba, 1024));
    }
  });

  test.each([
    { why: "no sectors", fields: { lba: 0n, count: 0, offset: 0n }, status: "badCount" },
    { why: "257 sectors", fields: { lba: 0n, count: 257, offset: 0n }, status: "badCount" },
    { why: "2^23 sectors", fields: { lba: 0n, count: 0x80_0000, offset: 0n }, status: "badCount" },
    { why: "beyond the disk", fields: { lba: 4096n, count: 1, offset: 0n }, status: "outOfRange" },
    { why: "over its end", fields: { lba: 4095n, count: 2, offset: 0n }, status: "outOfRange" },
    {
      why: "a range that wraps",
      fields: { lba: (1n << 64n) - 1n, count: 2, offset: 0n },
      status: "outOfRange",
    },
    { why: "beyond the memory", fields: { lba: 0n, count: 1, offset: 8192n }, status: "outOfMemoryObject" },
    { why: "over its end", fields: { lba: 0n, count: 2, offset: 7680n }, status: "outOfMemoryObject" },
    {
      why: "an offset that wraps",
      fields: { lba: 0n, count: 1, offset: (1n << 64n) - 8n },
      status: "outOfMemoryObject",
    },
    { why: "an odd offset", fields: { lba: 0n, count: 1, offset: 4n }, status: "outOfMemoryObject" },
  ])("read, refused: $why: $status", async ({ fields, status }) => {
    const service = await Running.start();
    service.attach(7, 8192);
    expect(service.now(7, "read", fields)).toEqual({ status, bytes: 0 });
    expect(service.device.pending).toEqual([]);
  });

  test("read before attach: notAttached, also when somebody else has attached", async () => {
    const service = await Running.start();
    service.attach(7, 8192);
    expect(service.now(8, "read", { lba: 0n, count: 1, offset: 0n }).status).toBe("notAttached");
  });

  test("write: always refused, and said eight times at most", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    for (let n = 0; n < 12; n++)
      expect(service.now(7, "write", { lba: 9n, count: 1, offset: 0n })).toEqual({ status: "readOnly" });
    const lines = service.kernel.console.filter((each) => each.includes("write"));
    expect(lines).toEqual(
      Array.from({ length: 8 }, () => "virtioblkd: refused a write, client=7 lba=9 count=1"),
    );
    expect(service.device.pending).toEqual([]);
    expect(service.kernel.audit).toHaveLength(12);
  });

  test("an unknown method and a message of rubbish are answered", async () => {
    const service = await Running.start();
    const rubbish = Uint8Array.from({ length: 24 }, (_, at) => at * 37);
    const unknown = service.kernel.send({ w0: 99n, bytes: rubbish, badge: 1 });
    const answer = (token: bigint, struct: string) =>
      wire.decode(struct, service.kernel.answers.get(token) ?? new Uint8Array());
    expect(answer(unknown, "VirtioBlkReadResults").status).toBe("unknownMethod");
    for (const method of ["info", "attach", "read", "write"]) {
      const token = service.kernel.send({ w0: wire.method(method), bytes: rubbish, badge: 1 });
      const struct = `VirtioBlk${method.charAt(0).toUpperCase()}${method.slice(1)}Results`;
      expect(answer(token, struct).status).toBe("badMessage");
    }
  });
});

describe("a device in trouble", () => {
  const seconds = 10_000_000n;

  test("64 reads wait; the next is busy, and works later", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    const read = { lba: 0n, count: 1, offset: 0n };
    for (let n = 0; n < 64; n++) expect(service.ask(7, "read", read)()).toBeUndefined();
    expect(service.now(7, "read", read).status).toBe("busy");
    service.device.finishAll();
    service.kernel.interrupt();
    expect(service.ask(7, "read", read)()).toBeUndefined();
  });

  test("an error of the device is the client's to hear, and nobody else's", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    const bad = service.ask(7, "read", { lba: 0n, count: 1, offset: 0n });
    const good = service.ask(7, "read", { lba: 1n, count: 1, offset: 512n });
    service.device.finish(0, { status: 1 });
    service.device.finish(0);
    service.kernel.interrupt();
    expect(bad()).toEqual({ status: "deviceError", bytes: 0 });
    expect(good()).toEqual({ status: "ok", bytes: 512 });
  });

  test("a read that is not answered ends at its deadline; the one beside it gets another try, and its data", async () => {
    const service = await Running.start();
    const vmo = service.attach(7, 4096);
    const begin = service.kernel.time;
    const first = service.ask(7, "read", { lba: 0n, count: 1, offset: 0n });
    expect(service.kernel.deadline).toBe(begin + 5n * seconds);
    service.kernel.time += seconds;
    const second = service.ask(7, "read", { lba: 1n, count: 1, offset: 512n });
    service.kernel.tick(begin + 5n * seconds);
    expect(first()).toEqual({ status: "timedOut", bytes: 0 });
    expect(second()).toBeUndefined();
    expect(service.device.pending).toHaveLength(1);
    service.device.finishAll();
    service.kernel.interrupt();
    expect(second()).toEqual({ status: "ok", bytes: 512 });
    expect(service.content(vmo, 512, 512)).toEqual(diskBytes(1, 512));
    expect(service.kernel.console.at(-1)).toBe("virtioblkd: device fault=72 resets=1 recovered");
  });

  test("a read whose answer is a lie is tried once more, then its client is told", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    const read = service.ask(7, "read", { lba: 0n, count: 1, offset: 0n });
    service.device.finish(0, { id: 0xffff });
    service.kernel.interrupt();
    expect(read()).toBeUndefined();
    service.device.finish(0, { status: 77 });
    service.kernel.interrupt();
    expect(read()).toEqual({ status: "malformedReply", bytes: 0 });
    const again = service.ask(7, "read", { lba: 0n, count: 1, offset: 0n });
    service.device.finishAll();
    service.kernel.interrupt();
    expect(again()).toEqual({ status: "ok", bytes: 512 });
  });

  test("a device that does not stop is given up: noDevice, and its interrupt is not completed any more", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    const read = service.ask(7, "read", { lba: 0n, count: 1, offset: 0n });
    const completed = service.kernel.completedCount;
    service.device.mood.resetPolls = Number.POSITIVE_INFINITY;
    service.device.finish(0, { length: 0xffff_ffff });
    service.kernel.interrupt();
    expect(read()).toEqual({ status: "noDevice", bytes: 0 });
    expect(service.now(7, "read", { lba: 0n, count: 1, offset: 0n }).status).toBe("noDevice");
    expect(service.kernel.completedCount).toBe(completed);
    expect(service.kernel.console.at(-1)).toBe("virtioblkd: device fault=36 resets=1 given up, fault=5");
    // It may still write: what it was told of stays pinned for good, whatever its client attaches now.
    const pinned = [...service.kernel.pins];
    service.attach(7, 4096);
    expect(service.kernel.pins.slice(0, pinned.length)).toEqual(pinned);
  });
});
