// Reads ELF files: the loaded segments, the sections by name, and the function symbols. The host has only this reader.
//
//     header 64 bytes ─┬─ e_phoff ──▶ program headers (56 bytes each) ── p_offset ──▶ contents
//                      └─ e_shoff ──▶ section headers (64 bytes each) ── sh_offset ─▶ contents
//                                     names in the section e_shstrndx
//
// It reads only the kind that we make ourselves: 64-bit, little-endian (System V gABI, chapters 4 and 5). A place or a
// size that leads out of the file is an error, and so is a number that no file can have.

import { Cursor } from "./cursor.ts";
import { Problem } from "./problem.ts";

const ELF_MAGIC = 0x464c457f;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const PROGRAM_HEADER_BYTES = 56;
const SECTION_HEADER_BYTES = 64;
const SYMBOL_BYTES = 24;
/** A segment that is loaded (PT_LOAD). */
const SEGMENT_LOAD = 1;
/** A section that has no bytes in the file (SHT_NOBITS). */
const SECTION_NO_BITS = 8;
const SECTION_UNDEFINED = 0;
const SECTION_ABSOLUTE = 0xfff1;
/** Symbol types (gABI, figure 4-19): hand-written assembly may leave its labels without one. */
const TYPE_NONE = 0;
const TYPE_FUNCTION = 2;

export interface ElfSymbol {
  name: string;
  address: bigint;
  /** In bytes; 0 if unknown (a label in assembly). */
  size: bigint;
}

/** Bytes that belong at a physical address. */
export interface Segment {
  address: number;
  bytes: Uint8Array;
  /** At least as many as there are bytes; the rest is zero. */
  memoryBytes: number;
}

export interface Elf {
  /** Contents of the sections that occupy the file; views of its bytes. */
  sections: Map<string, Uint8Array>;
  /** Functions and labels, by address. */
  symbols: ElfSymbol[];
}

/** The loaded segments, the entry point, and the machine. */
export interface Loadable {
  /** The number of the processor (e_machine). */
  machine: number;
  segments: Segment[];
}

/** Reads sections and symbols. @throws Problem that begins with `name` if the file is broken */
export function readElf(bytes: Uint8Array, name: string): Elf {
  return orProblem(name, () => {
    const sections = sectionsOf(new ElfFile(bytes));
    return { sections, symbols: symbolsOf(sections.get(".symtab"), sections.get(".strtab")) };
  });
}

/** Reads the loaded segments. @throws Problem that begins with `name` if the file is broken */
export function readLoadable(bytes: Uint8Array, name: string): Loadable {
  return orProblem(name, () => {
    const file = new ElfFile(bytes);
    return { machine: file.machine, segments: segmentsOf(file) };
  });
}

function orProblem<Result>(name: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RangeError)) {
      throw error;
    }
    throw new Problem(
      `${name} is not an ELF file that can be read: ${isOurs(error) ? error.message : "it is cut off"}`,
    );
  }
}

/** Whether the message is ours. A DataView's own RangeError is about numbers, and does not help a user. */
function isOurs({ message }: RangeError): boolean {
  return !/outside|bounds/i.test(message);
}

/** Headers of one kind: where the first is, how large each is, and how many there are. */
interface Table {
  offset: number;
  entryBytes: number;
  count: number;
}

