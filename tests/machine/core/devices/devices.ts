// The machine's devices without its harts: the bus, firmware and clock as Wasm, with a few pages of RAM. A test takes the part
// of the harts: it reads and writes registers through the bus, and looks at the pending bits.

import { type Guest, guest } from "../../../harness/guest.ts";

/** Physical address and size of a test's RAM. */
export const RAM_START = 0x8000_0000;
export const RAM_BYTES = 0x4_0000;

export const UART = 0x1000_0000;
export const PLIC = 0x0c00_0000;
export const VIRTIO = 0x1000_1000;
export const MSWI = 0x0200_0000;
export const MTIMER = 0x0200_4000;
export const SSWI = 0x02f0_0000;
export const FINISHER = 0x0010_0000;

/** Bits of mip. */
export const pendingBit = { ssip: 1, msip: 3, seip: 9, meip: 11 };

const entry = `
import { busFault } from "./machine/core/devices/bus";
export { attachDisk, busEvents, busLoad, busNextEvent, busReset, busStore } from "./machine/core/devices/bus";
export { advanceClock, skipTo, time } from "./machine/core/clock";
export { uartReceive } from "./machine/core/devices/uart";
export { plicLine } from "./machine/core/devices/plic";
export { setMask } from "./machine/core/chaos/chaos";
export { addFault, clearFaults, strikeCount } from "./machine/core/devices/faults";
export { firmwareBoot, sbiCall } from "./machine/core/firmware/firmware";
import { hartAt } from "./machine/core/hart/hart";
export { advanceCalls, lostAnswers } from "./machine/core/firmware/hart-calls";
export { hartState, machineDeadline, readRegister, resetHart, startHart, writeRegister } from "./machine/core/hart/hart";
export { hartPc } from "./machine/core/hart/inspect";
export { seedInterleave } from "./machine/core/interleave";
export { shape } from "./machine/core/layout";
export { power, powerCode } from "./machine/core/power";
export { physicalLoad, physicalStore } from "./machine/core/memory/dma";
export function faulted(): bool { return busFault; }
export function pending(hart: u32): u64 { return hartAt(hart).mip; }
export function setDelegation(hart: u32, value: u64): void { hartAt(hart).mideleg = value; }
export function delegation(hart: u32): u64 { return hartAt(hart).mideleg; }
export function sstc(hart: u32): bool { return hartAt(hart).menvcfg >> 63 !== 0; }
export function supervisorDeadline(hart: u32): u64 { return hartAt(hart).stimecmp; }
`;

/** What a test can choose. */
export interface DevicesOptions {
  harts?: number;
  seed?: bigint;
  sswi?: boolean;
  clint?: boolean;
  /** The disk, and how it is attached. */
  disk?: Uint8Array;
  slot?: number;
  version?: 1 | 2;
}

/** The devices, with their output. */
export class Devices {
  readonly guest: Guest;
  /** Every byte on the console. */
  readonly console: number[];

  private constructor(instance: Guest, console: number[]) {
    this.guest = instance;
    this.console = console;
  }

  static async start(options: DevicesOptions = {}): Promise<Devices> {
    const console: number[] = [];
    const { harts = 2, disk, seed = 1n } = options;
    let memory: WebAssembly.Memory | undefined;
    const diskRead = (offset: bigint, target: number, byteCount: number): void => {
      if (memory === undefined || disk === undefined) {
        throw new Error("a disk read without a disk");
      }
      const bytes = disk.subarray(Number(offset), Number(offset) + byteCount);
      if (bytes.length !== byteCount) {
        throw new Error("a disk read beyond the end");
      }
      new Uint8Array(memory.buffer).set(bytes, target >>> 0);
    };
    const consoleByte = (byte: number): void => {
      console.push(byte);
    };
    const instance = await guest({ text: entry }, { imports: { host: { diskRead, consoleByte } } });
    memory = instance.memory;
    const devices = new Devices(instance, console);
    devices.shape(harts);
    instance.call("seedInterleave", seed);
    instance.call("clearFaults");
    instance.call("busReset", harts, options.sswi === true ? 1 : 0, options.clint === true ? 1 : 0);
    if (disk) {
      instance.call("attachDisk", options.slot ?? 0, options.version ?? 2, BigInt(disk.length));
    }
    return devices;
  }

  /** The console's output so far. */
  get text(): string {
    return String.fromCharCode(...this.console);
  }

  load(address: number, size = 4): bigint {
    return this.guest.call64("busLoad", 0, BigInt(address), size);
  }

  load32(address: number): number {
    return Number(this.load(address));
  }

  store(address: number, value: number | bigint, size = 4): void {
    this.guest.call("busStore", 0, BigInt(address), size, BigInt(value));
  }

  /** Whether no device answered the last access. */
  get faulted(): boolean {
    return this.guest.call("faulted") !== 0;
  }

  /** Whether a bit of a hart's mip is set. */
  pending(hart: number, bit: number): boolean {
    return ((this.guest.call64("pending", hart) >> BigInt(bit)) & 1n) !== 0n;
  }

  /** Lets time pass until no device has anything to do within `limit` ticks from now. */
  settle(limit = 10_000n): void {
    const end = this.guest.call64("time") + limit;
    for (;;) {
      const next = this.guest.call64("busNextEvent");
      if (next > end) {
        break;
      }
      this.guest.call("skipTo", next);
      this.guest.call("busEvents", this.guest.call64("time"));
    }
    this.guest.call("skipTo", end);
  }

  readRam(address: number, byteCount: number): Uint8Array {
    return this.guest.get(this.ram + address - RAM_START, byteCount);
  }

  writeRam(address: number, bytes: Uint8Array): void {
    this.guest.bytes().set(bytes, this.ram + address - RAM_START);
  }

  /** A view of RAM: offset 0 is its first byte. */
  view(): DataView {
    return new DataView(this.guest.memory.buffer, this.ram, RAM_BYTES);
  }

  /** Makes an SBI call of a hart: a7, a6, then the arguments. Returns [a0, a1] as signed numbers. */
  sbi(hart: number, extension: number, call: number, ...args: (number | bigint)[]): [bigint, bigint] {
    const { guest: g } = this;
    g.call("writeRegister", hart, 17, BigInt(extension));
    g.call("writeRegister", hart, 16, BigInt(call));
    args.forEach((value, index) => {
      g.call("writeRegister", hart, 10 + index, BigInt(value));
    });
    g.call("sbiCall", hart);
    const result = (register: number): bigint => BigInt.asIntN(64, g.call64("readRegister", hart, register));
    return [result(10), result(11)];
  }

  private ram = 0;

  /** Lays out memory as machine.ts does: some RAM, and empty tables for its pages. */
  private shape(harts: number): void {
    const { guest: g } = this;
    const pages = RAM_BYTES / 4096;
    const pageCode = g.alloc(pages * 4);
    const pageFlags = g.alloc(pages);
    this.ram = g.alloc(RAM_BYTES, 4096);
    const at = g.call("shape") >>> 0;
    [harts, 0, 0, pageCode, pageFlags, this.ram, RAM_BYTES, 1].forEach((value, index) => {
      g.view().setUint32(at + index * 4, value, true);
    });
  }
}
