// .debug_info: the functions of a program, with the functions that were inlined into them (DWARF 4, sections 2, 3.3).
//
// The one idea: a backtrace needs only three things of a function: its name, its addresses,
// and what was inlined where. So the tree of entries is walked once, everything else is skipped by its form,
// and the result is a small tree of `FunctionRange`s.

import { Cursor } from "../cursor.ts";
import type { Elf } from "../elf.ts";
import { type LineTable, readLineTable } from "./lines.ts";

/** A function, or an inlined copy of one. `from`..`to` (exclusive) may be several ranges. */
export interface FunctionRange {
  name: string;
  ranges: [from: bigint, to: bigint][];
  /** Where it was inlined; undefined for a function that was not. */
  callSite?: { file: string; line: number; column: number };
  inlined: FunctionRange[];
}

/** The functions of one compile unit. */
export interface Unit {
  functions: FunctionRange[];
  lines: LineTable;
}

/** The tags and attributes that are read (DWARF 4, figures 18 and 20). */
const TAG_INLINED = 0x1d;
const TAG_SUBPROGRAM = 0x2e;
const AT_NAME = 0x03;
const AT_STMT_LIST = 0x10;
const AT_LOW_PC = 0x11;
const AT_HIGH_PC = 0x12;
const AT_ABSTRACT_ORIGIN = 0x31;
const AT_SPECIFICATION = 0x47;
const AT_RANGES = 0x55;
const AT_CALL_COLUMN = 0x57;
const AT_CALL_FILE = 0x58;
const AT_CALL_LINE = 0x59;
const FORM_ADDRESS = 0x01;
const FORM_INDIRECT = 0x16;

const VERSION = 4;

type Value = number | bigint | string | undefined;
type Attributes = Map<number, { form: number; value: Value }>;

interface Entry {
  tag: number;
  attributes: Attributes;
  children: Entry[];
}

interface Abbreviation {
  tag: number;
  hasChildren: boolean;
  attributes: [name: number, form: number][];
}

/** Every unit of version 4 in the file. Other units (assembly) are skipped. */
export function readUnits(elf: Elf): Unit[] {
  const info = elf.sections.get(".debug_info");
  const lines = elf.sections.get(".debug_line");
  if (info === undefined || lines === undefined) {
    return [];
  }
  const units: Unit[] = [];
  const cursor = new Cursor(info);
  while (!cursor.atEnd) {
    const start = cursor.offset;
    const end = cursor.u32() + cursor.offset;
    if (cursor.u16() === VERSION) {
      const unit = readUnit(elf, new UnitReader(elf, cursor, start, end), lines);
      if (unit !== undefined) {
        units.push(unit);
      }
    }
    cursor.offset = end;
  }
  return units;
}

function readUnit(elf: Elf, reader: UnitReader, lines: Uint8Array): Unit | undefined {
  const root = reader.entries()[0];
  const stmtList = root?.attributes.get(AT_STMT_LIST)?.value;
  if (root === undefined || typeof stmtList !== "number") {
    return undefined;
  }
  const table = readLineTable(lines, stmtList);
  if (table === undefined) {
    return undefined;
  }
  const base = addressOf(root, AT_LOW_PC) ?? 0n;
  const context = { reader, table, base, ranges: elf.sections.get(".debug_ranges") };
  return { functions: collect(root, context, TAG_SUBPROGRAM), lines: table };
}

interface Context {
  reader: UnitReader;
  table: LineTable;
  base: bigint;
  ranges: Uint8Array | undefined;
}

/** The functions with the given tag below an entry, also within blocks and scopes. */
function collect(entry: Entry, context: Context, tag: number): FunctionRange[] {
  return entry.children.flatMap((child) => {
    if (child.tag !== tag) {
      return child.tag === TAG_SUBPROGRAM ? [] : collect(child, context, tag);
    }
    const ranges = rangesOf(child, context);
    if (ranges.length === 0) {
      return [];
    }
    const name = context.reader.nameOf(child);
    const inlined = collect(child, context, TAG_INLINED);
    return [{ name, ranges, inlined, ...callSiteOf(child, context) }];
  });
}

function callSiteOf(entry: Entry, context: Context): Pick<FunctionRange, "callSite"> {
  const number = (attribute: number): number => Number(entry.attributes.get(attribute)?.value ?? 0);
  if (!entry.attributes.has(AT_CALL_LINE)) {
    return {};
  }
  const file = context.table.files[number(AT_CALL_FILE)] ?? "?";
  return { callSite: { file, line: number(AT_CALL_LINE), column: number(AT_CALL_COLUMN) } };
}

function rangesOf(entry: Entry, context: Context): [bigint, bigint][] {
  const low = addressOf(entry, AT_LOW_PC);
  const high = entry.attributes.get(AT_HIGH_PC);
  if (low !== undefined && high !== undefined) {
    // As a constant, the high end is a length; as an address, it is the end itself (2.17.2).
    const value = BigInt(high.value ?? 0);
    return [[low, high.form === FORM_ADDRESS ? value : low + value]];
  }
  const offset = entry.attributes.get(AT_RANGES)?.value;
  if (typeof offset !== "number" || context.ranges === undefined) {
    return [];
  }
  return readRanges(new Cursor(context.ranges, offset), context.base);
}

