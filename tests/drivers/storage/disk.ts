// A `Disk` of source/drivers/storage/virtio-blk in front of a fake device, with words instead of numbers: faults,
// refusals and outcomes come back by their names in the guest's own enums.

import { Syscall } from "../../harness/abi.ts";
import { defined } from "../../harness/defined.ts";
import { FakeBlockDevice, MMIO_BASE } from "../../harness/fake-device.ts";
import type { FakeDeviceOptions } from "../../harness/fake-options.ts";
import { type Guest, guest } from "../../harness/guest.ts";

const text = `
import { Completion, Disk, DISK_STATE_BYTES } from "storage/virtio-blk/disk";
import { DiskMemory, REQUEST_MEMORY_BYTES } from "storage/virtio-blk/request";
export { DeviceFault } from "virtio/fault";
export { SubmitRefusal } from "storage/virtio-blk/request";
export { Outcome } from "storage/virtio-blk/table";
export function stateBytes(): u32 { return DISK_STATE_BYTES; }
export function requestBytes(): u32 { return REQUEST_MEMORY_BYTES; }
export function open(disk: Disk, base: usize, memory: DiskMemory, vouched: bool): i32 {
  return disk.open(base, 1, memory, vouched);
}
export function describe(memory: DiskMemory, used: usize, request: usize, pin: u32): void {
  memory.used = used;
  memory.request = request;
  memory.requestPin = pin;
  memory.requestOffset = 0;
}
export function close(disk: Disk): i32 { return disk.close(); }
export function submit(disk: Disk, lba: u64, count: u32, segments: usize, n: u32, deadline: u64, tag: u64): i32 {
  return disk.submit(lba, count, segments, n, deadline, tag, false);
}
export function submitContiguous(
  disk: Disk, lba: u64, count: u32, pin: u32, offset: u32, deadline: u64, tag: u64, isLast: bool,
): i32 {
  return disk.submitContiguous(lba, count, pin, offset, deadline, tag, isLast);
}
export function takenCount(disk: Disk): u32 { return disk.takenCount; }
export function kick(disk: Disk): void { disk.kick(); }
export function interruptBits(disk: Disk): u32 { return disk.interruptBits(); }
export function handleInterrupt(disk: Disk, bits: u32): i32 { return disk.handleInterrupt(bits); }
export function expire(disk: Disk, now: u64): i32 { return disk.expire(now); }
export function nextDeadline(disk: Disk): u64 { return disk.nextDeadline(); }
export function takeCompletion(disk: Disk, into: Completion): bool { return disk.takeCompletion(into); }
export function completionTag(c: Completion): u64 { return c.tag; }
export function completionOutcome(c: Completion): u32 { return c.outcome; }
export function isReady(disk: Disk): bool { return disk.isReady; }
export function lastFault(disk: Disk): u32 { return disk.lastFault; }
export function resetCount(disk: Disk): u32 { return disk.resetCount; }
export function inFlight(disk: Disk): u32 { return disk.requestsInFlight; }
export function capacity(disk: Disk): u64 { return disk.geometry.capacity; }
export function blockBytes(disk: Disk): u32 { return disk.geometry.blockBytes; }
export function isReadOnlyDevice(disk: Disk): bool { return disk.isReadOnlyDevice; }
export function version(disk: Disk): u32 { return disk.version; }
`;

export const FOREVER = 0xffff_ffff_ffff_ffffn;

export interface TestDiskOptions {
  /** The caller of `open` vouches for the file behind the device. */
  readonly fileIsReadOnly?: boolean;
  /** How the kernel refuses to set a queue up. */
  readonly refusal?: number;
}

/** Memory for data: part of what is pinned for the device. */
export interface Place {
  readonly pin: number;
  readonly offset: number;
}

export interface Segment extends Place {
  readonly byteCount: number;
}

export interface Completed {
  readonly tag: bigint;
  readonly outcome: string;
}

/** A disk, its device, and memory for data. */
export class TestDisk {
  readonly device: FakeBlockDevice;
  /** What `open` said. */
  readonly opened: string;
  /** The driver's own headers. */
  readonly headers: Place;
  private readonly guest: Guest;
  /** Where each pin begins in the guest. */
  private readonly places = new Map<number, number>();
  private readonly disk: number;
  private readonly completion: number;

  /** Builds the guest, opens the disk. Nothing is thrown for a device that is refused: see `opened`. */
  static async open(fake: FakeDeviceOptions, options: TestDiskOptions = {}): Promise<TestDisk> {
    const device = new FakeBlockDevice(fake);
    return TestDisk.openDevice(device, options);
  }

  /** The same with a device whose mood was set before. */
  static async openDevice(device: FakeBlockDevice, options: TestDiskOptions = {}): Promise<TestDisk> {
    const assembly = { systemCall: systemCall(() => g, device, options) };
    const g: Guest = await guest({ text }, { imports: { intrinsics: device.intrinsics, assembly } });
    device.plug(g.memory);
    return new TestDisk(g, device, options);
  }

  private constructor(g: Guest, device: FakeBlockDevice, options: TestDiskOptions) {
    this.guest = g;
    this.device = device;
    this.disk = g.alloc(g.call("stateBytes"), 8);
    this.completion = g.alloc(32, 8);
    const memory = g.alloc(64, 8);
    const used = g.alloc(4096, 4096);
    const requestBytes = g.call("requestBytes");
    const request = g.alloc(requestBytes, 16);
    // What stood there before must not matter.
    g.bytes().fill(0x5a, request, request + requestBytes);
    this.headers = this.pinned(request, requestBytes);
    g.call("describe", memory, used, request, this.headers.pin);
    const fault = g.call("open", this.disk, MMIO_BASE, memory, options.fileIsReadOnly ? 1 : 0);
    this.opened = this.name("DeviceFault", fault);
  }

