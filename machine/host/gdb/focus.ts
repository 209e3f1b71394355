// Which program a debugger looks at. All programs are linked at the same addresses, so an address alone names none of them. What
// tells them apart is their code: a hart is in a program if the page that it executes, and the last one of the code, are that
// program's.
//
// Nothing here is Node's.

import type { Segment } from "../../../host/elf.ts";
import type { EmbeddedMachine } from "../machine.ts";
import { readProgram } from "../program.ts";
import { readVirtual } from "./virtual.ts";

const PAGE_BYTES = 4096;

export class Focus {
  readonly name: string;
  private readonly segments: readonly Segment[];

  /** @param file the program's ELF file. @throws Problem if it is none for RISC-V */
  constructor(name: string, file: Uint8Array) {
    this.name = name;
    this.segments = readProgram(file, name).segments;
  }

  /** Whether a hart that stands at `pc` is about to execute this program. */
  covers(machine: EmbeddedMachine, hart: number, pc: bigint): boolean {
    const segment = this.segments.find(
      ({ address, bytes }) => pc >= BigInt(address) && pc < BigInt(address + bytes.length),
    );
    if (segment === undefined) {
      return false;
    }
    const offset = Number(pc) - segment.address;
    return [offset, segment.bytes.length - 1].every((each) => {
      const first = each - (each % PAGE_BYTES);
      const wanted = segment.bytes.subarray(first, first + PAGE_BYTES);
      const found = readVirtual(machine, hart, BigInt(segment.address + first), wanted.length);
      return found.length === wanted.length && found.every((byte, index) => byte === wanted[index]);
    });
  }
}
