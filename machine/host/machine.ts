// The embedded machine: a `virt` machine in Wasm with its kernel, device tree and disk, run in slices.
//
//     const machine = new EmbeddedMachine(module, { harts: 4, kernel, tree, … }, onConsole);
//     while (machine.run(5_000_000) === "running") …
//
// Everything that happens follows from the settings and from the instruction counts at which input came. The length of a
// slice, and how often the host looks, change nothing. Nothing here is Node's.

import { Extension } from "../../build/gen/host/machine/core/code/extensions.ts";
import { Mode } from "../../build/gen/host/machine/core/hart/hart.ts";
import * as layout from "../../build/gen/host/machine/core/layout.ts";
import { Stop } from "../../build/gen/host/machine/core/machine.ts";
import { Power } from "../../build/gen/host/machine/core/power.ts";
import type { Core, HostFunctions } from "./core.ts";
import { Chassis, createCore } from "./module.ts";
import { readProgram } from "./program.ts";

/** Physical address of RAM. */
export const RAM_START = Number(layout.RAM_START);

/** The limit below which the device tree lies (as QEMU places it). */
const TREE_LIMIT = 0xc000_0000;
const TREE_ALIGN = 0x20_0000;

/** A disk's content: bytes from `offset` on are copied to `target`. */
export interface DiskContent {
  byteCount: number;
  read: (offset: number, target: Uint8Array) => void;
}

/** A disk that is in memory. */
export function diskOfBytes(bytes: Uint8Array): DiskContent {
  return {
    byteCount: bytes.byteLength,
    read: (offset, target) => {
      const part = bytes.subarray(offset, offset + target.length);
      target.set(part);
      target.fill(0, part.length);
    },
  };
}

/** A disk in its slot. */
export interface DiskSettings {
  content: DiskContent;
  /** The virtio-mmio slot, 0 to 7. */
  slot: number;
  /** virtio-mmio version 1 instead of 2. */
  legacy: boolean;
}

/** A fault of the disk, at the events `first` to `last` (machine/core/devices/faults.ts). */
export interface DiskFault {
  kind: number;
  first: bigint;
  last: bigint;
}

/** Everything that a run follows from, beside its input. */
export interface MachineSettings {
  harts: number;
  ramMebibytes: number;
  seed: bigint;
  /** The supervisor has its own timer compare register. */
  sstc: boolean;
  /** The machine has ACLINT's software interrupt device for S-mode. */
  aclint: boolean;
  /** The harts have Zbb, basic bit manipulation. Default: they do not. */
  zbb?: boolean;
  /** The kernel, an ELF file. */
  kernel: Uint8Array;
  /** The device tree, a DTB. */
  tree: Uint8Array;
  /**
   * A program for machine mode at the start of RAM, such as OpenSBI's fw_dynamic.bin or fw_jump.bin. Every hart starts in
   * it, and it starts the kernel. Default: the built-in firmware.
   */
  firmware?: Uint8Array;
  disk: DiskSettings | undefined;
  faults: readonly DiskFault[];
  /** Kinds of chaos, as bits (chaos.ts). Default: none, and the machine is as friendly as hardware can be. */
  chaos?: number;
}

/** Why `run` returned. */
export type RunState = "running" | "off" | "reset" | "stuck" | "breakpoint";

/** OpenSBI's struct fw_dynamic_info: magic "OSBI", version, where to go on, mode there, options, boot hart. */
const DYNAMIC_MAGIC = 0x4942534fn;
const DYNAMIC_BYTES = 64;

export class EmbeddedMachine {
  readonly core: Core;
  readonly settings: MachineSettings;
  /** The number of the hart that was drawn from the seed to boot. Undefined if a program in machine mode chooses it. */
  readonly bootHart: number | undefined;

  /**
   * Builds the machine and loads the kernel and the tree. With a Chassis in place of the module, the machine that it had
   * before is at its end. @throws Error if something does not fit
   */
  constructor(
    module: WebAssembly.Module | Chassis,
    settings: MachineSettings,
    onConsoleByte: (byte: number) => void,
    listeners: Pick<HostFunctions, "allWait" | "traceEvent"> = {},
  ) {
    this.settings = settings;
    const { disk, harts } = settings;
    const content = disk?.content;
    const host: HostFunctions = {
      diskRead: (offset, target) => content?.read(offset, target),
      consoleByte: onConsoleByte,
      ...listeners,
    };
    this.core =
      module instanceof Chassis
        ? module.coreFor(harts, settings.ramMebibytes, host)
        : createCore(module, harts, settings.ramMebibytes, host);
    const { core } = this;
    core.seedInterleave(settings.seed);
    core.setExtensions(settings.zbb ? Extension.Zbb : 0);
    core.setChaos(settings.chaos ?? 0);
    core.clearFaults();
    // The devices for firmware in machine mode cannot be reached if there is no such firmware.
    core.busReset(harts, settings.aclint ? 1 : 0, settings.firmware === undefined ? 0 : 1);
    if (disk !== undefined) {
      core.attachDisk(disk.slot, disk.legacy ? 1 : 2, BigInt(disk.content.byteCount));
    }
    for (const { kind, first, last } of settings.faults) {
      if (core.addFault(kind, first, last) === 0) {
        throw new Error("the fault plan has too many faults");
      }
    }
    const { entry, tree } = this.load();
    if (settings.firmware === undefined) {
      this.bootHart = core.firmwareBoot(BigInt(entry), BigInt(tree), settings.sstc ? 1 : 0);
    } else {
      const next = this.loadFirmware(settings.firmware, entry, tree);
      core.powerOn(BigInt(RAM_START), BigInt(tree), BigInt(next));
    }
  }

