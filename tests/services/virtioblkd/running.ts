// virtioblkd, running over a fake kernel and fake devices, and its clients as functions of the test.
//
//     test ──message──▶ Receive │ virtioblkd │ registers, ring ──▶ FakeBlockDevice (finishes when the test says so)
//     test ◀──answer───   Reply │            │ ◀── signal ──────── its interrupt

import { expect } from "vitest";
import { defined } from "../../harness/defined.ts";
import { FakeBlockDevice } from "../../harness/fake-device.ts";
import {
  Audit,
  FakeDevice,
  FakeEndpoint,
  FakeInterrupt,
  FakeKernel,
  FakeNotification,
  FakeVmo,
  type KernelObject,
  type Message,
  pageBytes,
  Refusal,
  Right,
  Role,
  Stopped,
  Syscall,
} from "../../harness/fake-kernel/kernel.ts";
import { diskByte, type FakeDeviceOptions } from "../../harness/fake-options.ts";
import { type Fields, Wire } from "../packagefsd/wire.ts";

export const empty: FakeDeviceOptions = { version: 2, sectors: 0n, deviceId: 0 };
export const disk: FakeDeviceOptions = { version: 2, sectors: 4096n };

/** AUDIT_READ_AGAIN of source/abi/audit.ts. */
const READ_AGAIN = 1n << 63n;
/** Where the service maps its first slot's registers (limits.ts). */
const REGISTERS_ADDRESS = 0x1000_0000;
/** The service's signals when it is ready, and when there is no disk. */
const READY = 1;
const ABSENT = 2;
/** The content of a client's memory before anything is read into it. */
const UNREAD = 0xee;

const program = `
import { Role } from "abi/startup";
import { serve } from "runtime/service";
import { slotOf } from "runtime/startup";
import { onInterrupt, onTime } from "services/virtioblkd/main";
import { onRequest } from "services/virtioblkd/requests";
export { main } from "services/virtioblkd/main";
export function serveAgain(): void { serve(slotOf(Role.Serve), onRequest, onInterrupt, onTime); }
`;

/** Writes and reads the messages of the contract. */
export const wire = await Wire.of("virtio_blk");

export interface Options {
  /** The device in each slot. An empty object has the device id 0. */
  readonly slots?: readonly FakeDeviceOptions[];
  /** Slots whose interrupt the service does not get. */
  readonly withoutInterrupt?: readonly number[];
  /** Slots whose registers the kernel does not map. */
  readonly withoutRegisters?: readonly number[];
  /** A system call that the kernel refuses, for want of memory. */
  readonly refused?: number;
  /** How often it is refused. Default: each time. */
  readonly refusals?: number;
  /** The words at address 0, where the service has no memory. */
  readonly wordsAtZero?: number;
  /** Whether the topology vouches for the file behind the disk. */
  readonly isVouchedFor?: boolean;
  /** Whether the device finishes reads while the service waits for its first block. */
  readonly answersFirst?: boolean;
  /** How many tries of that read fail first. */
  readonly failsFirst?: number;
  /** Objects that an earlier instance of the service has left pinned for the first slot. */
  readonly pinned?: readonly FakeVmo[];
}

/** The running service with its devices: by default, a disk in the first of two slots. */
export class Running {
  readonly kernel: FakeKernel;
  readonly devices: readonly FakeBlockDevice[];
  /** What main returned. Undefined while the service runs. */
  readonly exitCode: number | undefined;
  /** The deadline until which the service waits. */
  deadline = 0n;
  private readonly endpoint = new FakeEndpoint();
  private readonly starter = new FakeNotification();
  private readonly slots: readonly { readonly device: FakeDevice; readonly interrupt: FakeInterrupt }[];

  static async start(options: Options = {}): Promise<Running> {
    const devices = (options.slots ?? [disk, empty]).map(
      (fake, nth) => new FakeBlockDevice(fake, REGISTERS_ADDRESS + nth * pageBytes),
    );
    // As on the machine, the service has nothing in the page at address 0.
    const flags = ["--memoryBase", String(pageBytes)];
    const kernel = await FakeKernel.start({ text: program }, { hardware: devices, flags });
    return new Running(kernel, devices, options);
  }

  private constructor(kernel: FakeKernel, devices: readonly FakeBlockDevice[], options: Options) {
    this.kernel = kernel;
    this.devices = devices;
    this.slots = devices.map((device) => ({
      device: new FakeDevice(device),
      interrupt: new FakeInterrupt(device),
    }));
    this.writeStartup(options);
    let refusals = options.refusals ?? Number.POSITIVE_INFINITY;
    kernel.refuse = ({ number, a }) => {
      const isRefused = number === Syscall.MapDevice && options.withoutRegisters?.includes(this.nthIn(a[0]));
      if (number === options.refused && refusals > 0) {
        refusals -= 1;
        // What stands where a result would be looks like one.
        kernel.setResults(pageBytes);
        return Refusal.NoMemory;
      }
      return isRefused ? Refusal.NoMemory : undefined;
    };
    let failures = 0;
    kernel.onIdle = ({ call, deadline }) => {
      this.deadline = deadline;
      // The service waits. The test decides what happens next.
      if (call !== Syscall.Wait) {
        throw new Stopped("hang");
      }
      if (options.answersFirst === false) {
        return;
      }
      if (failures++ < (options.failsFirst ?? 0)) {
        this.device.finish(0, { status: 1 });
      } else {
        this.device.finishAll();
      }
      kernel.devices.deliver();
    };
    const first = this.slots[0];
    for (const vmo of options.pinned ?? []) {
      kernel.devices.pinFor(defined(first).device, vmo);
    }
    if (options.wordsAtZero !== undefined) {
      new Uint32Array(kernel.guest.memory.buffer, 0, 64).fill(options.wordsAtZero);
    }
    this.exitCode = kernel.untilIdle("main");
  }