/** The header, and the only access to the bytes that it points to. @throws RangeError */
class ElfFile {
  readonly machine: number;
  readonly programHeaders: Table;
  readonly sectionHeaders: Table;
  /** Index of the section that has the sections' names. */
  readonly namesIndex: number;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    const header = new Cursor(bytes);
    if (header.u32() !== ELF_MAGIC) {
      throw new RangeError("the magic number is missing");
    }
    if (header.u8() !== CLASS_64 || header.u8() !== LITTLE_ENDIAN) {
      throw new RangeError("not 64-bit, little-endian");
    }
    header.offset = 18;
    this.machine = header.u16();
    header.offset = 32;
    const programs = header.size();
    const sections = header.size();
    header.offset = 54;
    this.programHeaders = { offset: programs, entryBytes: header.u16(), count: header.u16() };
    this.sectionHeaders = { offset: sections, entryBytes: header.u16(), count: header.u16() };
    this.namesIndex = header.u16();
  }

  /** A cursor at each header of a table. */
  headers(table: Table, entryBytes: number): Cursor[] {
    const all = this.contents({ offset: table.offset, size: table.count * entryBytes });
    if (table.count > 0 && table.entryBytes !== entryBytes) {
      throw new RangeError(`its headers have ${table.entryBytes} bytes instead of ${entryBytes}`);
    }
    return Array.from({ length: table.count }, (_, index) => new Cursor(all, index * entryBytes));
  }

  /** The bytes at a place, after a check that all of them are in the file. */
  contents({ offset, size }: { offset: number; size: number }): Uint8Array {
    if (offset > this.bytes.length || size > this.bytes.length - offset) {
      throw new RangeError("it is cut off");
    }
    return this.bytes.subarray(offset, offset + size);
  }
}

function segmentsOf(file: ElfFile): Segment[] {
  return file.headers(file.programHeaders, PROGRAM_HEADER_BYTES).flatMap((header) => {
    const type = header.u32();
    header.skip(4);
    const offset = header.size();
    header.skip(8);
    const address = header.u64();
    const size = header.size();
    const memoryBytes = header.size();
    if (type !== SEGMENT_LOAD || memoryBytes === 0) {
      return [];
    }
    if (size > memoryBytes) {
      throw new RangeError("a segment has more bytes in the file than in memory");
    }
    if (address > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new RangeError(`address 0x${address.toString(16)} is too large`);
    }
    return [{ address: Number(address), bytes: file.contents({ offset, size }), memoryBytes }];
  });
}

interface SectionHeader {
  nameOffset: number;
  type: number;
  offset: number;
  size: number;
}

function sectionsOf(file: ElfFile): Map<string, Uint8Array> {
  const headers = file.headers(file.sectionHeaders, SECTION_HEADER_BYTES).map(sectionHeader);
  if (headers.length === 0) {
    return new Map();
  }
  const named = headers[file.namesIndex];
  if (named === undefined) {
    throw new RangeError(`there is no section ${file.namesIndex}`);
  }
  const names = file.contents(named);
  return new Map(
    headers
      .filter(({ type }) => type !== SECTION_NO_BITS)
      .map((header) => [new Cursor(names, header.nameOffset).text(), file.contents(header)]),
  );
}

function sectionHeader(cursor: Cursor): SectionHeader {
  const nameOffset = cursor.u32();
  const type = cursor.u32();
  cursor.skip(16);
  return { nameOffset, type, offset: cursor.size(), size: cursor.size() };
}

function symbolsOf(table: Uint8Array | undefined, names: Uint8Array | undefined): ElfSymbol[] {
  if (table === undefined || names === undefined) {
    return [];
  }
  const symbols: ElfSymbol[] = [];
  const cursor = new Cursor(table);
  for (let offset = 0; offset + SYMBOL_BYTES <= table.length; offset += SYMBOL_BYTES) {
    cursor.offset = offset;
    const nameOffset = cursor.u32();
    const type = cursor.u8() & 15;
    cursor.skip(1);
    const section = cursor.u16();
    const address = cursor.u64();
    const size = cursor.u64();
    if (type !== TYPE_FUNCTION && type !== TYPE_NONE) {
      continue;
    }
    // A constant of the assembly, such as an offset, is not an address.
    if (section === SECTION_ABSOLUTE || section === SECTION_UNDEFINED) {
      continue;
    }
    const name = new Cursor(names, nameOffset).text();
    // Local labels and the mapping symbols of the RISC-V ABI ($x, $d) name no function.
    if (name !== "" && !name.startsWith(".L") && !name.startsWith("$")) {
      symbols.push({ name, address, size });
    }
  }
  return symbols.sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
}