  /** Runs about `instructions` instructions, of all harts together. */
  run(instructions: bigint): RunState {
    const reason = this.core.run(instructions);
    const power = this.core.power();
    if (power === Power.Off) {
      return "off";
    }
    if (power === Power.Reset) {
      return "reset";
    }
    if (reason === Stop.Breakpoint) {
      return "breakpoint";
    }
    return reason === Stop.Idle ? "stuck" : "running";
  }

  /** Stops translating: everything is interpreted. The run is the same, only slower. */
  interpretOnly(): void {
    this.core.setTranslation(0, 0, 1);
    this.core.forgetTranslations();
  }

  /** Whether the guest has turned the machine off, or asked for a restart. */
  get isOff(): boolean {
    return this.core.power() !== Power.On;
  }

  /** What the guest gave as its reason when it turned the machine off. */
  get exitCode(): number {
    return this.core.powerCode();
  }

  /** Instructions that all harts executed so far. */
  get instructions(): bigint {
    return this.core.retiredTotal();
  }

  /** Sends a byte to the console. False if too many bytes wait for the guest already. */
  input(byte: number): boolean {
    return this.core.uartReceive(byte) !== 0;
  }

  /** A copy of physical memory. @throws RangeError outside RAM */
  readMemory(address: number, byteCount: number): Uint8Array {
    return this.ram(address, byteCount).slice();
  }

  /** The word of 32 bits at a physical address in RAM. @throws RangeError outside RAM */
  readWord(address: number): number {
    const { buffer, byteOffset } = this.ram(address, 4);
    return new DataView(buffer, byteOffset, 4).getUint32(0, true);
  }

  /** A view of all of RAM, from RAM_START on. Valid until the machine runs on. */
  ramView(): DataView {
    return new DataView(this.core.memory.buffer, this.core.ramBase() >>> 0, this.core.ramBytes() >>> 0);
  }

  /** Writes physical memory. @throws RangeError outside RAM */
  writeMemory(address: number, bytes: Uint8Array): void {
    const target = this.ram(address, bytes.byteLength);
    this.core.hostWrites(BigInt(address), BigInt(bytes.byteLength));
    target.set(bytes);
  }

  /** RAM itself, as it is now. */
  private ram(address: number, byteCount: number): Uint8Array {
    const offset = address - RAM_START;
    if (offset < 0 || offset + byteCount > this.core.ramBytes() >>> 0) {
      throw new RangeError(`0x${address.toString(16)} (${byteCount} bytes) is not in RAM`);
    }
    return new Uint8Array(this.core.memory.buffer, (this.core.ramBase() >>> 0) + offset, byteCount);
  }

  /** Puts firmware into RAM, and below the tree the struct that a fw_dynamic needs. Returns the address of the struct. */
  private loadFirmware(firmware: Uint8Array, entry: number, tree: number): number {
    if (RAM_START + firmware.byteLength > entry) {
      throw new Error("the firmware does not end below the kernel");
    }
    this.writeMemory(RAM_START, firmware);
    const info = new BigUint64Array([DYNAMIC_MAGIC, 2n, BigInt(entry), BigInt(Mode.Supervisor), 0n, 0n]);
    const at = tree - DYNAMIC_BYTES;
    this.writeMemory(at, new Uint8Array(info.buffer));
    return at;
  }

  /** Puts the kernel and the tree into RAM. */
  private load(): { entry: number; tree: number } {
    const { kernel, tree, ramMebibytes } = this.settings;
    const program = readProgram(kernel, "the kernel");
    for (const { address, bytes } of program.segments) {
      this.writeMemory(address, bytes);
    }
    const ramEnd = RAM_START + ramMebibytes * 2 ** 20;
    const top = Math.min(ramEnd, TREE_LIMIT) - tree.byteLength;
    const at = Math.floor(top / TREE_ALIGN) * TREE_ALIGN;
    const last = Math.max(...program.segments.map(({ address, memoryBytes }) => address + memoryBytes));
    if (at < last) {
      throw new Error("the kernel and the device tree do not fit into RAM");
    }
    this.writeMemory(at, tree);
    return { entry: program.entry, tree: at };
  }
}
