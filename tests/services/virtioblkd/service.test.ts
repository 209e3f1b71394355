// virtioblkd over a fake kernel and a fake device: what it says when it starts, what each method answers, and that
// an answer always goes to the one who asked, whatever the device does in between.

import { beforeEach, describe, expect, test } from "vitest";
import type { FakeBlockDevice } from "../../harness/fake-device.ts";
import { diskByte, type FakeDeviceOptions } from "../../harness/fake-options.ts";
import { type Fields, Wire } from "../packagefsd/wire.ts";
import { BlockKernel, type FakeVmo, type KernelOptions, right } from "./fake-kernel.ts";

const empty: FakeDeviceOptions = { version: 2, sectors: 0n, deviceId: 0 };
const disk: FakeDeviceOptions = { version: 2, sectors: 4096n };

let wire: Wire;
beforeEach(async () => {
  wire ??= await Wire.of("virtio_blk");
});

/** The service with a disk in the first slot, booted; and its clients. */
class Running {
  readonly kernel: BlockKernel;
  readonly exitCode: number | undefined;

  static async start(options: Partial<KernelOptions> = {}): Promise<Running> {
    return new Running(await BlockKernel.start({ slots: [disk, empty], ...options }));
  }

  private constructor(kernel: BlockKernel) {
    this.kernel = kernel;
    this.exitCode = kernel.boot();
  }

  get device(): FakeBlockDevice {
    const device = this.kernel.devices.find(({ isRunning }) => isRunning) ?? this.kernel.devices[0];
    if (!device) throw new Error("no device");
    return device;
  }

  /** Asks, and gives what decodes the answer: undefined as long as there is none. */
  ask(
    badge: number,
    method: string,
    fields: Fields = {},
    vmo?: FakeVmo,
    rights: number = right.all,
  ): () => Fields | undefined {
    const name = `VirtioBlk${method.charAt(0).toUpperCase()}${method.slice(1)}`;
    const message = { w0: wire.method(method), bytes: wire.encode(`${name}Params`, fields), badge };
    const token = this.kernel.send(vmo ? { ...message, slot: { object: vmo, rights } } : message);
    return () => {
      const bytes = this.kernel.answers.get(token);
      return bytes && wire.decode(`${name}Results`, bytes);
    };
  }

  /** Asks for something that is answered at once. */
  now(badge: number, method: string, fields: Fields = {}, vmo?: FakeVmo, rights?: number): Fields {
    const answer = this.ask(badge, method, fields, vmo, rights)();
    if (!answer) throw new Error(`${method} was not answered`);
    return answer;
  }

  /** A client with memory of its own attached. */
  attach(badge: number, byteCount: number): FakeVmo {
    const vmo = this.kernel.vmo(byteCount);
    expect(this.now(badge, "attach", { bytes: BigInt(byteCount) }, vmo)).toEqual({ status: "ok" });
    return vmo;
  }

  content(vmo: FakeVmo, offset: number, byteCount: number): Uint8Array {
    return this.kernel.guest.get(vmo.address + offset, byteCount);
  }
}

function diskBytes(lba: number, byteCount: number): Uint8Array {
  return Uint8Array.from({ length: byteCount }, (_, at) => diskByte(BigInt(lba * 512 + at)));
}

describe("starting", () => {
  test("finds the disk, reads a first block by interrupt, and says both in order", async () => {
    const { kernel, exitCode } = await Running.start();
    expect(exitCode).toBeUndefined();
    expect(kernel.console).toEqual(["virtioblkd: mmio=0x10001000 irq=1 sectors=4096", "virtioblkd: ready"]);
    expect(kernel.signals).toEqual([1n]);
    expect(kernel.completedCount).toBe(1);
  });

  test("finds it in the last slot, legacy, and gives the other slots back", async () => {
    const legacy: FakeDeviceOptions = { version: 1, sectors: 100n };
    const { kernel } = await Running.start({ slots: [...Array.from({ length: 7 }, () => empty), legacy] });
    expect(kernel.console[0]).toBe("virtioblkd: mmio=0x10008000 irq=8 sectors=100");
    const kinds = [...kernel.slots.values()].map(({ object }) => object.kind);
    expect(kinds.filter((kind) => kind === "device")).toHaveLength(1);
    expect(kinds.filter((kind) => kind === "interrupt")).toHaveLength(1);
  });

  test("without a disk it says nothing, tells its starter, and ends", async () => {
    const { kernel, exitCode } = await Running.start({ slots: [empty, { ...empty, deviceId: 1 }] });
    expect(exitCode).toBe(0);
    expect(kernel.console).toEqual([]);
    expect(kernel.signals).toEqual([2n]);
  });

  test("a disk that can be written is refused with its fault, and the next slot is tried", async () => {
    const { kernel } = await Running.start({
      slots: [
        { ...disk, readOnly: false },
        { ...disk, sectors: 8n },
      ],
    });
    expect(kernel.console).toEqual([
      "virtioblkd: refused mmio=0x10001000 fault=64 (it can be written: readonly=on is missing)",
      "virtioblkd: mmio=0x10002000 irq=2 sectors=8",
      "virtioblkd: ready",
    ]);
  });

  test("a disk without an interrupt is refused", async () => {
    const { kernel, exitCode } = await Running.start({ withoutInterrupt: [0] });
    expect(exitCode).toBe(0);
    expect(kernel.console).toEqual(["virtioblkd: refused mmio=0x10001000 fault=13"]);
  });

  test("a disk that never answers its first read is no disk", async () => {
    const { kernel, exitCode } = await Running.start({ answersFirst: false });
    expect(exitCode).toBe(1);
    expect(kernel.console).toEqual([
      "virtioblkd: mmio=0x10001000 irq=1 sectors=4096",
      "virtioblkd: device fault=72 resets=1 recovered",
      "virtioblkd: the first block could not be read, fault=72",
    ]);
    expect(kernel.signals).toEqual([2n]);
  });
});

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

  test("attach: refused without a capability, too small, empty, too large, read-only, or when pins run out", async () => {
    const service = await Running.start();
    const { kernel } = service;
    const refused = { status: "attachRefused" };
    expect(service.now(7, "attach", { bytes: 4096n })).toEqual(refused);
    expect(service.now(7, "attach", { bytes: 4097n }, kernel.vmo(4096))).toEqual(refused);
    expect(service.now(7, "attach", { bytes: 0n }, kernel.vmo(4096))).toEqual(refused);
    expect(service.now(7, "attach", { bytes: 16_777_217n }, kernel.vmo(16_777_217))).toEqual(refused);
    expect(service.now(7, "attach", { bytes: 4096n }, kernel.vmo(4096), right.read)).toEqual(refused);
    kernel.pinsMax = kernel.pins.length;
    expect(service.now(7, "attach", { bytes: 4096n }, kernel.vmo(4096))).toEqual(refused);
    // None of the capabilities that came along was kept.
    expect([...kernel.slots.values()].filter(({ object }) => object.kind === "vmo")).toHaveLength(1);
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

  test("a ninth client takes the place of the one that asked least recently", async () => {
    const service = await Running.start();
    for (let badge = 1; badge <= 9; badge++) service.attach(badge, 4096);
    expect(service.now(1, "read", { lba: 0n, count: 1, offset: 0n }).status).toBe("notAttached");
    expect(service.ask(9, "read", { lba: 0n, count: 1, offset: 0n })()).toBeUndefined();
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
  });
});
