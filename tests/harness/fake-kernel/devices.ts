// Devices of the task under test: registers that are mapped, interrupts, and memory that is pinned for DMA.
//
//     task ──load, store──▶ Hardware (finishes its work when the test says so)
//          ◀── signal ───── deliver ◀── its interrupt line
//
// An interrupt comes when the test has it delivered, and not again before the task has completed it. A device reaches what
// is pinned for it, and nothing else.

import { pageBytes, piecesMax, Refusal, Right, Syscall } from "../abi.ts";
import { defined } from "../defined.ts";
import type { FakeWriter } from "../fake-writer.ts";
import type { Core, SystemCalls } from "./core.ts";
import type { FakeMemory } from "./memory.ts";
import { type FakeDevice, type FakeInterrupt, FakeVmo, type Hardware } from "./objects.ts";

/** PINS_MAX of source/kernel/neuron/src/dma/pins.ts: what all devices together may have pinned. */
export const PINS_MAX = 64;

/** Memory that a device was told of. */
export interface Pin {
  readonly device: FakeDevice;
  readonly vmo: FakeVmo;
  /** Its place in the device's pool. */
  readonly number: number;
}

export class FakeDevices {
  pins: Pin[] = [];
  pinsMax = PINS_MAX;
  /** Requests that were with a device when memory that they name was let go. */
  get unpinnedUnderWay(): number {
    return this.hardware.reduce((sum, { writer }) => sum + (writer?.unpinnedUnderWay ?? 0), 0);
  }
  readonly calls: SystemCalls;
  private readonly core: Core;
  private readonly memory: FakeMemory;
  private readonly hardware: readonly Hardware[];
  private readonly bound: FakeInterrupt[] = [];

  constructor(core: Core, memory: FakeMemory, hardware: readonly Hardware[]) {
    this.core = core;
    this.memory = memory;
    this.hardware = hardware;
    this.calls = {
      [Syscall.MapDevice]: (slot, address) => {
        const device = core.slots.find(slot, "device", Right.Read | Right.Write);
        if (typeof device === "number") {
          return device;
        }
        if (!hardwareOf(device).owns(Number(address))) {
          throw new Error("registers at another address than the test has them");
        }
        return memory.mapRegisters(Number(address));
      },
      [Syscall.BindInterrupt]: (slot, notificationSlot, bits) => {
        const interrupt = core.slots.find(slot, "interrupt", Right.Manage);
        if (typeof interrupt === "number") {
          return interrupt;
        }
        const notification = core.slots.findSignalled(notificationSlot, bits);
        if (typeof notification === "number") {
          return notification;
        }
        if (interrupt.bound) {
          return Refusal.AlreadyBound;
        }
        interrupt.bound = { notification, bits };
        this.bound.push(interrupt);
        return 0;
      },
      [Syscall.CompleteInterrupt]: (slot, bits) => {
        const interrupt = core.slots.find(slot, "interrupt", Right.Manage);
        if (typeof interrupt === "number") {
          return interrupt;
        }
        if (!interrupt.isClaimed) {
          return Refusal.BadState;
        }
        interrupt.hardware?.acknowledge?.(Number(bits));
        interrupt.isClaimed = false;
        interrupt.completedCount++;
        return 0;
      },
      [Syscall.Pin]: (slot, vmoSlot, offset, bytes) => this.pin(slot, vmoSlot, offset, bytes),
      [Syscall.Unpin]: (slot, number, taken) =>
        this.onVirtio(slot, Right.Manage, (device, writer) => {
          const refusal = writer.unpin(Number(number), Number(taken));
          if (refusal === 0) {
            this.forget((pin) => pin.device === device && pin.number === Number(number));
          }
          return refusal;
        }),
      [Syscall.UnpinAll]: (slot) =>
        this.onVirtio(slot, Right.Manage, (device, writer) => {
          const refusal = writer.unpinAll();
          if (refusal === 0) {
            this.forget((pin) => pin.device === device);
          }
          return refusal;
        }),
      [Syscall.WriteRegister]: (slot, register, value) =>
        this.onVirtio(slot, Right.Write, (_, writer) => writer.writeRegister(register, value)),
      [Syscall.SetUpQueue]: (slot, size, address) =>
        this.onVirtio(slot, Right.Manage, (_, writer) => this.setUpQueue(writer, size, Number(address))),
      [Syscall.Offer]: (slot, order, ...pieces) =>
        this.onVirtio(slot, Right.Manage, (_, writer) => writer.offer(order, pieces.slice(0, piecesMax))),
    };
  }

