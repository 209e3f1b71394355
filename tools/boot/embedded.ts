// The embedded machine as a machine that boots Neuron: the same ELF file, tree and disk as QEMU gets, and a seed.
//
// The one idea: it runs in this process, a slice at a time, so that the console is seen while it comes and Ctrl-C works.
// What the slices are does not matter to the guest: the same seed gives the same bytes on any host.

import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import type { DiskContent, DiskFault } from "../../machine/host/machine.ts";
import { EmbeddedMachine, type RunState } from "../../machine/host/machine.ts";
import { stateHash } from "../../machine/host/state.ts";
import { Problem } from "../../toolchain/problem.ts";
import type { Machine, MachineEnd, MachineOptions, RunningMachine } from "./machine.ts";

/** Instructions between two looks at the console and at signals: about a fiftieth of a second. */
const SLICE_INSTRUCTIONS = 4_000_000n;

/** The slot that QEMU gives to a disk without an address of its own. */
const LAST_SLOT = 7;

/** What only this machine needs to know. */
export interface EmbeddedOptions {
  /** The module of machine/core, a file. */
  wasm: string;
  seed: bigint;
  faults: readonly DiskFault[];
}

/** What is known of a run that has ended. */
export interface EmbeddedFacts {
  /** SHA-256 of everything that was on the console, 64 hexadecimal digits. */
  consoleHash: string;
  /** SHA-256 of RAM and of every hart's state. */
  stateHash: string;
  /** Instructions that all harts executed. */
  instructions: bigint;
}

/** The embedded machine; `facts` is told once, when a run has ended. */
export function embeddedMachine(options: EmbeddedOptions, facts: (facts: EmbeddedFacts) => void): Machine {
  return { name: "embedded", start: (run, onBytes) => start(options, run, onBytes, facts) };
}

/** The nonce of a run with this seed: 32 hexadecimal digits, the same each time. */
export function nonceOfSeed(seed: bigint): string {
  return createHash("sha256").update(`neuron nonce ${seed}`).digest("hex").slice(0, 32);
}

async function start(
  options: EmbeddedOptions,
  run: MachineOptions,
  onBytes: (bytes: Uint8Array) => void,
  facts: (facts: EmbeddedFacts) => void,
): Promise<RunningMachine> {
  if (run.tree === undefined) {
    throw new Problem("the embedded machine has no device tree of its own", {
      hints: ["leave --qemu-tree out"],
      exitCode: 2,
    });
  }
  const module = await WebAssembly.compile(new Uint8Array(readFileSync(options.wasm)));
  const disk = run.disk === undefined ? undefined : openDisk(run.disk.file);
  const console = new ConsoleBytes(onBytes);
  const machine = new EmbeddedMachine(
    module,
    {
      harts: run.smp,
      ramMebibytes: run.memoryMebibytes,
      seed: options.seed,
      sstc: run.sstc,
      aclint: run.aclint,
      kernel: new Uint8Array(readFileSync(run.kernel)),
      tree: new Uint8Array(readFileSync(run.tree)),
      disk:
        run.disk === undefined || disk === undefined
          ? undefined
          : {
              content: disk.content,
              slot: run.disk.slot === "last" ? LAST_SLOT : run.disk.slot,
              legacy: run.disk.legacy,
            },
      faults: options.faults,
    },
    (byte) => console.take(byte),
  );
  let stopped = false;
  const ended = (async (): Promise<MachineEnd> => {
    try {
      let state: RunState = "running";
      while (state === "running" && !stopped) {
        state = machine.run(SLICE_INSTRUCTIONS);
        console.flush();
        await setImmediate();
      }
      facts({
        consoleHash: console.hash(),
        stateHash: stateHash(machine),
        instructions: machine.instructions,
      });
      return endOf(machine, state);
    } finally {
      disk?.close();
    }
  })();
  return {
    ended,
    stop: () => {
      stopped = true;
    },
  };
}

function endOf(machine: EmbeddedMachine, state: RunState): MachineEnd {
  switch (state) {
    case "off":
      return { status: machine.exitCode & 0xff, complaints: "" };
    case "reset":
      return { status: 1, complaints: "the guest asked for a restart" };
    case "stuck":
      return { status: 1, complaints: "every hart waits, and nothing is left that would wake one" };
    case "running":
      return { status: undefined, complaints: "" };
  }
}

/** Collects what is on the console between two slices. */
class ConsoleBytes {
  private readonly onBytes: (bytes: Uint8Array) => void;
  private readonly digest = createHash("sha256");
  private bytes: number[] = [];

  constructor(onBytes: (bytes: Uint8Array) => void) {
    this.onBytes = onBytes;
  }

  take(byte: number): void {
    this.bytes.push(byte);
  }

  flush(): void {
    if (this.bytes.length === 0) return;
    const bytes = Uint8Array.from(this.bytes);
    this.bytes = [];
    this.digest.update(bytes);
    this.onBytes(bytes);
  }

  /** SHA-256 of all that was flushed. Ends the collection. */
  hash(): string {
    return this.digest.digest("hex");
  }
}

/** A disk image file. What lies beyond its end reads as zero. */
function openDisk(file: string): { content: DiskContent; close: () => void } {
  const handle = openSync(file, "r");
  const { size } = fstatSync(handle);
  const read = (offset: number, target: Uint8Array): void => {
    const count = readSync(handle, target, 0, target.length, offset);
    target.fill(0, count);
  };
  return { content: { byteCount: Math.ceil(size / 512) * 512, read }, close: () => closeSync(handle) };
}