  /** Fresh memory for data, open for DMA, filled with something that is on no disk. */
  buffer(byteCount: number): Place {
    const address = this.guest.alloc(byteCount, 4096);
    this.guest.bytes().fill(0xee, address, address + byteCount);
    return this.pinned(address, byteCount);
  }

  private pinned(address: number, byteCount: number): Place {
    const bytes = (): Uint8Array => this.guest.bytes().subarray(address, address + byteCount);
    const pin = defined(this.device.writer.pin(byteCount, bytes), "a place in the device's pool");
    this.places.set(pin, address);
    return { pin, offset: 0 };
  }

  /** The memory is no longer the device's. */
  unpin({ pin }: Place): number {
    return this.device.writer.unpin(pin, this.guest.call("takenCount", this.disk));
  }

  bytesAt({ pin, offset }: Place, byteCount: number): Uint8Array {
    return this.guest.get(defined(this.places.get(pin), "a pin") + offset, byteCount);
  }

  read(lba: bigint, sectorCount: number, at: Place, tag = 0n, deadline = FOREVER, isLast = false): string {
    const { pin, offset } = at;
    const last = isLast ? 1 : 0;
    return this.name(
      "SubmitRefusal",
      this.guest.call("submitContiguous", this.disk, lba, sectorCount, pin, offset, deadline, tag, last),
    );
  }

  readSegments(lba: bigint, sectorCount: number, segments: readonly Segment[], tag = 0n): string {
    const at = this.guest.alloc(Math.max(16, 16 * segments.length), 8);
    const view = this.guest.view();
    segments.forEach(({ pin, offset, byteCount }, index) => {
      view.setUint32(at + 16 * index, pin, true);
      view.setUint32(at + 16 * index + 4, offset, true);
      view.setUint32(at + 16 * index + 8, byteCount, true);
    });
    const n = segments.length;
    return this.name(
      "SubmitRefusal",
      this.guest.call("submit", this.disk, lba, sectorCount, at, n, FOREVER, tag),
    );
  }

  kick(): void {
    this.guest.call("kick", this.disk);
  }

  interrupt(): string {
    const bits = this.guest.call("interruptBits", this.disk);
    this.device.acknowledge(bits);
    return this.name("DeviceFault", this.guest.call("handleInterrupt", this.disk, bits));
  }

  expire(now: bigint): string {
    return this.name("DeviceFault", this.guest.call("expire", this.disk, now));
  }

  nextDeadline(): bigint {
    return this.guest.call64("nextDeadline", this.disk);
  }

  close(): string {
    return this.name("DeviceFault", this.guest.call("close", this.disk));
  }

  /** All completions that wait, in the order in which the driver gives them. */
  completions(): Completed[] {
    const found: Completed[] = [];
    while (this.guest.call("takeCompletion", this.disk, this.completion) !== 0) {
      const outcome = this.name("Outcome", this.guest.call("completionOutcome", this.completion));
      found.push({ tag: this.guest.call64("completionTag", this.completion), outcome });
    }
    return found;
  }

  get state(): { ready: boolean; lastFault: string; resets: number; inFlight: number } {
    return {
      ready: this.guest.call("isReady", this.disk) !== 0,
      lastFault: this.name("DeviceFault", this.guest.call("lastFault", this.disk)),
      resets: this.guest.call("resetCount", this.disk),
      inFlight: this.guest.call("inFlight", this.disk),
    };
  }

  get identity(): { capacity: bigint; blockBytes: number; readOnly: boolean; version: number } {
    return {
      capacity: this.guest.call64("capacity", this.disk),
      blockBytes: this.guest.call("blockBytes", this.disk),
      readOnly: this.guest.call("isReadOnlyDevice", this.disk) !== 0,
      version: this.guest.call("version", this.disk),
    };
  }

  /** The name of a value of one of the guest's enums. */
  private name(kind: string, value: number): string {
    for (const [key, exported] of Object.entries(this.guest.exports)) {
      if (key.startsWith(`${kind}.`) && exported instanceof WebAssembly.Global && exported.value === value) {
        return key.slice(kind.length + 1);
      }
    }
    return `${kind} ${value}`;
  }
}

/** The kernel, as far as a driver calls it: each call is about this one device. */
function systemCall(
  g: () => Guest,
  { writer }: FakeBlockDevice,
  { refusal }: TestDiskOptions,
): (...words: readonly bigint[]) => bigint {
  return (_slot, first = 0n, second = 0n, ...more) => {
    switch (Number(more.at(-1))) {
      case Syscall.WriteRegister:
        return BigInt(writer.writeRegister(first, second));
      case Syscall.SetUpQueue: {
        const at = Number(second);
        const used = (): Uint8Array =>
          g()
            .bytes()
            .subarray(at, at + 4096);
        return BigInt(refusal ?? writer.setUpQueue(Number(first), at, used));
      }
      case Syscall.Offer:
        return BigInt(writer.offer(first, [second, ...more.slice(0, 4)]));
      case Syscall.Unmap:
        return 0n;
      default:
        throw new Error("the driver asks the kernel for something else");
    }
  };
}