  /** Signals each interrupt whose line is up, unless the task has still to complete it. */
  deliver(): void {
    for (const interrupt of this.bound) {
      if (interrupt.bound && hardwareOf(interrupt).interrupts && !interrupt.isClaimed) {
        interrupt.isClaimed = true;
        interrupt.bound.notification.bits |= interrupt.bound.bits;
      }
    }
  }

  /**
   * The guest's imports. An access belongs to the device whose register it is, one to plain memory to the device that
   * runs, and every device sees a fence.
   */
  intrinsics(): Readonly<Record<string, (address: number, value: number) => unknown>> {
    const names = new Set(this.hardware.flatMap(({ intrinsics }) => Object.keys(intrinsics)));
    const access = (name: string) => (address: number, value: number) =>
      defined(this.ownerOf(address >>> 0).intrinsics[name], name)(address, value);
    const fence = (name: string) => () => {
      for (const { intrinsics } of this.hardware) {
        intrinsics[name]?.(0, 0);
      }
    };
    return Object.fromEntries(
      [...names].map((name) => [name, name.startsWith("fence") ? fence(name) : access(name)]),
    );
  }

  private ownerOf(address: number): Hardware {
    const owner = this.hardware.find((one) => one.owns(address));
    if (owner && !this.memory.hasRegistersAt(address)) {
      throw new Error(`the registers at 0x${address.toString(16)} are not mapped`);
    }
    const watcher = this.hardware.find(({ isRunning }) => isRunning) ?? this.hardware[0];
    return defined(owner ?? watcher, "a device");
  }

  /** An earlier driver has pinned all of an object. */
  pinFor(device: FakeDevice, vmo: FakeVmo): void {
    const number = hardwareOf(device).writer?.pin(vmo.size, () => vmo.content);
    this.pins.push({ device, vmo, number: defined(number, "a place in the device's pool") });
  }

  /** Asks for something about a device that uses memory. */
  private onVirtio(
    slot: bigint,
    rights: number,
    ask: (device: FakeDevice, writer: FakeWriter) => number,
  ): number {
    const device = this.core.slots.find(slot, "device", rights);
    if (typeof device === "number") {
      return device;
    }
    const { writer } = hardwareOf(device);
    return writer ? ask(device, writer) : Refusal.WrongKind;
  }

  private setUpQueue(writer: FakeWriter, size: bigint, address: number): number {
    if (size === 0n || size > 256n || (size & (size - 1n)) !== 0n) {
      return Refusal.BadArgument;
    }
    const vmo = new FakeVmo(pageBytes);
    const mapped = this.memory.mapForTask(vmo, address);
    if (mapped !== 0) {
      return mapped;
    }
    const refusal = writer.setUpQueue(Number(size), address, () => vmo.content);
    if (refusal !== 0) {
      this.memory.unmapForTask(address);
    }
    return refusal;
  }

  private pin(slot: bigint, vmoSlot: bigint, offset: bigint, bytes: bigint): number {
    return this.onVirtio(slot, Right.Manage, (device, writer) => {
      const vmo = this.core.slots.find(vmoSlot, "vmo", Right.Read | Right.Write);
      if (typeof vmo === "number") {
        return vmo;
      }
      if (bytes === 0n || offset >= vmo.size || bytes > BigInt(vmo.size) - offset) {
        return Refusal.BadArgument;
      }
      if (this.pins.length >= this.pinsMax) {
        return Refusal.Quota;
      }
      const [from, count] = [Number(offset), Number(bytes)];
      const number = writer.pin(count, () => vmo.content.subarray(from, from + count));
      if (number === undefined) {
        return Refusal.TableFull;
      }
      this.pins.push({ device, vmo, number });
      return this.core.task.setResults(number);
    });
  }

  private forget(isMeant: (pin: Pin) => boolean): void {
    this.pins = this.pins.filter((pin) => !isMeant(pin));
  }
}

function hardwareOf({ hardware }: FakeDevice | FakeInterrupt): Hardware {
  return defined(hardware, "the hardware of a device that the guest uses");
}
