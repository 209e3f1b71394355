// What each method answers, and that an answer goes to the client that asked, no matter what the device does meanwhile.

import { describe, expect, test } from "vitest";
import { defined } from "../../harness/defined.ts";
import { diskBytes, Running, wire } from "./running.ts";

describe("answers", () => {
  test("info: the properties of the disk, and the counts of reads", async () => {
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
      version: 4,
      deviceVersion: 2,
      queueDepth: 64,
      reads: 1n,
      errors: 1n,
    });
  });

  test("a disk whose blocks are larger than a sector says so, and is read in whole blocks", async () => {
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

  test("read: the sectors are written at the offset in the client's memory, and nowhere else", async () => {
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

  test("several clients with several reads each, completed in reverse: each client gets its own", async () => {
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
    // Another client asks between the completions. Its answer must not disturb the others.
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

  test("read before attach: notAttached, even if another client has attached", async () => {
    const service = await Running.start();
    service.attach(7, 8192);
    expect(service.now(8, "read", { lba: 0n, count: 1, offset: 0n }).status).toBe("notAttached");
  });

  test("write: always refused, and reported eight times at most", async () => {
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

  test("an unknown method and a malformed message are answered", async () => {
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
