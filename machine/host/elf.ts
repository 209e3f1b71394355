// An ELF file as what goes into RAM: the loadable segments, by physical address.
//
// As QEMU does it: `p_paddr` says where a segment lies, the entry is the lowest of these addresses (`e_entry` is a
// virtual one), and what a segment has in memory but not in the file is zero.

/** Bytes that belong at a physical address. */
export interface Segment {
  address: number;
  bytes: Uint8Array;
  /** At least as many as there are bytes; the rest is zero. */
  memoryBytes: number;
}

/** A program as the machine loads it. */
export interface Program {
  segments: Segment[];
  /** Where the first instruction is. */
  entry: number;
}

const MAGIC = 0x464c457f;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const MACHINE_RISCV = 243;
const PT_LOAD = 1;
const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;

/** Reads the program headers. @throws Error if it is not an RV64 executable that is complete */
export function readProgram(file: Uint8Array): Program {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.byteLength < HEADER_BYTES || view.getUint32(0, true) !== MAGIC) {
    throw new Error("not an ELF file");
  }
  if (view.getUint8(4) !== CLASS_64 || view.getUint8(5) !== LITTLE_ENDIAN) {
    throw new Error("not a 64-bit little-endian ELF file");
  }
  if (view.getUint16(18, true) !== MACHINE_RISCV) {
    throw new Error("not an ELF file for RISC-V");
  }
  const start = number(view, 32);
  const count = view.getUint16(56, true);
  if (view.getUint16(54, true) !== PROGRAM_HEADER_BYTES) {
    throw new Error("program headers of an unknown size");
  }
  const segments: Segment[] = [];
  for (let index = 0; index < count; index++) {
    const at = start + index * PROGRAM_HEADER_BYTES;
    if (at + PROGRAM_HEADER_BYTES > file.byteLength) {
      throw new Error("the program headers are cut off");
    }
    const memoryBytes = number(view, at + 40);
    if (view.getUint32(at, true) !== PT_LOAD || memoryBytes === 0) {
      continue;
    }
    const offset = number(view, at + 8);
    const fileBytes = number(view, at + 32);
    if (offset + fileBytes > file.byteLength || fileBytes > memoryBytes) {
      throw new Error("a segment is cut off");
    }
    const bytes = file.subarray(offset, offset + fileBytes);
    segments.push({ address: number(view, at + 24), bytes, memoryBytes });
  }
  if (segments.length === 0) {
    throw new Error("nothing in it is to be loaded");
  }
  return { segments, entry: Math.min(...segments.map(({ address }) => address)) };
}

function number(view: DataView, offset: number): number {
  const value = view.getBigUint64(offset, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new Error("a number in its headers is too large");
  }
  return Number(value);
}
