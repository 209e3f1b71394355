// virtioblkd, running over a fake kernel and a fake device, and its clients as functions of the test.

import { expect } from "vitest";
import { Audit, Right } from "../../harness/abi.ts";
import type { FakeBlockDevice } from "../../harness/fake-device.ts";
import { diskByte, type FakeDeviceOptions } from "../../harness/fake-options.ts";
import { type Fields, Wire } from "../packagefsd/wire.ts";
import { BlockKernel, type FakeVmo, type KernelOptions } from "./fake-kernel.ts";

export const empty: FakeDeviceOptions = { version: 2, sectors: 0n, deviceId: 0 };
export const disk: FakeDeviceOptions = { version: 2, sectors: 4096n };

/** AUDIT_READ_AGAIN of source/abi/audit.ts. */
const READ_AGAIN = 1n << 63n;

/** The contract, as the host reads it. */
export const wire = await Wire.of("virtio_blk");

/** The service with a disk in the first slot, booted; and its clients. */
export class Running {
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
    if (!device) {
      throw new Error("no device");
    }
    return device;
  }

  /** Asks, and gives what decodes the answer: undefined as long as there is none. */
  ask(
    badge: number,
    method: string,
    fields: Fields = {},
    vmo?: FakeVmo,
    rights: number = Right.All,
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
    if (!answer) {
      throw new Error(`${method} was not answered`);
    }
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

/** The statuses of virtio_blk.capnp that a read can end with, by number. */
const statuses = new Map([
  [9, "deviceError"],
  [10, "malformedReply"],
  [11, "timedOut"],
  [13, "noDevice"],
]);

/** The audit trail's records about the device and its reads, in words. */
export function troubleOf(kernel: BlockKernel): string[] {
  return kernel.audit.flatMap(([kind, first, second]) => {
    if (kind === Audit.DeviceFault) {
      return [`fault ${first}, resets ${second}`];
    }
    if (kind !== Audit.ReadFailed) {
      return [];
    }
    const status = statuses.get(Number((first & ~READ_AGAIN) >> 32n));
    const again = first & READ_AGAIN ? ", read again" : "";
    return [`client ${first & 0xffff_ffffn}, sector ${second}: ${status}${again}`];
  });
}

/** What the fake disk holds from a sector on. */
export function diskBytes(lba: number, byteCount: number): Uint8Array {
  return Uint8Array.from({ length: byteCount }, (_, at) => diskByte(BigInt(lba * 512 + at)));
}
