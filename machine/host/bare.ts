// A machine without firmware and disk: a program in RAM, with every hart in machine mode at its entry.
//
// For conformance programs, tests and benchmarks of the core. Nothing here is Node's.

import { RAM_START } from "../../build/gen/host/machine/core/layout.ts";
import type { Core, HostFunctions } from "./core.ts";
import { instantiate } from "./module.ts";
import { readProgram } from "./program.ts";
import type { TranslationLimits } from "./translate/translator.ts";

/** What a bare machine is made of. */
export interface BareSettings {
  harts: number;
  ramMebibytes: number;
  seed?: bigint;
  /** Extensions of the instruction set, as bits (machine/core/code/extensions.ts). Default: none. */
  extensions?: number;
  /** Limits of translations. Default: TRANSLATION_LIMITS. */
  translation?: TranslationLimits;
}

export class BareMachine {
  readonly core: Core;
  /** The UART's output, one character for each byte. */
  console = "";

  /** @throws Error if there is no memory for it */
  constructor(
    module: WebAssembly.Module,
    { harts, ramMebibytes, seed, extensions, translation }: BareSettings,
  ) {
    const host: HostFunctions = {
      diskRead: () => undefined,
      consoleByte: (byte) => {
        this.console += String.fromCharCode(byte);
      },
    };
    this.core = instantiate(module, host, translation);
    if (this.core.create(harts, ramMebibytes * 2 ** 20) === 0) {
      throw new Error(`no memory for a machine with ${ramMebibytes} MiB`);
    }
    this.core.busReset(harts, 1, 1);
    this.core.seedInterleave(seed ?? 0n);
    this.core.setExtensions(extensions ?? 0);
  }

  /** Puts an ELF file into RAM and starts every hart at its entry. */
  startProgram(file: Uint8Array): void {
    const { segments, entry } = readProgram(file, "the program");
    for (const { address, bytes, memoryBytes } of segments) {
      const memory = this.ram(BigInt(address), memoryBytes);
      memory.fill(0);
      memory.set(bytes);
    }
    this.start(BigInt(entry));
  }

  /** Starts every hart at a physical address. */
  start(entry: bigint): void {
    this.core.powerOn(entry, 0n, 0n);
  }

  /** A view of RAM from a physical address on, as it is now. It may be written to: decoded code there is dropped first. */
  ram(address: bigint, byteCount: number): Uint8Array {
    if (this.core.hostWrites(address, BigInt(byteCount)) === 0) {
      throw new RangeError(`0x${address.toString(16)} (${byteCount} bytes) is not in RAM`);
    }
    const offset = Number(address - RAM_START);
    return new Uint8Array(this.core.memory.buffer, (this.core.ramBase() >>> 0) + offset, byteCount);
  }

  /** The doubleword at a physical address. */
  word(address: bigint): bigint {
    const bytes = this.ram(address, 8);
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  }

  /** Sets the doubleword at a physical address. */
  setWord(address: bigint, value: bigint): void {
    const bytes = this.ram(address, 8);
    new DataView(bytes.buffer, bytes.byteOffset, 8).setBigUint64(0, value, true);
  }

  /** Register x`n` of a hart, unsigned. */
  register(hart: number, n: number): bigint {
    return BigInt.asUintN(64, this.core.readRegister(hart, n));
  }
}
