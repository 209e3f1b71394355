// The kernel as virtioblkd sees it, for the service as Wasm in this process: virtio-mmio slots with fake devices in
// them, interrupts, pins, a console that collects lines, and clients that are functions of the test.
//
//     test ──message──▶ Receive │ virtioblkd │ registers, ring ──▶ FakeBlockDevice (finishes when the test says so)
//     test ◀──answer───   Reply │            │ ◀── signal ──────── its interrupt
//
// A Receive with nothing to deliver throws `Idle` through the guest's frames: the service keeps its state in static
// memory, so the test calls its loop again with the next event.

import { notified, pageBytes, Refusal, Right, Role, Syscall } from "../../harness/abi.ts";
import { FakeBlockDevice } from "../../harness/fake-device.ts";
import { type Asked, mapRefusal, type Place, placeRefusal } from "../../harness/fake-kernel/mapping.ts";
import { receivedInfo } from "../../harness/fake-kernel/messages.ts";
import type { StartupEntry } from "../../harness/fake-kernel/startup-page.ts";
import { TaskGuest, type Words } from "../../harness/fake-kernel/task-guest.ts";
import type { FakeDeviceOptions } from "../../harness/fake-options.ts";
import type { Guest } from "../../harness/guest.ts";

/** Where memory objects lie until they are mapped. */
const OBJECTS_BASE = 0x3000_0000;
/** Where the service maps its first slot's registers (limits.ts). */
const REGISTERS_ADDRESS = 0x1000_0000;

const text = `
import { Role } from "abi/startup";
import { serve } from "runtime/service";
import { slotOf } from "runtime/startup";
import { onInterrupt, onTime } from "services/virtioblkd/main";
import { onRequest } from "services/virtioblkd/requests";
export { main } from "services/virtioblkd/main";
export function serveAgain(): void { serve(slotOf(Role.Serve), onRequest, onInterrupt, onTime); }
`;

/** A deadline that never comes (abi/syscall.ts). */
const FOREVER = 2n ** 64n - 1n;

/** Thrown through the guest when it waits and there is nothing to come. */
class Idle extends Error {}

/** A memory object: pages of the guest's memory that the service may or may not have mapped. */
export class FakeVmo {
  readonly kind = "vmo";
  readonly byteCount: number;
  address: number;

  constructor(byteCount: number, address: number) {
    this.byteCount = byteCount;
    this.address = address;
  }
}

interface FakeSlot {
  readonly object:
    | FakeVmo
    | { readonly kind: "device" | "interrupt"; readonly nth: number }
    | { readonly kind: "other" | "audit" };
  readonly rights: number;
}

export interface Message {
  readonly w0: bigint;
  readonly bytes: Uint8Array;
  readonly badge: number;
  readonly slot?: FakeSlot;
}

export interface KernelOptions {
  /** What is plugged into each slot; an empty object's device id is 0. */
  readonly slots: readonly FakeDeviceOptions[];
  /** Slots whose interrupt the service is not given. */
  readonly withoutInterrupt?: readonly number[];
  /** Slots whose registers the kernel does not map. */
  readonly withoutRegisters?: readonly number[];
  /** Whether the topology vouches for the file behind the disk. */
  readonly isVouchedFor?: boolean;
  /** Whether the device finishes reads while the service waits for its first block. */
  readonly answersFirst?: boolean;
  /** How many tries of that read the device fails first. */
  readonly failsFirst?: number;
}

export class BlockKernel {
  readonly console: string[] = [];
  readonly signals: bigint[] = [];
  /** Answers by token. */
  readonly answers = new Map<bigint, Uint8Array>();
  readonly devices: FakeBlockDevice[];
  readonly slots = new Map<number, FakeSlot>();
  /** What is pinned: device slot and object; an object once, as in the kernel. */
  pins: { readonly nth: number; readonly vmo: FakeVmo }[] = [];
  /** Reads that were with a device when memory that it was told of was let go. */
  unpinnedUnderWay = 0;
  /** What was added to the audit trail: kind and the two words. */
  readonly audit: (readonly [kind: number, word0: bigint, word1: bigint])[] = [];
  /** What is mapped, by address. */
  private readonly mappings = new Map<number, Place>();
  pinsMax = 16;
  time = 1_000n;
  /** Until when the service said that it waits. */
  deadline = 0n;
  /** Interrupts that were completed. */
  completedCount = 0;
  private readonly options: KernelOptions;
  private started: TaskGuest | undefined;
  private nextObject = OBJECTS_BASE;
  private nextSlot = 40;
  private nextToken = 100n;
  private firstFailures = 0;
  private event: Message | bigint | undefined;

