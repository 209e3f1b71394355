// virtioblkd over a fake kernel and a fake device: what each method answers, and that an answer always goes to the one
// who
// asked, whatever the device does in between.

import { describe, expect, test } from "vitest";
import { defined } from "../../harness/defined.ts";
import { diskBytes, Running, troubleOf, wire } from "./running.ts";

describe("answers", () => {
  test("info: what the disk is, and what became of the reads", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    const read = service.ask(7, "read", { lba: 1n, count: 1, offset: 0n });
    service.device.finishAll();
    service.interrupt();
    expect(read()).toEqual({ status: "ok", bytes: 512 });
    const failed = service.ask(7, "read", { lba: 2n, count: 1, offset: 0n });
    for (let tries = 0; tries < 3; tries++) {
      expect(failed()).toBeUndefined();
      service.device.finish(0, { status: 1 });
      service.interrupt();
    }
    expect(failed()).toEqual({ status: "deviceError", bytes: 0 });
    service.now(7, "write", { lba: 1n, count: 1, offset: 0n });
    expect(service.now(7, "info")).toEqual({
      status: "ok",
      sectors: 4096n,
      sectorSize: 512,
      blockSize: 512,
      readOnly: true,
      base: 0x1000_1000n,
      irq: 1,
      version: 2,
      deviceVersion: 2,
      queueDepth: 64,
      reads: 1n,
      errors: 1n,
    });
  });

  test("a disk whose own block is larger than a sector says so, and is read in whole blocks", async () => {
    const service = await Running.start({ slots: [{ version: 2, sectors: 4096n, blockBytes: 4096 }] });
    expect(service.now(7, "info")).toMatchObject({ sectors: 4096n, sectorSize: 512, blockSize: 4096 });
    service.attach(7, 8192);
    const unaligned = { status: "unaligned", bytes: 0 };
    expect(service.now(7, "read", { lba: 0n, count: 1, offset: 0n })).toEqual(unaligned);
    expect(service.now(7, "read", { lba: 4n, count: 8, offset: 0n })).toEqual(unaligned);
    const read = service.ask(7, "read", { lba: 8n, count: 8, offset: 0n });
    service.device.finishAll();
    service.interrupt();
    expect(read()).toEqual({ status: "ok", bytes: 4096 });
  });

  test("read: the sectors land at the offset in the client's memory, and nowhere else", async () => {
    const service = await Running.start();
    const vmo = service.attach(7, 262_144);
    const read = service.ask(7, "read", { lba: 40n, count: 256, offset: 65_536n });
    expect(read()).toBeUndefined();
    service.device.finishAll();
    service.interrupt();
    expect(read()).toEqual({ status: "ok", bytes: 131_072 });
    expect(vmo.read(65_536, 131_072)).toEqual(diskBytes(40, 131_072));
    expect(vmo.read(65_535, 1)[0]).toBe(0xee);
    expect(vmo.read(65_536 + 131_072, 1)[0]).toBe(0xee);
  });

  test("several clients, several reads each, finished backwards: everyone gets their own", async () => {
    const service = await Running.start();
    const clients = [3, 4, 5].map((badge) => ({ badge, vmo: service.attach(badge, 65_536) }));
    const reads = Array.from({ length: 12 }, (_, n) => {
      const client = clients[n % 3];
      if (!client) {
        throw new Error("three clients");
      }
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
      for (let n = 0; n < 4; n++) {
        service.device.finish(service.device.pending.length - 1);
      }
      service.interrupt();
      expect(service.now(3, "info").status).toBe("ok");
      expect(reads.filter(({ answer }) => answer() === undefined)).toHaveLength(left - 4);
    }
    for (const { vmo, lba, offset, answer } of reads) {
      expect(answer()).toEqual({ status: "ok", bytes: 1024 });
      expect(vmo.read(offset, 1024)).toEqual(diskBytes(lba, 1024));
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

  test("read before attach: notAttached, also when another client has attached", async () => {
    const service = await Running.start();
    service.attach(7, 8192);
    expect(service.now(8, "read", { lba: 0n, count: 1, offset: 0n }).status).toBe("notAttached");
  });

  test("write: always refused, and said eight times at most", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    for (let n = 0; n < 12; n++) {
      expect(service.now(7, "write", { lba: 9n, count: 1, offset: 0n })).toEqual({ status: "readOnly" });
    }
    const lines = service.kernel.lines.filter((each) => each.includes("write"));
    expect(lines).toEqual(
      Array.from({ length: 8 }, () => "virtioblkd: refused a write, client=7 lba=9 count=1"),
    );
    expect(service.device.pending).toEqual([]);
    expect(service.kernel.audit).toHaveLength(12);
  });

  test("an unknown method and a message of rubbish are answered", async () => {
    const service = await Running.start();
    const rubbish = Uint8Array.from({ length: 24 }, (_, at) => at * 37);
    const unknown = service.send({ w0: 99n, bytes: rubbish, badge: 1 });
    expect(wire.decode("VirtioBlkReadResults", defined(unknown())).status).toBe("unknownMethod");
    for (const method of ["info", "attach", "read", "write"]) {
      const answer = service.send({ w0: wire.method(method), bytes: rubbish, badge: 1 });
      const struct = `VirtioBlk${method.charAt(0).toUpperCase()}${method.slice(1)}Results`;
      expect(wire.decode(struct, defined(answer())).status).toBe("badMessage");
    }
  });
});

describe("a device in trouble", () => {
  const seconds = 10_000_000n;

  test("64 reads wait; the next is busy, and works later", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    const read = { lba: 0n, count: 1, offset: 0n };
    for (let n = 0; n < 64; n++) {
      expect(service.ask(7, "read", read)()).toBeUndefined();
    }
    expect(service.now(7, "read", read).status).toBe("busy");
    service.device.finishAll();
    service.interrupt();
    expect(service.ask(7, "read", read)()).toBeUndefined();
  });

  test("an error of the device that stays is told to its client alone", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    const bad = service.ask(7, "read", { lba: 0n, count: 1, offset: 0n });
    const good = service.ask(7, "read", { lba: 1n, count: 1, offset: 512n });
    service.device.finish(0, { status: 1 });
    service.device.finish(0);
    service.interrupt();
    expect(good()).toEqual({ status: "ok", bytes: 512 });
    for (let tries = 1; tries < 3; tries++) {
      expect(bad()).toBeUndefined();
      service.device.finish(0, { status: 1 });
      service.interrupt();
    }
    expect(bad()).toEqual({ status: "deviceError", bytes: 0 });
    expect(service.device.pending).toEqual([]);
    expect(service.kernel.lines.slice(2)).toEqual([
      "virtioblkd: read failed, client=7 lba=0: deviceError, read again",
      "virtioblkd: read failed, client=7 lba=0: deviceError, read again",
      "virtioblkd: read failed, client=7 lba=0: deviceError",
    ]);
    expect(troubleOf(service.kernel)).toEqual([
      "client 7, sector 0: deviceError, read again",
      "client 7, sector 0: deviceError, read again",
      "client 7, sector 0: deviceError",
    ]);
  });

  test("an error of the device that passes is only recorded: the data comes", async () => {
    const service = await Running.start();
    const vmo = service.attach(7, 4096);
    const read = service.ask(7, "read", { lba: 3n, count: 2, offset: 512n });
    service.device.finish(0, { status: 1 });
    service.interrupt();
    expect(read()).toBeUndefined();
    service.device.finishAll();
    service.interrupt();
    expect(read()).toEqual({ status: "ok", bytes: 1024 });
    expect(vmo.read(512, 1024)).toEqual(diskBytes(3, 1024));
    expect(troubleOf(service.kernel)).toEqual(["client 7, sector 3: deviceError, read again"]);
    expect(service.now(7, "info")).toMatchObject({ reads: 1n, errors: 0n });
  });

  test("a request that the device does not know is not repeated", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    const read = service.ask(7, "read", { lba: 0n, count: 1, offset: 0n });
    service.device.finish(0, { status: 2 });
    service.interrupt();
    expect(read()).toEqual({ status: "deviceError", bytes: 0 });
    expect(service.device.pending).toEqual([]);
  });

  test("a read that is not answered has another try, and so has the one beside it; both get their data", async () => {
    const service = await Running.start();
    const vmo = service.attach(7, 4096);
    const begin = service.kernel.time;
    const first = service.ask(7, "read", { lba: 0n, count: 1, offset: 0n });
    expect(service.deadline).toBe(begin + 4n * seconds);
    service.kernel.time += seconds;
    const second = service.ask(7, "read", { lba: 1n, count: 1, offset: 512n });
    service.tick(begin + 4n * seconds);
    expect([first(), second()]).toEqual([undefined, undefined]);
    expect(service.deadline).toBe(begin + 8n * seconds);
    expect(service.device.pending.map(({ sector }) => sector)).toEqual([0n, 1n, 4095n]);
    service.device.finishAll();
    service.interrupt();
    expect([first(), second()]).toEqual([
      { status: "ok", bytes: 512 },
      { status: "ok", bytes: 512 },
    ]);
    expect(vmo.read(0, 1024)).toEqual(diskBytes(0, 1024));
    expect(service.kernel.lines).toContain("virtioblkd: device fault=72(DeadlineMissed) resets=1 recovered");
    expect(troubleOf(service.kernel)).toEqual([
      "fault 72, resets 1",
      "client 7, sector 0: timedOut, read again",
      "client 7, sector 1: timedOut, read again",
    ]);
  });

  test("a read that is never answered ends after three tries, sooner than its client gives up", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    const begin = service.kernel.time;
    const read = service.ask(7, "read", { lba: 0n, count: 1, offset: 0n });
    let ticks = 0;
    for (; read() === undefined; ticks++) {
      service.tick(service.deadline);
    }
    expect(ticks).toBe(3);
    expect(service.kernel.time - begin).toBeLessThan(15n * seconds);
    expect(read()).toEqual({ status: "timedOut", bytes: 0 });
    expect(troubleOf(service.kernel)).toEqual([
      "fault 72, resets 1",
      "client 7, sector 0: timedOut, read again",
      "fault 72, resets 2",
      "client 7, sector 0: timedOut, read again",
      "fault 72, resets 3",
      "client 7, sector 0: timedOut",
    ]);
    // The next one finds a device that works.
    const again = service.ask(7, "read", { lba: 0n, count: 1, offset: 0n });
    service.device.finishAll();
    service.interrupt();
    expect(again()).toEqual({ status: "ok", bytes: 512 });
  });

  test.each([9n, 0n, 4095n])(
    "sector %i, which is never answered, costs its reads an error and no client the disk, however often it is asked for",
    async (silent) => {
      const service = await Running.start();
      const vmo = service.attach(7, 4096);
      const answerOthers = () => {
        const { pending } = service.device;
        for (let at = pending.length - 1; at >= 0; at--) {
          if (pending[at]?.sector !== silent) {
            service.device.finish(at);
          }
        }
        service.interrupt();
      };
      for (let time = 0; time < 8; time++) {
        const bad = service.ask(7, "read", { lba: silent, count: 1, offset: 0n });
        const begin = service.kernel.time;
        while (bad() === undefined) {
          service.tick(service.deadline);
          answerOthers();
        }
        expect(bad()).toEqual({ status: "timedOut", bytes: 0 });
        expect(service.kernel.time - begin).toBeLessThanOrEqual(12n * seconds);
      }
      const good = service.ask(7, "read", { lba: 40n, count: 2, offset: 512n });
      answerOthers();
      expect(good()).toEqual({ status: "ok", bytes: 1024 });
      expect(vmo.read(512, 1024)).toEqual(diskBytes(40, 1024));
    },
  );

  test("with all places taken by reads, the device is checked as soon as one of them has ended", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    for (let n = 0; n < 64; n++) {
      service.ask(7, "read", { lba: 9n, count: 1, offset: 0n });
    }
    service.tick(service.deadline);
    const sectors = () => new Set(service.device.pending.map(({ sector }) => sector));
    expect(sectors()).toEqual(new Set([9n]));
    service.device.finish();
    service.interrupt();
    expect(sectors()).toEqual(new Set([9n, 4095n]));
    expect(service.device.pending).toHaveLength(64);
  });

  test("an answer without an interrupt counts when its time is up, and is on record", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    const read = service.ask(7, "read", { lba: 0n, count: 1, offset: 0n });
    service.device.finishAll();
    expect(read()).toBeUndefined();
    service.tick(service.deadline);
    expect(read()).toEqual({ status: "ok", bytes: 512 });
    expect(troubleOf(service.kernel)).toEqual(["fault 74, resets 0"]);
    expect(service.kernel.lines.at(-1)).toBe("virtioblkd: device fault=74(InterruptMissing) resets=0 noted");
  });

  test("a read whose answers are lies is tried three times, then its client is told", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    const read = service.ask(7, "read", { lba: 0n, count: 1, offset: 0n });
    for (const lie of [{ id: 0xffff }, { status: 77 }, { length: 0xffff_ffff }]) {
      expect(read()).toBeUndefined();
      service.device.finish(0, lie);
      service.interrupt();
    }
    expect(read()).toEqual({ status: "malformedReply", bytes: 0 });
    const again = service.ask(7, "read", { lba: 0n, count: 1, offset: 0n });
    service.device.finishAll();
    service.interrupt();
    expect(again()).toEqual({ status: "ok", bytes: 512 });
  });

  test("a device that never does anything right is given up: after so many resets no client waits for it", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    const answers = Array.from({ length: 2 }, () => {
      const read = service.ask(7, "read", { lba: 0n, count: 1, offset: 0n });
      for (let ticks = 0; read() === undefined && ticks < 10; ticks++) {
        service.tick(service.deadline);
      }
      return read()?.status;
    });
    expect(answers).toEqual(["timedOut", "timedOut"]);
    expect(service.kernel.lines).toContain(
      "virtioblkd: device fault=72(DeadlineMissed) resets=5 given up, fault=73(GivenUp)",
    );
    expect(troubleOf(service.kernel)).toContain("fault 73, resets 5");
    expect(service.now(7, "read", { lba: 0n, count: 1, offset: 0n }).status).toBe("noDevice");
  });

  test("a device that does not stop is given up: noDevice, and its interrupt is not completed any more", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    const read = service.ask(7, "read", { lba: 0n, count: 1, offset: 0n });
    const completed = service.completedCount;
    service.device.mood.resetPolls = Number.POSITIVE_INFINITY;
    service.device.finish(0, { length: 0xffff_ffff });
    service.interrupt();
    expect(read()).toEqual({ status: "noDevice", bytes: 0 });
    expect(service.now(7, "read", { lba: 0n, count: 1, offset: 0n }).status).toBe("noDevice");
    expect(service.completedCount).toBe(completed);
    expect(service.kernel.lines.slice(-2)).toEqual([
      "virtioblkd: device fault=36(UsedLength) resets=1 given up, fault=5(ResetTimeout)",
      "virtioblkd: read failed, client=7 lba=0: noDevice",
    ]);
    expect(troubleOf(service.kernel)).toEqual([
      "fault 36, resets 1",
      "fault 5, resets 1",
      "client 7, sector 0: noDevice",
    ]);
    // It may still write: what it was told of stays pinned for good, whatever its client attaches now.
    const pinned = [...service.kernel.devices.pins];
    service.attach(7, 4096);
    expect(service.kernel.devices.pins.slice(0, pinned.length)).toEqual(pinned);
  });
});
