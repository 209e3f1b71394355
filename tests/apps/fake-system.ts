// A system as a program from the disk finds it: harts that tick and interrupt each other, a package file system, a
// block device. Numbers and files are the test's; what the program prints is what the host's tools then judge.

import { imageHash } from "../../host/pkgimg/hash.ts";
import { defined } from "../harness/defined.ts";
import {
  FakeEndpoint,
  FakeKernel,
  FakeVmo,
  type KernelObject,
  Refusal,
  Right,
  Role,
  Syscall,
  vmoIn,
} from "../harness/fake-kernel/kernel.ts";
import { type Fields, Wire } from "../services/packagefsd/wire.ts";

/** sharedBytes of source/idl/package_fs.capnp. */
const PIECE_BYTES = 131_072;
export const NONCE = "00112233445566778899aabbccddeeff";

export interface FakeHart {
  online: boolean;
  ticks: bigint;
  /** How much its counter grows with every sleep of the program. */
  step: bigint;
}

export class FakeSystem {
  readonly harts: FakeHart[];
  /** IPIs taken: `taken[b][a]` came from a. */
  readonly taken: bigint[][];
  /** Pairs whose IPIs get lost, as "a>b". */
  readonly deaf = new Set<string>();
  readonly files = new Map<string, Uint8Array>();
  /** What is read of a file instead of its content; its hash stays what it was. */
  readonly damaged = new Map<string, Uint8Array>();
  source = "disk";
  /** By how many harts the kernel's count is wrong. */
  miscounted = 0;
  disk: Uint8Array | undefined;
  kernel: FakeKernel;
  private hart = 0;

  private constructor(kernel: FakeKernel, smp: number) {
    this.kernel = kernel;
    this.harts = Array.from({ length: smp }, (_, index) => ({
      online: true,
      ticks: BigInt(index),
      step: 5n,
    }));
    this.taken = this.harts.map(() => this.harts.map(() => 0n));
  }

  /** Compiles the program with `smp` harts and gives it what nexus-init would. */
  static async start(
    entry: Parameters<typeof FakeKernel.start>[0],
    options: {
      smp?: number;
      argument?: string;
      disk?: Uint8Array;
      /** Further roles and what stands behind them. */
      more?: readonly (readonly [role: number, object: KernelObject, size?: bigint])[];
    } = {},
  ): Promise<FakeSystem> {
    const kernel = await FakeKernel.start(entry);
    const system = new FakeSystem(kernel, options.smp ?? 4);
    const roles: { role: number; slot: number; size?: bigint }[] = [
      { role: Role.Console, slot: kernel.insert({ kind: "console" }, Right.Write) },
      { role: Role.Info, slot: kernel.insert({ kind: "info" }, Right.Read) },
      { role: Role.PackageService, slot: kernel.insert(await system.packages(), Right.Send, 3) },
    ];
    if (options.disk) {
      system.disk = options.disk;
      roles.push({ role: Role.BlockService, slot: kernel.insert(await system.blocks(), Right.Send, 3) });
    }
    for (const [role, object, size = 0n] of options.more ?? []) {
      roles.push({ role, slot: kernel.insert(object), size });
    }
    kernel.writeStartup(options.argument ?? "", roles);
    kernel.extra.set(Syscall.YieldTo, ([to]) => system.yieldTo(Number(to)));
    kernel.extra.set(Syscall.Now, () => {
      kernel.setResults(kernel.time, system.hart);
      return 0;
    });
    kernel.extra.set(Syscall.Sleep, ([until]) => {
      if (until > kernel.time) {
        kernel.time = until;
      }
      for (const hart of system.harts) {
        hart.ticks += hart.step;
      }
      return 0;
    });
    kernel.extra.set(Syscall.Information, ([, topic, index]) => system.inform(Number(topic), Number(index)));
    return system;
  }

  get lines(): readonly string[] {
    return this.kernel.lines;
  }

  private yieldTo(to: number): number {
    if (this.harts[to]?.online !== true) {
      return Refusal.HartOffline;
    }
    const row = this.taken[to];
    const from = this.hart;
    if (row && from !== to && !this.deaf.has(`${from}>${to}`)) {
      row[from] = defined(row[from]) + 1n;
    }
    this.hart = to;
    return 0;
  }

  private inform(topic: number, index: number): number {
    const words = this.facts(topic, index);
    if (!words) {
      return Refusal.BadArgument;
    }
    this.kernel.setResults(...words);
    return 0;
  }

