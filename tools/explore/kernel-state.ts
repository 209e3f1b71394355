// What the kernel says of itself, read from outside: each hart's structure and run queue, at rest or in the middle of
// anything. The guest does nothing for it and does not notice.
//
// The one idea: nothing about the layout is typed here. Offsets of fields are compiled from the kernel's own classes, where
// the run queues lie is a constant in the kernel's Wasm, and the harts' structures are a symbol of its ELF file.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type EmbeddedMachine, RAM_START } from "../../machine/host/machine.ts";
import { runAsc, testFlags } from "../../toolchain/asc/run.ts";
import { Problem } from "../../toolchain/problem.ts";
import { root } from "../../toolchain/root.ts";
import { readModule } from "../../toolchain/wasm/reader.ts";
import { readElf } from "../debug/elf.ts";

const queueTable = "source/kernel/neuron/src/sched/queue/table";
const hartsSymbol = "harts";

/** Everything that is looked at, as constants of a module that only exists to be compiled. */
const layoutSource = `
import { Hart } from "./source/kernel/neuron/src/arch/riscv/hart";
import { HART_STRIDE } from "./source/kernel/neuron/src/arch/riscv/frame";
import { RunQueue } from "./source/kernel/neuron/src/sched/queue";
export const stride: u32 = HART_STRIDE;
export const heldRanks: u32 = <u32>offsetof<Hart>("heldRanks");
export const index: u32 = <u32>offsetof<Hart>("index");
export const online: u32 = <u32>offsetof<Hart>("online");
export const hartid: u32 = <u32>offsetof<Hart>("hartid");
export const running: u32 = <u32>offsetof<Hart>("running");
export const ticks: u32 = <u32>offsetof<Hart>("ticks");
export const mailbox: u32 = <u32>offsetof<Hart>("mailbox");
export const waiting: u32 = <u32>offsetof<RunQueue>("waiting");
`;
/** Bytes from one run queue to the next (sched/queue.ts). */
const queueStride = 64;

/** Where things lie in this build of the kernel; plain data, so that it can be sent to another process. */
export interface KernelMap {
  /** Physical addresses. */
  harts: number;
  queues: number;
  /** Offsets in a hart's structure, but for `waiting`, which is one in a run queue. */
  offsets: Readonly<Record<string, number>>;
}

/** What one hart of the kernel says. */
export interface KernelHart {
  /** Its logical number, and the physical one. */
  index: number;
  hartid: number;
  /** 0 not yet, 1 it takes part, 2 given up, 3 on its way out (arch/riscv/hart.ts). */
  online: number;
  /** Whether it runs a task. */
  running: boolean;
  /** Bits of the lock ranks that it holds; 0 where the build does not check. */
  heldRanks: number;
  mailbox: number;
  /** Timer ticks that it took, their low half. */
  ticks: number;
  /** Bits of the classes in which tasks wait in its queue. */
  waiting: number;
}

/** Reads where things lie. @param wasm the kernel's Wasm, as the build left it, relative to the root */
export async function readKernelMap(kernel: Uint8Array, wasm: string): Promise<KernelMap> {
  const symbol = readElf(kernel, "the kernel").symbols.find(({ name }) => name === hartsSymbol);
  const module = readModule(new Uint8Array(readFileSync(join(root, wasm))));
  const table = module.globals.find(({ name }) => name === queueTable)?.value;
  if (symbol === undefined || table === undefined) {
    throw new Problem("the kernel's harts or run queues cannot be found in what the build left", {
      hints: [`the ELF file's symbol ${hartsSymbol}, and the constant ${queueTable} of ${wasm}`],
    });
  }
  return { harts: physical(symbol.address), queues: physical(table), offsets: await readOffsets() };
}

/** What hart `index` (logical) says now. */
export function readKernelHart(machine: EmbeddedMachine, map: KernelMap, index: number): KernelHart {
  const { offsets } = map;
  const word = (base: number, name: string): number => {
    const bytes = machine.readMemory(base + (offsets[name] ?? 0), 4);
    return new DataView(bytes.buffer).getUint32(0, true);
  };
  const hart = map.harts + index * (offsets.stride ?? 0);
  return {
    index: word(hart, "index"),
    hartid: word(hart, "hartid"),
    online: word(hart, "online"),
    running: word(hart, "running") !== 0,
    heldRanks: word(hart, "heldRanks"),
    mailbox: word(hart, "mailbox"),
    ticks: word(hart, "ticks"),
    waiting: word(map.queues + index * queueStride, "waiting"),
  };
}

/** Kernel addresses of RAM are physical addresses, sign-extended (docs/architecture). */
function physical(address: bigint): number {
  const low = Number(BigInt.asUintN(32, address));
  if (low < RAM_START) throw new Problem(`0x${low.toString(16)} is no address of the kernel's`);
  return low;
}

async function readOffsets(): Promise<Record<string, number>> {
  const result = await runAsc({
    root,
    entry: "kernel-layout.ts",
    text: layoutSource,
    generated: "build",
    flags: testFlags,
  });
  const { exports, globals } = readModule(result.wasm);
  return Object.fromEntries(
    exports
      .filter(({ kind }) => kind === "global")
      .map(({ name, index }) => [name, Number(BigInt.asUintN(32, globals[index]?.value ?? 0n))]),
  );
}