  static async start(options: KernelOptions): Promise<BlockKernel> {
    const kernel = new BlockKernel(options);
    const imports = { intrinsics: kernel.intrinsics() };
    kernel.started = await TaskGuest.start({ text }, (number, a) => kernel.dispatch(number, a), { imports });
    for (const device of kernel.devices) {
      device.plug(kernel.guest.memory);
    }
    kernel.writeStartupPage();
    return kernel;
  }

  private constructor(options: KernelOptions) {
    this.options = options;
    this.devices = options.slots.map(
      (fake, nth) => new FakeBlockDevice(fake, REGISTERS_ADDRESS + nth * pageBytes),
    );
  }

  private get task(): TaskGuest {
    if (!this.started) {
      throw new Error("the guest was not started");
    }
    return this.started;
  }

  get guest(): Guest {
    return this.task.guest;
  }

  /** Runs `main`: the exit code, or undefined when it serves. */
  boot(): number | undefined {
    return this.untilIdle("main");
  }

  /** A fresh memory object of a client, full of 0xee. */
  vmo(byteCount: number): FakeVmo {
    const vmo = new FakeVmo(Math.ceil(byteCount / pageBytes) * pageBytes, this.nextObject);
    this.nextObject += vmo.byteCount + pageBytes;
    this.guest.bytes().fill(0xee, vmo.address, vmo.address + vmo.byteCount);
    return vmo;
  }

  /** Sends a message; the token under which its answer will be. */
  send(message: Message): bigint {
    this.nextToken++;
    const token = this.nextToken;
    this.event = message;
    this.untilIdle("serveAgain");
    return token;
  }

  /** The device's interrupt arrives. */
  interrupt(): void {
    this.event = 1n;
    this.untilIdle("serveAgain");
  }

  /** Time passes, and nothing else happens. */
  tick(now: bigint): void {
    this.time = now;
    this.untilIdle("serveAgain");
  }

  private untilIdle(name: string): number | undefined {
    try {
      return this.guest.call(name);
    } catch (error) {
      if (error instanceof Idle) {
        return undefined;
      }
      throw error;
    }
  }

  /** An access belongs to the device whose register it is; memory and fences go to every device's eyes. */
  private intrinsics(): Record<string, (...args: number[]) => number | undefined> {
    const at = (address: number) =>
      this.devices.find((device) => device.owns(address >>> 0)) ?? this.watcher();
    const load =
      (name: "volatileLoad8" | "volatileLoad16" | "volatileLoad32") =>
      (address = 0) =>
        at(address).intrinsics[name](address);
    const store =
      (name: "volatileStore8" | "volatileStore16" | "volatileStore32") =>
      (address = 0, value = 0) =>
        at(address).intrinsics[name](address, value);
    const fence = (name: "fence" | "fenceIo") => () => {
      for (const { intrinsics } of this.devices) {
        intrinsics[name]();
      }
      return undefined;
    };
    return {
      volatileLoad8: load("volatileLoad8"),
      volatileLoad16: load("volatileLoad16"),
      volatileLoad32: load("volatileLoad32"),
      volatileStore8: store("volatileStore8"),
      volatileStore16: store("volatileStore16"),
      volatileStore32: store("volatileStore32"),
      fence: fence("fence"),
      fenceIo: fence("fenceIo"),
    };
  }

  /** The device that runs: it checks the accesses to its ring. */
  private watcher(): FakeBlockDevice {
    const device = this.devices.find(({ isRunning }) => isRunning) ?? this.devices[0];
    if (!device) {
      throw new Error("no device at all");
    }
    return device;
  }

