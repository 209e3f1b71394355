// A task with a virtio device, in the whole kernel, and the device behind it.

import { expect } from "vitest";
import { pieceWrites, VirtioRegister } from "../../harness/abi.ts";
import { defined } from "../../harness/defined.ts";
import { Class, Kernel, Kind, pageBytes, Right, self, sys } from "../harness/kernel.ts";
import { BASE, Device, IRQ } from "./device.ts";

export const HART = 0;
/** Where the used ring is mapped. */
export const USED = 0x2000_0000;
export const SLOT = 2;

export class Driver {
  readonly kernel: Kernel;
  readonly device: Device;
  readonly task: number;
  /** The capability of the device. */
  readonly slot: number;

  static async start(version: 1 | 2 = 2): Promise<Driver> {
    return new Driver(await Kernel.boot(1), version, 0);
  }

  /** A driver that may have an eighth of all there is. */
  static async startInJob(): Promise<Driver> {
    const kernel = await Kernel.boot(1);
    return new Driver(kernel, 2, kernel.guest.call("newJob", 0));
  }

  private constructor(kernel: Kernel, version: 1 | 2, job: number) {
    this.kernel = kernel;
    kernel.guest.call("placeVirtio", SLOT, BASE, IRQ);
    this.device = new Device(kernel, version);
    kernel.registers = this.device;
    this.task = kernel.spawnOn(HART, Class.Driver, job);
    this.slot = kernel.give(this.task, Kind.Device, SLOT);
  }

  ask(number: number, ...args: (number | bigint)[]): { status: number; word: bigint } {
    const { status, words } = this.kernel.ask(HART, number, ...args);
    return { status, word: defined(words[0]) };
  }

  /** The status of a call. */
  status(number: number, ...args: (number | bigint)[]): number {
    return this.ask(number, ...args).status;
  }

  /** A memory object, by its capability. */
  memory(bytes: number): number {
    return Number(this.ask(sys.CreateVmo, bytes, self).word);
  }

  /** Where a memory object lies. */
  baseOf(slot: number): number {
    return this.kernel.guest.call("vmoBase", this.kernel.guest.call("objectAt", this.task, slot)) >>> 0;
  }

  /** Pins all of `bytes` of a memory object: the number of the pin, or a Refusal. */
  pin(vmo: number, bytes: number, offset = 0): number {
    const { status, word } = this.ask(sys.Pin, this.slot, vmo, offset, bytes);
    return status === 0 ? Number(word) : status;
  }

  /** Brings the device to where a queue can be set up. */
  begin(): void {
    this.write(VirtioRegister.Status, 1);
    this.write(VirtioRegister.Status, 3);
  }

  write(register: number, value: number | bigint): number {
    return this.status(sys.WriteRegister, this.slot, register, value);
  }

  setUp(size = 8, at = USED): number {
    return this.status(sys.SetUpQueue, this.slot, size, at);
  }

  offer(taken: number | bigint, ...pieces: bigint[]): number {
    return this.status(sys.Offer, this.slot, taken, ...pieces);
  }

  reset(): void {
    this.write(VirtioRegister.Status, 0);
  }
}

/** A piece of a pin, as Offer takes it. */
export function piece(pin: number, offset: number, bytes: number, writes = true, flags = 0n): bigint {
  return BigInt(offset) | (BigInt(bytes) << 26n) | (BigInt(pin) << 53n) | (writes ? pieceWrites : 0n) | flags;
}

/** A driver with a queue of `size`, and 4 KiB that are pinned. */
export async function startWorking(
  size = 8,
  version: 1 | 2 = 2,
): Promise<{ d: Driver; pin: number; base: number }> {
  const d = await Driver.start(version);
  const vmo = d.memory(pageBytes);
  const pin = d.pin(vmo, pageBytes);
  d.begin();
  expect(d.setUp(size)).toBe(0);
  return { d, pin, base: d.baseOf(vmo) };
}

export { Kind, pageBytes, Right, self, sys };
