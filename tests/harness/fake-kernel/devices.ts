// Devices of the task under test: registers that are mapped, interrupts, and memory that is pinned for DMA.
//
//     task ──load, store──▶ Hardware (finishes its work when the test says so)
//          ◀── signal ───── deliver ◀── its interrupt line
//
// An interrupt comes when the test has it delivered, and not again before the task has completed it. A device reaches what
// is pinned for it, and nothing else.

import { pageBytes, Refusal, Right, Syscall } from "../abi.ts";
import { defined } from "../defined.ts";
import type { Core, SystemCalls } from "./core.ts";
import type { FakeMemory } from "./memory.ts";
import type { FakeDevice, FakeInterrupt, FakeVmo, Hardware } from "./objects.ts";

/** PINS_MAX of source/kernel/neuron/src/mm/pins.ts: objects that all devices together may have pinned. */
export const PINS_MAX = 64;
/** Where memory objects are that the guest has not mapped: beyond what its addresses can name. */
const UNMAPPED_FROM = 2 ** 32;

/** Memory that a device was told of. */
export interface Pin {
  readonly device: FakeDevice;
  readonly vmo: FakeVmo;
  /** The bus addresses at which parts of it are open. */
  readonly windows: bigint[];
}

export class FakeDevices {
  /** An object once for each device. */
  pins: Pin[] = [];
  pinsMax = PINS_MAX;
  /** Requests that were with a device when memory that they name was let go. */
  unpinnedUnderWay = 0;
  readonly calls: SystemCalls;
  private readonly core: Core;
  private readonly memory: FakeMemory;
  private readonly hardware: readonly Hardware[];
  private readonly bound: FakeInterrupt[] = [];
  private readonly places = new Map<FakeVmo, number>();
  private nextPlace = UNMAPPED_FROM;

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
      [Syscall.CompleteInterrupt]: (slot) => {
        const interrupt = core.slots.find(slot, "interrupt", Right.Manage);
        if (typeof interrupt === "number") {
          return interrupt;
        }
        if (!interrupt.isClaimed) {
          return Refusal.BadState;
        }
        interrupt.isClaimed = false;
        interrupt.completedCount++;
        return 0;
      },
      [Syscall.Pin]: (slot, vmoSlot, offset, bytes) => this.pin(slot, vmoSlot, offset, bytes),
      [Syscall.Unpin]: (slot, vmoSlot) => {
        const device = core.slots.find(slot, "device", Right.Manage);
        if (typeof device === "number") {
          return device;
        }
        const vmo = core.slots.find(vmoSlot, "vmo", Right.Read | Right.Write);
        if (typeof vmo === "number") {
          return vmo;
        }
        return this.unpin((pin) => pin.device === device && pin.vmo === vmo) ? 0 : Refusal.BadState;
      },
      [Syscall.UnpinAll]: (slot) => {
        const device = core.slots.find(slot, "device", Right.Manage);
        if (typeof device === "number") {
          return device;
        }
        this.unpin((pin) => pin.device === device);
        return 0;
      },
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

  private pin(slot: bigint, vmoSlot: bigint, offset: bigint, bytes: bigint): number {
    const { slots, task } = this.core;
    const device = slots.find(slot, "device", Right.Manage);
    if (typeof device === "number") {
      return device;
    }
    const vmo = slots.find(vmoSlot, "vmo", Right.Read | Right.Write);
    if (typeof vmo === "number") {
      return vmo;
    }
    if (bytes === 0n || offset >= vmo.size || bytes > BigInt(vmo.size) - offset) {
      return Refusal.BadArgument;
    }
    let pin = this.pins.find((one) => one.device === device && one.vmo === vmo);
    if (!pin) {
      if (this.pins.length >= this.pinsMax) {
        return Refusal.TableFull;
      }
      pin = { device, vmo, windows: [] };
      this.pins.push(pin);
    }
    const [from, count] = [Number(offset), Number(bytes)];
    const part = (): Uint8Array => vmo.content.subarray(from, from + count);
    const window = defined(hardwareOf(device).window?.(this.placeOf(vmo) + from, count, part), "DMA");
    pin.windows.push(window);
    return task.setResults(window);
  }

  /** Where a device finds a memory object: where the task has it mapped, or at a place of its own. */
  private placeOf(vmo: FakeVmo): number {
    const known = this.memory.addressOf(vmo) ?? this.places.get(vmo);
    if (known !== undefined) {
      return known;
    }
    const place = this.nextPlace;
    this.nextPlace += vmo.size + pageBytes;
    this.places.set(vmo, place);
    return place;
  }

  /** Whether there was one. */
  private unpin(isMeant: (pin: Pin) => boolean): boolean {
    const gone = this.pins.filter(isMeant);
    for (const { device, windows } of gone) {
      for (const window of windows) {
        this.unpinnedUnderWay += hardwareOf(device).usesOf?.(window) ?? 0;
        hardwareOf(device).closeWindow?.(window);
      }
    }
    this.pins = this.pins.filter((pin) => !isMeant(pin));
    return gone.length > 0;
  }
}

function hardwareOf({ hardware }: FakeDevice | FakeInterrupt): Hardware {
  return defined(hardware, "the hardware of a device that the guest uses");
}