  /** The device in use. */
  get device(): FakeBlockDevice {
    return defined(this.devices.find(({ isRunning }) => isRunning) ?? this.devices[0], "a device");
  }

  /** The service's signals to its starter. */
  get signals(): readonly bigint[] {
    return this.starter.signals;
  }

  /** The slot of each device that has memory pinned, one for each object. */
  get pinnedFor(): readonly number[] {
    return this.kernel.devices.pins.map((pin) => this.slots.findIndex(({ device }) => device === pin.device));
  }

  /** The objects that are pinned. */
  get pinned(): readonly FakeVmo[] {
    return this.kernel.devices.pins.map(({ vmo }) => vmo);
  }

  /** Interrupts that the service has completed. */
  get completedCount(): number {
    return this.slots.reduce((sum, { interrupt }) => sum + interrupt.completedCount, 0);
  }

  /** A new memory object of a client. */
  vmo(byteCount: number): FakeVmo {
    const vmo = new FakeVmo(byteCount);
    vmo.content.fill(UNREAD);
    return vmo;
  }

  /** Sends any message. Returns a function that gives the bytes of the answer, or undefined while there is none. */
  send(message: Message): () => Uint8Array | undefined {
    const answer = this.endpoint.send(message);
    this.kernel.untilIdle("serveAgain");
    return answer;
  }

  /** Sends a request. Returns a function that decodes the answer, or gives undefined while there is none. */
  ask(
    badge: number,
    method: string,
    fields: Fields = {},
    vmo?: FakeVmo,
    rights: number = Right.All,
  ): () => Fields | undefined {
    const name = `VirtioBlk${method.charAt(0).toUpperCase()}${method.slice(1)}`;
    const slot = vmo && { object: vmo, rights, badge: 0 };
    const w0 = wire.method(method);
    const answer = this.send({ w0, bytes: wire.encode(`${name}Params`, fields), badge, slot });
    return () => {
      const bytes = answer();
      return bytes && wire.decode(`${name}Results`, bytes);
    };
  }

  /** Sends a request that is answered at once. */
  now(badge: number, method: string, fields: Fields = {}, vmo?: FakeVmo, rights?: number): Fields {
    return defined(this.ask(badge, method, fields, vmo, rights)(), `the answer to ${method}`);
  }

  /** A client with memory of its own attached. */
  attach(badge: number, byteCount: number): FakeVmo {
    const vmo = this.vmo(byteCount);
    expect(this.now(badge, "attach", { bytes: BigInt(byteCount) }, vmo)).toEqual({ status: "ok" });
    return vmo;
  }

  /** The interrupt of a device arrives, if its line is up. */
  interrupt(): void {
    this.kernel.devices.deliver();
    this.kernel.untilIdle("serveAgain");
  }

  /** Time passes, and nothing else happens. */
  tick(now: bigint): void {
    this.kernel.time = now;
    this.kernel.untilIdle("serveAgain");
  }

  private writeStartup({ isVouchedFor = false, withoutInterrupt = [] }: Options): void {
    const { kernel } = this;
    const slot = (role: number, object: KernelObject, rights: number, badge = 0) => ({
      role,
      slot: kernel.insert(object, rights, badge),
    });
    const slots = this.slots.flatMap(({ device, interrupt }, nth) => {
      const place = { base: 0x1000_1000 + nth * pageBytes, size: pageBytes, irq: nth + 1 };
      const ofDevice = {
        ...slot(Role.VirtioDevice, device, Right.Read | Right.Write | Right.Manage),
        ...place,
      };
      return withoutInterrupt.includes(nth)
        ? [ofDevice]
        : [ofDevice, { ...slot(Role.VirtioInterrupt, interrupt, Right.Manage), ...place }];
    });
    kernel.writeStartup("", [
      slot(Role.Console, { kind: "console" }, Right.Write),
      slot(Role.Serve, this.endpoint, Right.Receive),
      { ...slot(Role.Starter, this.starter, Right.Send, READY | ABSENT), base: READY, size: ABSENT },
      slot(Role.Audit, { kind: "audit" }, Right.Write),
      // It has no rights. Its presence is the information.
      ...(isVouchedFor ? [slot(Role.ReadOnlyFile, this.starter, Right.None)] : []),
      ...slots,
    ]);
  }

  /** Which device the capability in a slot is for. */
  private nthIn(slot: bigint): number {
    const object = this.kernel.slots.get(Number(slot))?.object;
    return this.slots.findIndex(({ device }) => device === object);
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
export function troubleOf(kernel: FakeKernel): string[] {
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
