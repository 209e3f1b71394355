// Runs a folder of the RISC-V project's `riscv-tests` on the embedded machine: `./nx test --riscv-tests DIR`.
//
// Each file is an ELF program for machine mode that reports its result by writing `tohost`: 1 is a pass, another odd
// value is twice the number of the failed case, plus one. An even value with device 1 in its top byte prints a
// character.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { readElf } from "../../../host/elf.ts";
import { Problem } from "../../../host/problem.ts";
import { pathProblem } from "../../../host/system-error.ts";
import { BareMachine } from "../../../machine/host/bare.ts";

/** How many instructions a program may take, and after how many we read `tohost`. */
const INSTRUCTIONS_MAX = 50_000_000;
const SLICE = 20_000n;

/** Every program links to run within this much RAM. */
const RAM_MEBIBYTES = 64;

export interface Verdict {
  name: string;
  /** Undefined if it passed, else what went wrong. */
  failure: string | undefined;
}

/** Runs one program. @throws Problem if the file is no program */
export function runProgram(module: WebAssembly.Module, file: Uint8Array, name: string): Verdict {
  const tohost = readElf(file, name).symbols.find((symbol) => symbol.name === "tohost")?.address;
  if (tohost === undefined) {
    throw new Problem(`${name} has no symbol \`tohost\`: is it one of riscv-tests?`);
  }
  const machine = new BareMachine(module, { harts: 1, ramMebibytes: RAM_MEBIBYTES });
  machine.startProgram(file);
  let text = "";
  for (let done = 0; done < INSTRUCTIONS_MAX; done += Number(SLICE)) {
    machine.core.run(SLICE);
    const said = machine.word(tohost);
    if (said === 0n) {
      continue;
    }
    if (said === 1n) {
      return { name, failure: undefined };
    }
    if ((said & 1n) === 1n) {
      return { name, failure: `case ${said >> 1n} failed${text && `: ${text.trim()}`}` };
    }
    text += String.fromCharCode(Number(said & 0xffn));
    machine.setWord(tohost, 0n);
  }
  const pc = BigInt.asUintN(64, machine.core.hartPc(0)).toString(16);
  return { name, failure: `no verdict after ${INSTRUCTIONS_MAX} instructions, at pc 0x${pc}` };
}

/** The programs in a folder: every file that is not a listing, sorted. @throws Problem if the folder has no program */
export function programsIn(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => !/\.(dump|out|hex|S|ld)$/.test(name));
  } catch (error) {
    throw pathProblem(`cannot read ${folder}`, folder, error);
  }
  const files = names.filter((name) => statSync(join(folder, name)).isFile());
  if (files.length === 0) {
    throw new Problem(`${folder} holds no programs`);
  }
  return files.sort();
}

/** The failure of one program, or undefined. A program that cannot be read does not stop the others. */
function failureOf(module: WebAssembly.Module, file: string, name: string): string | undefined {
  try {
    return runProgram(module, readFileSync(file), name).failure;
  } catch (error) {
    if (error instanceof Problem) {
      return error.message;
    }
    const problem = pathProblem("it cannot be read", file, error);
    if (problem instanceof Problem) {
      return problem.message;
    }
    throw error;
  }
}

/** Runs every program of a folder, printing one line each. Gives the number that failed. */
export function runFolder(module: WebAssembly.Module, folder: string, print: (line: string) => void): number {
  const files = programsIn(folder);
  let failed = 0;
  for (const name of files) {
    const failure = failureOf(module, join(folder, name), name);
    if (failure !== undefined) {
      failed += 1;
    }
    print(failure === undefined ? `ok    ${name}` : `FAIL  ${name}: ${failure}`);
  }
  print(`${files.length - failed} passed, ${failed} failed`);
  return failed;
}