/** A list in .debug_ranges (2.17.3): pairs up to 0,0; a pair with all ones sets the base. */
function readRanges(cursor: Cursor, unitBase: bigint): [bigint, bigint][] {
  const ALL_ONES = 2n ** 64n - 1n;
  const ranges: [bigint, bigint][] = [];
  let base = unitBase;
  for (;;) {
    const from = cursor.u64();
    const to = cursor.u64();
    if (from === 0n && to === 0n) {
      return ranges;
    }
    if (from === ALL_ONES) {
      base = to;
    } else {
      ranges.push([base + from, base + to]);
    }
  }
}

function addressOf(entry: Entry, attribute: number): bigint | undefined {
  const value = entry.attributes.get(attribute)?.value;
  return typeof value === "bigint" ? value : undefined;
}

/** Reads the entries of one unit. */
class UnitReader {
  private readonly cursor: Cursor;
  private readonly start: number;
  private readonly end: number;
  private readonly strings: Uint8Array;
  private readonly abbreviations: Map<number, Abbreviation>;
  private readonly byOffset = new Map<number, Entry>();

  /** `cursor` is behind the version; `start` is the unit's first byte, which references count from. */
  constructor(elf: Elf, cursor: Cursor, start: number, end: number) {
    this.cursor = cursor;
    this.start = start;
    this.end = end;
    this.strings = elf.sections.get(".debug_str") ?? new Uint8Array(0);
    this.abbreviations = readAbbreviations(elf.sections.get(".debug_abbrev"), cursor.u32());
    cursor.skip(1);
  }

  /** The entries at this level, with all below them. */
  entries(): Entry[] {
    const entries: Entry[] = [];
    while (this.cursor.offset < this.end) {
      const offset = this.cursor.offset - this.start;
      const code = this.cursor.uleb();
      if (code === 0) {
        return entries;
      }
      const abbreviation = this.abbreviations.get(code);
      if (abbreviation === undefined) {
        throw new RangeError(`unknown abbreviation ${code}`);
      }
      const attributes: Attributes = new Map();
      for (const [name, form] of abbreviation.attributes) {
        attributes.set(name, { form, value: this.value(form) });
      }
      const entry: Entry = { tag: abbreviation.tag, attributes, children: [] };
      this.byOffset.set(offset, entry);
      if (abbreviation.hasChildren) {
        entry.children = this.entries();
      }
      entries.push(entry);
    }
    return entries;
  }

  /** The name of a function: its own, or the name of the function that it is a copy of. */
  nameOf(entry: Entry, hopsLeft = 2): string {
    const name = entry.attributes.get(AT_NAME)?.value;
    if (typeof name === "string") {
      return name;
    }
    // A copy points at its abstract form, which may point at a declaration. There are no more hops.
    const origin = entry.attributes.get(AT_ABSTRACT_ORIGIN) ?? entry.attributes.get(AT_SPECIFICATION);
    const original = typeof origin?.value === "number" ? this.byOffset.get(origin.value) : undefined;
    return original === undefined || hopsLeft === 0 ? "?" : this.nameOf(original, hopsLeft - 1);
  }

  /** One attribute's value (7.5.4). A value that no backtrace needs is skipped, and is undefined. */
  private value(form: number): Value {
    const { cursor } = this;
    switch (form) {
      case FORM_ADDRESS:
        return cursor.u64();
      case 0x03: // block2
        return this.stepOver(cursor.u16());
      case 0x04: // block4
        return this.stepOver(cursor.u32());
      case 0x05: // data2
      case 0x12: // ref2
        return cursor.u16();
      case 0x06: // data4
      case 0x10: // ref_addr
      case 0x13: // ref4
      case 0x17: // sec_offset
        return cursor.u32();
      case 0x07: // data8
      case 0x14: // ref8
      case 0x20: // ref_sig8
        return Number(cursor.u64());
      case 0x08: // string
        return cursor.text();
      case 0x09: // block
      case 0x18: // exprloc
        return this.stepOver(cursor.uleb());
      case 0x0a: // block1
        return this.stepOver(cursor.u8());
      case 0x0b: // data1
      case 0x0c: // flag
      case 0x11: // ref1
        return cursor.u8();
      case 0x0d: // sdata
        return cursor.sleb();
      case 0x0e: // strp
        return new Cursor(this.strings, cursor.u32()).text();
      case 0x0f: // udata
      case 0x15: // ref_udata
        return cursor.uleb();
      case FORM_INDIRECT:
        return this.value(cursor.uleb());
      case 0x19: // flag_present: the attribute has no bytes, and is true
        return 1;
      default:
        throw new RangeError(`unknown form 0x${form.toString(16)}`);
    }
  }

  private stepOver(count: number): undefined {
    this.cursor.skip(count);
  }
}

/** The abbreviation table at `offset` of .debug_abbrev (7.5.3). */
function readAbbreviations(section: Uint8Array | undefined, offset: number): Map<number, Abbreviation> {
  const table = new Map<number, Abbreviation>();
  if (section === undefined) {
    return table;
  }
  const cursor = new Cursor(section, offset);
  for (let code = cursor.uleb(); code !== 0; code = cursor.uleb()) {
    const abbreviation: Abbreviation = { tag: cursor.uleb(), hasChildren: cursor.u8() === 1, attributes: [] };
    for (;;) {
      const name = cursor.uleb();
      const form = cursor.uleb();
      if (name === 0 && form === 0) {
        break;
      }
      abbreviation.attributes.push([name, form]);
    }
    table.set(code, abbreviation);
  }
  return table;
}
