// A program as the machine loads it: the loadable segments of an ELF file, by physical address.
//
// As QEMU does it: `p_paddr` says where a segment lies, the entry is the lowest of these addresses (`e_entry` is a
// virtual one), and what a segment has in memory but not in the file is zero.

import { readLoadable, type Segment } from "../../host/elf.ts";
import { Problem } from "../../host/problem.ts";

/** The number of RISC-V in an ELF header. */
const MACHINE_RISCV = 243;

export interface Program {
  segments: Segment[];
  /** Where the first instruction is. */
  entry: number;
}

/** Reads what is loaded of a program that is called `name`. @throws Problem if it is no RV64 program, or not all of it */
export function readProgram(file: Uint8Array, name: string): Program {
  const { machine, segments } = readLoadable(file, name);
  if (machine !== MACHINE_RISCV) {
    throw new Problem(`${name} is not a program for RISC-V: its ELF header names machine ${machine}`);
  }
  if (segments.length === 0) {
    throw new Problem(`${name} has nothing that is to be loaded`);
  }
  return { segments, entry: Math.min(...segments.map(({ address }) => address)) };
}
