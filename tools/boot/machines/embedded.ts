// The embedded machine as a machine that boots Neuron: the same ELF file, tree and disk as QEMU gets, and a seed.
//
// The one idea: it runs in this process, a slice at a time, so that the console is shown as it comes and Ctrl-C works.
// The size of the slices does not matter to the guest: the same seed gives the same bytes on every host.

import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { setImmediate, setTimeout } from "node:timers/promises";
import { Problem } from "../../../host/problem.ts";
import { Debugger } from "../../../machine/host/gdb/debugger.ts";
import { type GdbHost, serveGdb } from "../../../machine/host/gdb/serve.ts";
import {
  type DiskContent,
  type DiskFault,
  diskOfBytes,
  type EmbeddedMachine,
  type MachineSettings,
} from "../../../machine/host/machine.ts";
import type { Chassis } from "../../../machine/host/module.ts";
import { DISK_BYTES_MAX, type Recording, type RunEnd } from "../../../machine/host/recording/format.ts";
import { hashOf, stateHash } from "../../../machine/host/recording/recording.ts";
import { type AdvanceState, Run } from "../../../machine/host/run.ts";
import type { Machine, MachineEnd, MachineOptions, RunningMachine } from "./machine.ts";

/** Instructions between two looks at the console and at signals: about a fiftieth of a second. */
const SLICE_INSTRUCTIONS = 4_000_000n;

/** How long we wait before the next slice when every hart waits, in milliseconds. */
const IDLE_MS = 5;

/** The slot that QEMU gives to a disk without an address of its own. */
const LAST_SLOT = 7;

const SECTOR_BYTES = 512;

/** The settings that only this machine has. */
export interface EmbeddedOptions {
  /** The file of machine/core's module. */
  wasm: string;
  seed: bigint;
  faults: readonly DiskFault[];
  /** Kinds of chaos, as bits (machine/host/chaos.ts). */
  chaos: number;
  /** Hot code is translated to Wasm; left out: yes. */
  translation?: boolean;
  /** An instance of that module, which nothing else uses until the run has ended. Left out: a new one. */
  chassis?: Chassis;
}

/** The facts of a run that has ended. */
export interface EmbeddedFacts {
  /** SHA-256 of everything that was on the console, 64 hexadecimal digits. */
  consoleHash: string;
  /** SHA-256 of RAM and of every hart's state. */
  stateHash: string;
  /** Instructions that all harts executed. */
  instructions: bigint;
  /** Everything that is needed to repeat the run. */
  recording: Recording;
}

/** The embedded machine. `facts` is called once, when a run has ended. */
export function embeddedMachine(options: EmbeddedOptions, facts: (facts: EmbeddedFacts) => void): Machine {
  return { name: "embedded", start: (run, onBytes) => start(options, run, onBytes, facts) };
}

/** The nonce of a run with this seed: 32 hexadecimal digits, the same each time. */
export function nonceOfSeed(seed: bigint): string {
  return createHash("sha256").update(`neuron nonce ${seed}`).digest("hex").slice(0, 32);
}

async function start(
  options: EmbeddedOptions,
  boot: MachineOptions,
  onBytes: (bytes: Uint8Array) => void,
  facts: (facts: EmbeddedFacts) => void,
): Promise<RunningMachine> {
  const wasm = new Uint8Array(readFileSync(options.wasm));
  const disk = boot.disk === undefined ? undefined : openDisk(boot.disk.file);
  const settings = settingsOf(options, boot, disk?.content);
  const run = new Run(options.chassis ?? (await WebAssembly.compile(wasm)), settings);
  if (options.translation === false) {
    run.machine.interpretOnly();
  }
  const typed: number[] = [];
  const stop = new AbortController();
  const ended = (async (): Promise<MachineEnd> => {
    try {
      let killed = false;
      if (boot.gdb !== undefined) {
        const host = { ...boot.gdb, kernel: boot.kernel, onBytes, signal: stop.signal };
        killed = (await debugBy(host, run, typed)) === "killed";
      }
      const state = killed && !run.machine.isOff ? "stopped" : await runOn(run, typed, onBytes, stop.signal);
      const end = endOfRun(run);
      const recording = { settings, events: run.events, end, module: hashOf(wasm) };
      facts({ ...end, instructions: run.machine.instructions, recording });
      return { ...endOf(run.machine, state), ...(killed && { endedBy: "gdb" }) };
    } finally {
      disk?.close();
    }
  })();
  return {
    ended,
    stop: () => stop.abort(),
    send: (bytes) => {
      typed.push(...bytes);
    },
  };
}