  /** source/abi/info.ts, as the kernel tells it. */
  private facts(topic: number, index: number): readonly (bigint | number)[] | undefined {
    if (topic === 0) {
      const mask = this.harts.reduce((bits, { online }, index) => bits | (Number(online) << index), 0);
      const count = this.harts.filter(({ online }) => online).length;
      return [count + this.miscounted, this.harts.length, 0, 0, 0, mask];
    }
    if (topic === 3) {
      return [Buffer.from(NONCE, "hex").readBigUInt64LE(0), Buffer.from(NONCE, "hex").readBigUInt64LE(8)];
    }
    if (topic === 7) {
      return [1n << 24n, 1, 0x10001, 0b1_1111, 1, 1];
    }
    const hart = this.harts[index];
    if (!hart) {
      return undefined;
    }
    if (topic === 1) {
      return [index + 10, hart.ticks, index + 20, index + 30, index + 40, index + 50];
    }
    if (topic === 2) {
      return this.taken.map((row) => defined(row[index]));
    }
    return topic === 4 ? [index + 60, index + 70, index + 80] : undefined;
  }

  /** packagefsd, as far as the programs use it. */
  private async packages(): Promise<FakeEndpoint> {
    const wire = await Wire.of("package_fs");
    const endpoint = new FakeEndpoint();
    let attached: FakeVmo | undefined;
    const open: (Uint8Array | undefined)[] = [];
    endpoint.answer = (message) => {
      const { w0, bytes } = message;
      const reply = (method: string, fields: Fields): Uint8Array =>
        wire.encode(`PackageFs${method}Results`, fields);
      if (w0 === wire.method("info")) {
        return reply("Info", { status: "ok", source: this.source });
      }
      if (w0 === wire.method("open")) {
        const path = String(wire.decode("PackageFsOpenParams", bytes).path);
        const content = this.damaged.get(path) ?? this.files.get(path);
        if (!content) {
          return reply("Open", { status: "notFound" });
        }
        return reply("Open", { status: "ok", file: open.push(content) - 1, size: BigInt(content.length) });
      }
      if (w0 === wire.method("stat")) {
        const content = this.files.get(String(wire.decode("PackageFsStatParams", bytes).path));
        if (!content) {
          return reply("Stat", { status: "notFound" });
        }
        const hash = new Uint8Array(imageHash(content));
        return reply("Stat", { status: "ok", kind: "file", size: BigInt(content.length), hash });
      }
      if (w0 === wire.method("attach")) {
        attached = vmoIn(message);
        return reply("Attach", { status: "ok" });
      }
      if (w0 === wire.method("close")) {
        return reply("Close", { status: "ok" });
      }
      if (w0 === wire.method("share")) {
        const { file, offset } = wire.decode("PackageFsShareParams", bytes);
        const from = Number(offset);
        const piece = defined(open[Number(file)], "an open file").subarray(from, from + PIECE_BYTES);
        const slot = { object: FakeVmo.of(piece), rights: Right.Read, badge: 0 };
        return { bytes: reply("Share", { status: "ok", bytes: piece.length }), slot };
      }
      const params = wire.decode("PackageFsReadParams", bytes);
      const content = defined(open[Number(params.file)], "an open file");
      const part = content.subarray(Number(params.offset), Number(params.offset) + Number(params.length));
      this.deliver(attached, part, Number(params.into));
      return reply("Read", { status: "ok", bytes: part.length });
    };
    return endpoint;
  }

  /** virtioblkd, as far as nx uses it. */
  private async blocks(): Promise<FakeEndpoint> {
    const wire = await Wire.of("virtio_blk");
    const endpoint = new FakeEndpoint();
    let attached: FakeVmo | undefined;
    endpoint.answer = (message) => {
      const { w0, bytes } = message;
      const disk = defined(this.disk, "a disk");
      if (w0 === wire.method("info")) {
        const sectors = BigInt(disk.length / 512);
        return wire.encode("VirtioBlkInfoResults", {
          status: "ok",
          sectors,
          sectorSize: 512,
          blockSize: 512,
          readOnly: true,
        });
      }
      if (w0 === wire.method("attach")) {
        attached = vmoIn(message);
        return wire.encode("VirtioBlkAttachResults", { status: "ok" });
      }
      const { lba, count, offset } = wire.decode("VirtioBlkReadParams", bytes);
      const part = disk.subarray(Number(lba) * 512, (Number(lba) + Number(count)) * 512);
      this.deliver(attached, part, Number(offset));
      return wire.encode("VirtioBlkReadResults", { status: "ok", bytes: part.length });
    };
    return endpoint;
  }

  /** Writes to a shared memory object. */
  private deliver(vmo: FakeVmo | undefined, content: Uint8Array, at: number): void {
    if (!vmo) {
      throw new Error("nothing is attached");
    }
    vmo.content.set(content, at);
  }
}