  private writeStartupPage(): void {
    const entries: (Omit<StartupEntry, "slot"> & { slot: FakeSlot })[] = [
      { role: Role.Console, slot: { object: { kind: "other" }, rights: Right.Write } },
      { role: Role.Serve, slot: { object: { kind: "other" }, rights: Right.All } },
      { role: Role.Starter, slot: { object: { kind: "other" }, rights: Right.All }, base: 1, size: 2 },
    ];
    entries.push({ role: Role.Audit, slot: { object: { kind: "audit" }, rights: Right.Write } });
    if (this.options.isVouchedFor) {
      entries.push({ role: Role.ReadOnlyFile, slot: { object: { kind: "other" }, rights: 0 } });
    }
    this.devices.forEach((_, nth) => {
      const device = { kind: "device", nth } as const;
      const place = { base: 0x1000_1000 + nth * pageBytes, irq: nth + 1 };
      entries.push({ role: Role.VirtioDevice, slot: { object: device, rights: Right.All }, ...place });
      if (this.options.withoutInterrupt?.includes(nth)) {
        return;
      }
      const interrupt = { kind: "interrupt", nth } as const;
      entries.push({ role: Role.VirtioInterrupt, slot: { object: interrupt, rights: Right.All }, ...place });
    });
    this.task.writeStartup(
      "",
      entries.map((entry) => ({ size: pageBytes, ...entry, slot: this.insert(entry.slot) })),
    );
  }

  private insert(slot: FakeSlot): number {
    const number = this.nextSlot++;
    this.slots.set(number, slot);
    return number;
  }

  private dispatch(number: number, a: Words): number {
    const n = (index: number) => Number(a[index] ?? 0n);
    switch (number) {
      case Syscall.Now:
        return this.task.setResults(this.time, 0n);
      case Syscall.Receive:
        return this.receive(a[1]);
      case Syscall.Reply:
        this.answer(a[0], a[1]);
        return 0;
      case Syscall.ReplyReceive:
        this.answer(a[6], a[1]);
        return this.receive(FOREVER);
      case Syscall.Signal:
        this.signals.push(a[1]);
        return 0;
      case Syscall.Wait:
        return this.wait(a[1]);
      case Syscall.Bind:
        return 0;
      case Syscall.Create:
        return this.task.setResults(BigInt(this.insert({ object: { kind: "other" }, rights: Right.All })));
      case Syscall.Drop:
        return this.slots.delete(n(0)) ? 0 : Refusal.BadSlot;
      case Syscall.CreateVmo:
        return this.task.setResults(BigInt(this.insert({ object: this.vmo(n(0)), rights: Right.All })));
      case Syscall.Map:
        return this.map(n(1), { address: n(2), offset: n(3), bytes: n(4), rights: n(5) });
      case Syscall.Unmap:
        return this.mappings.delete(n(1)) ? 0 : Refusal.BadAddress;
      case Syscall.VmoSize:
        return this.onVmo(n(0), (vmo) => this.task.setResults(BigInt(vmo.byteCount)));
      case Syscall.MapDevice:
        return this.mapDevice(n(0), n(1));
      case Syscall.CompleteInterrupt:
        this.completedCount++;
        return 0;
      case Syscall.BindInterrupt:
        return this.slots.get(n(0))?.object.kind === "interrupt" ? 0 : Refusal.WrongKind;
      case Syscall.Pin:
        return this.pin(n(0), n(1), n(2), n(3));
      case Syscall.UnpinAll:
        return this.unpin(n(0), () => true);
      case Syscall.Unpin:
        return this.onVmo(n(1), (wanted) => this.unpin(n(0), (vmo) => vmo === wanted));
      case Syscall.AuditWrite:
        if (this.slots.get(n(0))?.object.kind !== "audit") {
          return Refusal.WrongKind;
        }
        this.audit.push([n(1), a[2], a[3]]);
        return 0;
      case Syscall.ConsoleWrite:
        this.console.push(new TextDecoder().decode(this.guest.get(n(1), n(2) - 1)));
        return 0;
      default:
        throw new Error(`the service made system call ${number}, which this kernel does not fake`);
    }
  }

