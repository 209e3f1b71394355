// What lies between the guest, the device and the judge: calls of the driver, what it asks the kernel for, and every access to the
// device's registers and its ring.

import { Syscall } from "../../../../build/gen/host/source/abi/syscall.ts";
import type { FuzzGuest } from "../../engine/guest.ts";
import { Broken, promise } from "../../engine/target.ts";
import type { LyingDevice } from "./device.ts";
import { accountFaults, REGISTERS, USED_PAGE } from "./guest.ts";
import type { Judge } from "./judge.ts";

/** Accesses to the device and its ring in one call of the driver, and those more for each reset. */
const ACCESSES_MAX = 2000;
const RESET_ACCESSES = 100_100;
const REGISTERS_BYTES = 0x1000;
const PAGE_BYTES = 4096;

type Reader = "kernel" | "driver";

export class Bus {
  private readonly guest: FuzzGuest;
  private readonly device: LyingDevice;
  private readonly judge: Judge;
  private readonly view: DataView;
  /** Where the kernel sees the registers. */
  private readonly registers: number;
  private accesses = 0;
  private resetsBefore = 0;
  private put: { accesses: number; act: () => void } | undefined;
  private usedAt = 0;
  /** The last id of the used ring that each has read. */
  private readonly lastId = { kernel: 0, driver: 0 };

  constructor(guest: FuzzGuest, device: LyingDevice, judge: Judge) {
    this.guest = guest;
    this.device = device;
    this.judge = judge;
    this.view = judge.memory();
    this.registers = guest.call("registersAt") >>> 0;
  }

  /** Something happens at the `accesses`-th next access; what was put off before does not. */
  putOff(accesses: number, act: () => void): void {
    this.put = { accesses, act };
  }

  forgetWhatWasPutOff(): void {
    this.put = undefined;
  }

  /** The driver is called, and has so many accesses. */
  call(name: string, ...args: (number | bigint)[]): number {
    this.accesses = 0;
    this.resetsBefore = this.device.resets;
    const result = this.guest.call(name, ...args);
    this.checkAccounts();
    return result;
  }

  private checkAccounts(): void {
    const fault = this.guest.call("accounts");
    if (fault !== 0) {
      throw new Broken(accountFaults[fault - 1] ?? "the kernel's accounts are wrong");
    }
  }

  // What the guest imports.

  systemCall(words: readonly bigint[]): bigint {
    const { guest } = this;
    const [, first = 0n, second = 0n] = words;
    switch (Number(words[7])) {
      case Syscall.Unmap:
        return 0n;
      case Syscall.WriteRegister:
        return BigInt(guest.call("kernelWrites", Number(first), second));
      case Syscall.SetUpQueue: {
        const status = guest.call("kernelSetsUp", Number(first));
        this.usedAt = guest.call("usedRingAt") >>> 0;
        this.checkAccounts();
        return BigInt(status);
      }
      case Syscall.Offer: {
        const at = guest.call("wordsAt");
        for (const [index, word] of words.slice(2, 7).entries()) {
          this.view.setBigInt64(at + 8 * index, word, true);
        }
        const head = guest.call("kernelOffers", Number(first));
        this.checkAccounts();
        return BigInt(head);
      }
      default:
        throw new Broken("the driver asks the kernel for something else");
    }
  }

  load(address: number, bytes: 1 | 2 | 4): number {
    this.access();
    const { device, view } = this;
    if (address >= REGISTERS) {
      const offset = address - (address >= this.registers ? this.registers : REGISTERS);
      promise(
        bytes === 4 && offset % 4 === 0 && offset < REGISTERS_BYTES,
        "no register is read, or part of one",
      );
      return device.read(offset);
    }
    const isDriver = address >= USED_PAGE && address < USED_PAGE + PAGE_BYTES;
    const at = isDriver ? address - USED_PAGE + this.usedAt : address;
    promise(!isDriver || this.usedAt !== 0, "the used ring is read before there is one");
    const value =
      bytes === 4 ? view.getUint32(at, true) : bytes === 2 ? view.getUint16(at, true) : view.getUint8(at);
    const offset = at - this.usedAt - 4;
    if (bytes === 4 && offset >= 0 && offset < PAGE_BYTES) {
      this.readUsed(isDriver ? "driver" : "kernel", offset, value);
    }
    return value;
  }

  /** A word of an entry was read: the kernel wants the id alone. */
  private readUsed(reader: Reader, offset: number, value: number): void {
    promise(offset < this.guest.call("usedBytes"), "the used ring is read behind its end");
    if (offset % 8 === 0) {
      this.lastId[reader] = value;
    }
    if (reader === "kernel" || offset % 8 !== 0) {
      this.judge.saw(reader, this.lastId[reader], value);
    }
  }

  store(address: number, bytes: 1 | 2 | 4, value: number): void {
    this.access();
    if (address >= this.registers) {
      this.device.write(address - this.registers, value);
      return;
    }
    promise(address < USED_PAGE, "the driver writes what it can only read");
    if (bytes === 1) {
      this.view.setUint8(address, value);
    } else if (bytes === 2) {
      this.view.setUint16(address, value, true);
    } else {
      this.view.setUint32(address, value, true);
    }
  }

  /** The guest comes to the device or its ring. Something may happen before it is there. */
  private access(): void {
    this.accesses += 1;
    const most = ACCESSES_MAX + RESET_ACCESSES * (this.device.resets - this.resetsBefore);
    promise(this.accesses <= most, "one call takes too many accesses to the device");
    if (this.put !== undefined && --this.put.accesses === 0) {
      const { act } = this.put;
      this.put = undefined;
      act();
    }
  }
}
