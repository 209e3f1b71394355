// Assembles programs and runs them on a bare machine, in machine mode from the first instruction.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { Stop } from "../../../build/gen/host/machine/core/machine.ts";
import { readElf } from "../../../host/elf.ts";
import { root } from "../../../host/root.ts";
import { BareMachine } from "../../../machine/host/bare.ts";
import { buildMachine } from "../../../toolchain/compile.ts";
import { assemble } from "../../../toolchain/link/objects.ts";
import { defined } from "../../harness/defined.ts";

/** Where programs begin, and where their data is. */
export const PROGRAM = 0x8000_0000n;
export const DATA = 0x8010_0000n;

/** Enough for every program here. A program that does not end is stopped. */
const INSTRUCTIONS_MAX = 5_000_000n;
const RAM_MEBIBYTES = 16;

/** Of the ELF format. */
const ELF_HEADER_BYTES = 64;
const SEGMENT_HEADER_BYTES = 56;
const ELF_EXECUTABLE = 2;
const MACHINE_RISCV = 243;
const SEGMENT_LOAD = 1;

/** Register numbers by ABI names. */
const names = (
  "zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 " + "s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6"
).split(" ");

let compiled: Promise<WebAssembly.Module> | undefined;

/** The machine's module, built once. */
export async function machineModule(): Promise<WebAssembly.Module> {
  compiled ??= (async () => {
    const wasm = await buildMachine({ start: () => () => {}, note: () => {} });
    return WebAssembly.compile(new Uint8Array(readFileSync(join(root, wasm))));
  })();
  return compiled;
}

/** Assembles a program to an ELF file at PROGRAM. All of it is in one section, so there is nothing to link. */
export async function assembleText(text: string): Promise<Uint8Array> {
  mkdirSync(join(root, "build/test-machine"), { recursive: true });
  const folder = mkdtempSync(join(root, "build/test-machine/run-"));
  const place = relative(root, folder);
  try {
    writeFileSync(join(folder, "program.S"), `    .option norelax\n    .text\n${text}\n`);
    await assemble(root, `${place}/program.S`, `${place}/program.o`, place);
    const { sections } = readElf(new Uint8Array(readFileSync(join(folder, "program.o"))), "the program");
    const placed = [...sections.keys()].filter((name) => /^\.(rela\.text|s?data|s?bss|rodata)/.test(name));
    if (placed.length > 0) {
      throw new Error(`a linker is needed for ${placed.join(", ")}`);
    }
    return programOf(defined(sections.get(".text"), "the program's code"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** An ELF file with one segment: this code at PROGRAM. */
function programOf(code: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(ELF_HEADER_BYTES + SEGMENT_HEADER_BYTES + code.length);
  const view = new DataView(bytes.buffer);
  // 64 bits, little endian, version 1.
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, ELF_EXECUTABLE, true);
  view.setUint16(18, MACHINE_RISCV, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, PROGRAM, true);
  view.setBigUint64(32, BigInt(ELF_HEADER_BYTES), true);
  view.setUint16(52, ELF_HEADER_BYTES, true);
  view.setUint16(54, SEGMENT_HEADER_BYTES, true);
  view.setUint16(56, 1, true);
  const segment = ELF_HEADER_BYTES;
  view.setUint32(segment, SEGMENT_LOAD, true);
  view.setBigUint64(segment + 8, BigInt(ELF_HEADER_BYTES + SEGMENT_HEADER_BYTES), true);
  view.setBigUint64(segment + 16, PROGRAM, true);
  view.setBigUint64(segment + 24, PROGRAM, true);
  view.setBigUint64(segment + 32, BigInt(code.length), true);
  view.setBigUint64(segment + 40, BigInt(code.length), true);
  bytes.set(code, ELF_HEADER_BYTES + SEGMENT_HEADER_BYTES);
  return bytes;
}

/** How to run a program. */
export interface RunOptions {
  harts?: number;
  seed?: bigint;
  /** Kinds of chaos (machine/core/chaos/chaos.ts). */
  chaos?: number;
  /** Extensions of the instruction set (machine/core/code/extensions.ts). */
  extensions?: number;
  /** Length of every turn; left out, it is drawn. */
  turns?: number;
  /** Called before the first instruction. */
  prepare?: (machine: BareMachine) => void;
}

/** The result of a program that has ended. */
export interface Ended {
  machine: BareMachine;
  /** A register of hart 0, or another, by its ABI name. */
  reg: (name: string, hart?: number) => bigint;
}

/** Runs a program until every hart waits for ever. @throws Error if that does not happen */
export async function runProgram(program: Uint8Array, options: RunOptions = {}): Promise<Ended> {
  const { harts = 1, seed = 0n, chaos = 0, turns = 0, extensions = 0, prepare } = options;
  const machine = new BareMachine(await machineModule(), {
    harts,
    ramMebibytes: RAM_MEBIBYTES,
    seed,
    extensions,
  });
  machine.core.setTurns(turns);
  machine.startProgram(program);
  prepare?.(machine);
  if (chaos !== 0) {
    machine.core.setChaos(chaos);
  }
  const stop = machine.core.run(INSTRUCTIONS_MAX);
  const reg = (name: string, hart = 0): bigint => {
    const number = names.indexOf(name);
    if (number < 0) {
      throw new Error(`there is no register ${name}`);
    }
    return machine.register(hart, number);
  };
  if (stop !== Stop.Idle) {
    const pc = BigInt.asUintN(64, machine.core.hartPc(0)).toString(16);
    throw new Error(`the program did not come to its end: pc 0x${pc}, stop ${stop}`);
  }
  return { machine, reg };
}

/** Assembles and runs. */
export async function runText(text: string, options: RunOptions = {}): Promise<Ended> {
  return runProgram(await assembleText(text), options);
}

/** Gives supervisor and user mode access to all of memory. Without it, PMP gives them access to nothing. */
export const OPEN_MEMORY = `
    li    t0, -1
    csrw  pmpaddr0, t0
    li    t0, 0x1f
    csrw  pmpcfg0, t0
`;

/** For the beginning of a program that uses Zbb: enables it in the assembler. */
export const ASSEMBLE_ZBB = ".option arch, +zbb\n";

/** The end of every program: all interrupts off, then wfi. */
export const END = `
    csrw  mie, zero
1:  wfi
    j     1b
`;
