// A machine that boots Neuron: it starts for a run, its console comes in bytes, and it ends.
//
// There are two kinds: QEMU (qemu.ts) and the embedded machine (embedded.ts). The rest of `boot` — the ladder, the
// proofs,
// the report — works on either unchanged.

import type { Programs, Question } from "../../../machine/host/gdb/monitor.ts";

/** How the disk is attached, or that there is none. */
export interface DiskOptions {
  /** The image file. */
  file: string;
  /** virtio-mmio version 1 instead of 2. */
  legacy: boolean;
  /** The virtio-mmio slot, 0 to 7. `last` leaves it to the machine, as a plain command line does. */
  slot: number | "last";
}

/** Where gdb connects. */
export interface GdbOptions {
  /** A port of this host; 0: any that is free. */
  port: number;
  /** Gets the lines that say how to connect. */
  tell: (text: string) => void;
  /** Gets the port when gdb can connect, each time that the machine waits for it. */
  onPort?: (port: number) => void;
  /** The programs that `monitor task` knows. */
  programs?: Programs;
  /** What `monitor` can ask of the kernel. */
  questions?: readonly Question[];
}

/** The device tree of a run. It is written into a file only if the machine asks for one. */
export interface TreeFile {
  bytes: Uint8Array;
  /** The path of the file. */
  path: () => string;
}

/** Everything that a machine needs to run once. */
export interface MachineOptions {
  /** The ELF file of the kernel. */
  kernel: string;
  /** The DTB; undefined: the machine brings its own. */
  tree: TreeFile | undefined;
  smp: number;
  memoryMebibytes: number;
  /** The processor offers Sstc, the supervisor's own timer compare register. */
  sstc: boolean;
  /** The machine has ACLINT's software interrupt device for S-mode. */
  aclint: boolean;
  /** The processor has Zbb, basic bit manipulation. Left out: it has not. */
  zbb?: boolean;
  disk: DiskOptions | undefined;
  /** A file with firmware, in place of the machine's own. */
  firmware?: string;
  /** A debugger sets the pace: the machine stops before its first instruction and waits for gdb. */
  gdb?: GdbOptions;
}

/** How a machine ended. Its exit status proves nothing: an orderly power-off and a killed QEMU both say 0. */
export interface MachineEnd {
  /** The exit status, or undefined if a signal ended it. */
  status: number | undefined;
  /** The machine's own messages beside the console (QEMU's complaints). */
  complaints: string;
  /** "gdb" if gdb ended it before its time. */
  endedBy?: string;
}

/** A running machine. */
export interface RunningMachine {
  /** Resolves when the machine has ended, by itself or by `stop`. */
  ended: Promise<MachineEnd>;
  /** Ends the machine. Safe to call at any time, and more than once. */
  stop: () => void;
  /** Types these bytes at the console. A machine without this method takes no input. */
  send?: (bytes: Uint8Array) => void;
}

/** A kind of machine. `start` throws Problem if it cannot run here; `onBytes` gets the console as it comes. */
export interface Machine {
  name: string;
  start: (options: MachineOptions, onBytes: (bytes: Uint8Array) => void) => Promise<RunningMachine>;
}