/** Runs until the machine stops, or is told to. */
async function runOn(
  run: Run,
  typed: number[],
  onBytes: (bytes: Uint8Array) => void,
  signal: AbortSignal,
): Promise<AdvanceState> {
  const pause = pauser(run);
  let state: AdvanceState = "running";
  while (state === "running" && !signal.aborted) {
    while (typed[0] !== undefined && run.input(typed[0])) {
      typed.shift();
    }
    state = run.advanceTo(run.clock + SLICE_INSTRUCTIONS);
    const bytes = run.newBytes();
    if (bytes.length > 0) {
      onBytes(bytes);
    }
    await pause();
  }
  return state;
}

/** Gives the run to gdb for as long as it wants. Afterwards the run is back in the present. */
async function debugBy(
  host: Omit<GdbHost, "breathe">,
  run: Run,
  typed: number[],
): Promise<"detached" | "killed" | "stopped"> {
  const debugged = new Debugger(run, typed);
  const end = await serveGdb(debugged, { ...host, breathe: pauser(run) });
  debugged.goToPresent();
  return end;
}

/** Between two slices: waits with a guest in which every hart waits. */
function pauser(run: Run): () => Promise<unknown> {
  let before = run.machine.instructions;
  return async () => {
    const now = run.machine.instructions;
    // After going back in a run the difference is negative, and there is nothing to wait for.
    const isIdle = now >= before && now - before < SLICE_INSTRUCTIONS / 100n;
    before = now;
    await (isIdle ? setTimeout(IDLE_MS) : setImmediate());
  };
}

/** The present state of a run, in hashes. */
export function endOfRun(run: Run): RunEnd {
  return { clock: run.clock, consoleHash: hashOf(run.consoleBytes), stateHash: stateHash(run.machine) };
}

/**
 * The embedded machine's settings for a boot. Throws Problem if the boot asks for something that this machine lacks.
 */
export function settingsOf(
  options: EmbeddedOptions,
  boot: MachineOptions,
  disk: DiskContent | undefined,
): MachineSettings {
  if (boot.tree === undefined) {
    throw new Problem("the embedded machine has no device tree of its own", {
      hints: ["leave out --qemu-tree"],
      exitCode: 2,
    });
  }
  return {
    harts: boot.smp,
    ramMebibytes: boot.memoryMebibytes,
    seed: options.seed,
    sstc: boot.sstc,
    aclint: boot.aclint,
    zbb: boot.zbb ?? false,
    kernel: new Uint8Array(readFileSync(boot.kernel)),
    tree: boot.tree.bytes,
    disk: boot.disk &&
      disk && {
        content: disk,
        slot: boot.disk.slot === "last" ? LAST_SLOT : boot.disk.slot,
        legacy: boot.disk.legacy,
      },
    faults: options.faults,
    chaos: options.chaos,
    ...(boot.firmware !== undefined && { firmware: new Uint8Array(readFileSync(boot.firmware)) }),
  };
}

function endOf(machine: EmbeddedMachine, state: AdvanceState): MachineEnd {
  switch (state) {
    case "off":
      return { status: machine.exitCode & 0xff, complaints: "" };
    case "reset":
      return { status: 1, complaints: "the guest asked for a restart" };
    case "stuck":
      return { status: 1, complaints: "every hart waits, and nothing is left to wake one" };
    case "running":
    case "stopped":
    case "breakpoint":
      return { status: undefined, complaints: "" };
  }
}

/** A disk image: in memory if it fits a recording, else read as it is needed. Beyond its end it reads as zero. */
export function openDisk(file: string): { content: DiskContent; close: () => void } {
  const handle = openSync(file, "r");
  const { size } = fstatSync(handle);
  const byteCount = Math.ceil(size / SECTOR_BYTES) * SECTOR_BYTES;
  if (size <= DISK_BYTES_MAX) {
    closeSync(handle);
    const bytes = new Uint8Array(byteCount);
    bytes.set(readFileSync(file));
    return { content: diskOfBytes(bytes), close: () => {} };
  }
  const read = (offset: number, target: Uint8Array): void => {
    const count = readSync(handle, target, 0, target.length, offset);
    target.fill(0, count);
  };
  return { content: { byteCount, read }, close: () => closeSync(handle) };
}
