/**
 * What is decoded of a page: runs of ops, filled in as they are reached.
 *
 * A run ends at a jump, at the end of the page, at something that is decoded already, or after RUN_MAX instructions. It ends
 * with a link, so the interpreter looks at its budget at least every RUN_MAX instructions.
 */
import { decode, endsRun } from "./decode";
import { entryStep } from "./heat";
import { At, OP_BYTES, OP_SHIFT, Op, writeOp } from "./ops";
import { CodePage, ENTRIES, emptyOps, OPS, OPS_MAX, Ops, STARTS, sourceOf } from "./pages";

/** Most instructions between two looks at the budget. */
export const RUN_MAX: u32 = 64;

const BREAK_BITS_BYTES: u32 = 4096 / 2 / 8;
/** A bit for each halfword of a page: there is a breakpoint at that offset in some page. */
const BREAK_BITS: usize = memory.data(BREAK_BITS_BYTES, 8);

export function clearBreaks(): void {
  memory.fill(BREAK_BITS, 0, BREAK_BITS_BYTES);
}

/** Notes a breakpoint at `address`. Code that was decoded before does not stop there: see redecode(). */
export function markBreak(address: u64): void {
  const offset = <u32>address & 0xffe;
  const at = BREAK_BITS + <usize>(offset >> 4);
  store<u8>(at, <u8>(<u32>load<u8>(at) | breakBit(offset)));
}

/** Whether a breakpoint may lie at this offset of a page. */
function mayBreak(offset: u32): bool {
  return (load<u8>(BREAK_BITS + <usize>(offset >> 4)) & breakBit(offset)) !== 0;
}

function breakBit(offset: u32): u32 {
  return (<u32>1) << ((offset >> 1) & 7);
}

/** Decodes the instruction `at` bytes into the page at linear address `memoryPage`. Returns its length. */
export function decodeOne(op: usize, memoryPage: usize, at: u32): u32 {
  if (at !== 4094) {
    // The word lies within the page.
    return decode(op, load<u32>(memoryPage + <usize>at), at);
  }
  const low = <u32>load<u16>(memoryPage + <usize>at);
  if ((low & 3) !== 3) {
    return decode(op, low, at);
  }
  writeOp(op, Op.Cross, 0, 0, 0, <i32>low, at, at + 4);
  return 4;
}

/** Decodes the run that begins `offset` (even) bytes into the page, if it is not decoded yet. Returns its first op. */
export function decodeRun(code: usize, offset: u32): usize {
  const found = Ops.find(code, offset);
  if (found !== 0) {
    return found;
  }
  const page = changetype<CodePage>(code);
  // A run needs room for its instructions, an entry for each, and the link.
  if (page.used + 2 * RUN_MAX + 1 > OPS_MAX) {
    emptyOps(page);
  }
  page.fresh = 0;
  const source = sourceOf(code);
  const first = code + OPS + ((<usize>page.used) << OP_SHIFT);
  let op = first;
  let at = offset & 0xffe;
  for (let count: u32 = 0; ; count++) {
    if (at >= 4096) {
      writeOp(op, Op.PageEnd, 0, 0, 0, 0, at, at);
      break;
    }
    if (count === RUN_MAX || Ops.find(code, at) !== 0) {
      writeOp(op, Op.LinkFar, 0, 0, 0, 0, at, at);
      break;
    }
    const start = <u32>((op - code - OPS) >> OP_SHIFT) + 1;
    store<u16>(code + <usize>at, <u16>start, STARTS);
    if (page.surveyed !== 0) {
      const entry = load<u32>(entryAt(code, at));
      if (entry !== 0) {
        writeEntry(op, entry, at);
        op += OP_BYTES;
      }
    }
    const low = <u32>load<u16>(source + <usize>at);
    if (mayBreak(at)) {
      const length: u32 = (low & 3) === 3 ? 4 : 2;
      writeOp(op, Op.Break, 0, 0, 0, <i32>low, at, at + length);
      at += length;
    } else {
      at += decodeOne(op, source, at);
    }
    const ended = endsRun(At.code(op));
    op += OP_BYTES;
    if (ended) {
      page.used = <u32>((op - code - OPS) >> OP_SHIFT);
      return first;
    }
  }
  page.used = <u32>((op - code - OPS) >> OP_SHIFT) + 1;
  return first;
}

/** An entry, from the low bits up: its number in its function (not 0), the instructions that it needs, and the function. */
const ENTRY_BITS: u32 = 12;
const NEEDS_BITS: u32 = 6;

function writeEntry(op: usize, entry: u32, offset: u32): void {
  const number = entry & ((1 << ENTRY_BITS) - 1);
  const needs = (entry >> ENTRY_BITS) & ((1 << NEEDS_BITS) - 1);
  const slot = entry >> (ENTRY_BITS + NEEDS_BITS);
  writeOp(op, Op.Entry, needs, number, entryStep(), <i32>slot, offset, offset);
}

function entryAt(code: usize, offset: u32): usize {
  return code + ENTRIES + <usize>((offset & 0xffe) << 1);
}

/** Where decodeApart() puts its op. */
const SCRATCH: usize = memory.data(16, 8);

/** Decodes the instruction at `offset` of a decoded page without adding it to the page. Returns where the op is. */
export function decodeApart(code: usize, offset: u32): usize {
  decodeOne(SCRATCH, sourceOf(code), offset & 0xffe);
  return SCRATCH;
}

/** Drops a page's ops and entries, because the host is about to set new entries. From now on the page counts as surveyed. */
export function beginEntries(code: usize): void {
  const page = changetype<CodePage>(code);
  emptyOps(page);
  page.surveyed = 1;
  memory.fill(code + ENTRIES, 0, OPS - ENTRIES);
}

/**
 * At `offset` of a page, function `slot` (below 16384) can be called at its entry `number` (1 to 4095), if the budget covers
 * `needs` (below 64) instructions. If `slot` is 0, the host is asked for a function when the entry becomes hot. The page must
 * be surveyed; if it was forgotten since, nothing is set.
 */
export function setEntry(code: usize, offset: u32, slot: u32, number: u32, needs: u32): void {
  if (changetype<CodePage>(code).surveyed === 0) {
    return;
  }
  const entry = (((slot << NEEDS_BITS) | needs) << ENTRY_BITS) | number;
  store<u32>(entryAt(code, offset), entry);
  const op = Ops.find(code, offset);
  if (op !== 0 && At.code(op) === Op.Entry) {
    writeEntry(op, entry, offset);
  }
}
