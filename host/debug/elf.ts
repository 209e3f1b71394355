// The parts of an ELF file that tools look at: sections by name, and the function symbols.
//
//     header 64 bytes ── e_shoff ──▶ section headers (64 bytes each) ── sh_offset ──▶ contents
//                                    names in the section e_shstrndx
//
// Only what we make ourselves is read: 64-bit, little-endian (System V gABI, chapter 4).

import { Problem } from "../problem.ts";
import { Cursor } from "./cursor.ts";

const ELF_MAGIC = 0x464c457f;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const SECTION_HEADER_BYTES = 64;
const SYMBOL_BYTES = 24;
/** Symbol types (gABI, figure 4-19): hand-written assembly may leave its labels without one. */
const TYPE_NONE = 0;
const SECTION_UNDEFINED = 0;
const SECTION_ABSOLUTE = 0xfff1;
const TYPE_FUNCTION = 2;

export interface ElfSymbol {
  name: string;
  address: bigint;
  /** In bytes; 0 if unknown (a label in assembly). */
  size: bigint;
}

export interface Elf {
  entry: bigint;
  /** Contents of the sections that occupy the file. */
  sections: Map<string, Uint8Array>;
  /** Functions and labels, by address. */
  symbols: ElfSymbol[];
}

/** Reads an ELF file; `name` is for the message of the Problem that a broken one is. */
export function readElf(bytes: Uint8Array, name: string): Elf {
  try {
    return parse(bytes);
  } catch (error) {
    if (!(error instanceof RangeError)) {
      throw error;
    }
    throw new Problem(
      `${name} is not an ELF file that can be read: ${isOurs(error) ? error.message : "it is cut off"}`,
    );
  }
}

/** Whether we said it: what a DataView says of a place outside it is about numbers. */
function isOurs({ message }: RangeError): boolean {
  return !/outside|bounds/i.test(message);
}

function parse(bytes: Uint8Array): Elf {
  const header = new Cursor(bytes);
  if (header.u32() !== ELF_MAGIC) {
    throw new RangeError("the magic number is missing");
  }
  if (header.u8() !== CLASS_64 || header.u8() !== LITTLE_ENDIAN) {
    throw new RangeError("not 64-bit, little-endian");
  }
  header.offset = 24;
  const entry = header.u64();
  header.offset = 40;
  const tableOffset = header.size();
  header.offset = 60;
  const sectionCount = header.u16();
  const namesIndex = header.u16();

  const raw = Array.from({ length: sectionCount }, (_, index) =>
    sectionHeader(new Cursor(bytes, tableOffset + index * SECTION_HEADER_BYTES)),
  );
  const contents = (index: number): Uint8Array => {
    const section = raw[index];
    if (section === undefined) {
      throw new RangeError(`there is no section ${index}`);
    }
    return bytes.subarray(section.offset, section.offset + section.size);
  };
  const names = contents(namesIndex);
  const sections = new Map<string, Uint8Array>();
  raw.forEach((section, index) => {
    const NO_BITS = 8;
    if (section.type === NO_BITS) {
      return;
    }
    sections.set(new Cursor(names, section.nameOffset).text(), contents(index));
  });
  const symbols = readSymbols(sections.get(".symtab"), sections.get(".strtab"));
  return { entry, sections, symbols };
}

interface SectionHeader {
  nameOffset: number;
  type: number;
  offset: number;
  size: number;
}

function sectionHeader(cursor: Cursor): SectionHeader {
  const nameOffset = cursor.u32();
  const type = cursor.u32();
  cursor.skip(16);
  return { nameOffset, type, offset: cursor.size(), size: cursor.size() };
}

function readSymbols(table: Uint8Array | undefined, names: Uint8Array | undefined): ElfSymbol[] {
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
    // A constant of the assembly's, such as an offset, is no place.
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
