// Assembles programs and runs them on a bare machine, in machine mode from the first instruction.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { Stop } from "../../../build/gen/host/machine/core/machine.ts";
import { root } from "../../../host/root.ts";
import { BareMachine } from "../../../machine/host/bare.ts";
import { buildMachine } from "../../../toolchain/compile.ts";
import { linkFlags } from "../../../toolchain/link/image.ts";
import { runLlvm } from "../../../toolchain/link/llvm.ts";
import { assemble } from "../../../toolchain/link/objects.ts";

/** Where programs begin, and where their data is. */
export const PROGRAM = 0x8000_0000n;
export const DATA = 0x8010_0000n;

/** Enough for every program here. A program that does not end is stopped. */
const INSTRUCTIONS_MAX = 5_000_000n;
const RAM_MEBIBYTES = 16;

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

/** Assembles a program to an ELF file at PROGRAM. */
export async function assembleText(text: string): Promise<Uint8Array> {
  mkdirSync(join(root, "build/test-machine"), { recursive: true });
  const folder = mkdtempSync(join(root, "build/test-machine/run-"));
  const place = relative(root, folder);
  try {
    writeFileSync(join(folder, "program.S"), `    .option norelax\n    .text\n${text}\n`);
    await assemble(root, `${place}/program.S`, `${place}/program.o`, place);
    writeFileSync(join(folder, "program.ld"), `SECTIONS { . = ${PROGRAM}; .text : { *(.text) } }\n`);
    const flags = [...linkFlags, "-T", `${place}/program.ld`, "-e", "0"];
    await runLlvm("ld.lld", root, [...flags, "-o", `${place}/program.elf`, `${place}/program.o`]);
    return new Uint8Array(readFileSync(join(folder, "program.elf")));
  } finally {
    rmSync(folder, { recursive: true });
  }
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