  private onVmo(slot: number, act: (vmo: FakeVmo, rights: number) => number): number {
    const found = this.slots.get(slot);
    if (!found) {
      return Refusal.BadSlot;
    }
    if (!(found.object instanceof FakeVmo)) {
      return Refusal.WrongKind;
    }
    return act(found.object, found.rights);
  }

  private map(slot: number, asked: Asked): number {
    return this.onVmo(slot, (vmo, rights) => {
      const refusal = mapRefusal(asked, { rights, bytes: vmo.byteCount }, this.mappings.values());
      if (refusal !== 0) {
        return refusal;
      }
      const { address } = asked;
      this.mappings.set(address, asked);
      vmo.address = address;
      this.guest.bytes().fill(0, address, address + vmo.byteCount);
      return 0;
    });
  }

  private mapDevice(slot: number, address: number): number {
    const object = this.slots.get(slot)?.object;
    if (object?.kind !== "device") {
      return Refusal.WrongKind;
    }
    if (this.options.withoutRegisters?.includes(object.nth)) {
      return Refusal.NoMemory;
    }
    if (!this.devices[object.nth]?.owns(address)) {
      throw new Error("registers at an unexpected address");
    }
    const page = { address, bytes: pageBytes };
    const refusal = placeRefusal(page, this.mappings.values());
    if (refusal !== 0) {
      return refusal;
    }
    this.mappings.set(address, page);
    return 0;
  }

  private pin(slot: number, vmoSlot: number, offset: number, byteCount: number): number {
    const device = this.slots.get(slot)?.object;
    if (device?.kind !== "device") {
      return Refusal.WrongKind;
    }
    return this.onVmo(vmoSlot, (vmo, rights) => {
      if ((rights & Right.Write) === 0) {
        return Refusal.MissingRight;
      }
      if (byteCount === 0 || offset + byteCount > vmo.byteCount) {
        return Refusal.BadArgument;
      }
      if (!this.pins.some((each) => each.nth === device.nth && each.vmo === vmo)) {
        if (this.pins.length === this.pinsMax) {
          return Refusal.TableFull;
        }
        this.pins.push({ nth: device.nth, vmo });
      }
      const window = this.devices[device.nth]?.window(vmo.address + offset, byteCount);
      return this.task.setResults(window ?? 0n);
    });
  }

  private unpin(slot: number, isMeant: (vmo: FakeVmo) => boolean): number {
    const device = this.slots.get(slot)?.object;
    if (device?.kind !== "device") {
      return Refusal.WrongKind;
    }
    const kept = this.pins.filter(({ nth, vmo }) => nth !== device.nth || !isMeant(vmo));
    if (kept.length !== this.pins.length) {
      this.unpinnedUnderWay += this.devices[device.nth]?.pending.length ?? 0;
    }
    this.pins = kept;
    return 0;
  }

  /** The service waits for its first block. */
  private wait(deadline: bigint): number {
    if (this.options.answersFirst === false) {
      this.time = deadline;
      return Refusal.TimedOut;
    }
    const { failsFirst = 0 } = this.options;
    if (this.firstFailures++ < failsFirst) {
      this.watcher().finish(0, { status: 1 });
    } else {
      this.watcher().finishAll();
    }
    return this.task.setResults(1n);
  }

  private answer(token: bigint, info: bigint): void {
    this.answers.set(token, this.task.message(Number(info & 0x1fffn)));
    // What the service wrote there is gone with the answer.
    this.task.spoilMessage();
  }

  private receive(deadline: bigint): number {
    this.deadline = deadline;
    const event = this.event;
    this.event = undefined;
    if (event === undefined) {
      throw new Idle();
    }
    if (typeof event === "bigint") {
      this.task.setResults(0n, event);
      return notified;
    }
    const slot = event.slot && this.insert(event.slot);
    this.task.setMessage(event.bytes);
    const info = receivedInfo(event.bytes.length, event.badge, slot);
    return this.task.setResults(info, event.w0, 0n, 0n, 0n, this.nextToken);
  }
}
