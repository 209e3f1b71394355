// Reads a program for loading: the loadable segments of an ELF file, by physical address.
//
// This follows QEMU: `p_paddr` says where a segment goes. The entry is the lowest of these addresses, because `e_entry` is
// a virtual address. The part of a segment that is not in the file is zero.

import { readLoadable, type Segment } from "../../host/elf.ts";
import { Problem } from "../../host/problem.ts";

/** The number of RISC-V in an ELF header. */
const MACHINE_RISCV = 243;

export interface Program {
  segments: Segment[];
  /** Where the first instruction is. */
  entry: number;
}

/** Reads the program called `name` in messages. @throws Problem if it is not a whole program for RV64 */
export function readProgram(file: Uint8Array, name: string): Program {
  const { machine, segments } = readLoadable(file, name);
  if (machine !== MACHINE_RISCV) {
    throw new Problem(`${name} is not a program for RISC-V: its ELF header names machine ${machine}`);
  }
  if (segments.length === 0) {
    throw new Problem(`${name} has no segment to load`);
  }
  return { segments, entry: Math.min(...segments.map(({ address }) => address)) };
}
