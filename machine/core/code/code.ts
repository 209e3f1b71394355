/**
 * Decoded pages: each page of RAM that is executed has one, filled run by run as it is reached.
 *
 *     0      4      8       12      16         20     24      32
 *     | page | used | owner | fresh | surveyed | heat | tries | starts: 2048 x u16 | entries: 2048 x u32 | ops: 2560 x 16 bytes |
 *
 * `starts` says for each halfword of the page which op (plus one) is the instruction that begins there. `entries` says
 * where translations begin, if the page was surveyed (hot.ts). A run ends at a jump, at the end of the page, at something
 * that is decoded already, or after RUN_MAX instructions. It ends with a link, so the interpreter looks at its budget at
 * least every RUN_MAX instructions. When a hart writes to a decoded page, the page's ops are dropped. When it writes again,
 * the page is no code page any more, and writes to it are fast again.
 *
 * All harts share decoded pages. Only with Chaos.StaleCode does each hart have its own, and only its fence.i drops them.
 */
import { Chaos, isChaos } from "../chaos/chaos";
import { hartCount, PAGE_SHIFT, PageFlag, ramBase, shape } from "../layout";
import { revokeFetches, revokeWrites } from "../memory/tlb";
import { decode, endsRun } from "./decode";
import { entryHeat, pageHeat } from "./heat";
import { At, OP_BYTES, OP_SHIFT, Op, writeOp } from "./ops";

/** How many decoded pages are kept. The oldest makes room for a new one. */
export const CODE_PAGES: u32 = 512;

/** Most instructions between two looks at the budget. */
export const RUN_MAX: u32 = 64;

const OPS_MAX: u32 = 2560;
export const STARTS: usize = 32;
const STARTS_BYTES: usize = 4096;
const ENTRIES: usize = STARTS + STARTS_BYTES;
export const OPS: usize = ENTRIES + 8192;

/** Bytes of a decoded page. */
export const CODE_BYTES: u32 = <u32>OPS + OPS_MAX * <u32>OP_BYTES;

/**
 * Stands in for the decoded page where PMP treats parts of a page differently. Nothing is ever decoded in it: each
 * instruction is fetched when it is executed (fetch.ts), and PMP is checked for its bytes.
 */
export const UNDECODED: usize = memory.data(4128, 8);
if (STARTS + STARTS_BYTES !== 4128) {
  ERROR("UNDECODED reaches to the end of its starts");
}

const NO_PAGE: u32 = 0xffff_ffff;

const NEXT_VICTIM: usize = memory.data(4, 4);

@unmanaged
@final
export class CodePage {
  /** Index of the RAM page that it was decoded from, or NO_PAGE. */
  page: u32;
  /** Ops in use. */
  used: u32;
  /** The hart that it is for; 0 if harts share. */
  owner: u32;
  /** Not zero: nothing was decoded since the page was last written. */
  fresh: u32;
  /** Not zero: `entries` says where translations can begin. */
  surveyed: u32;
  /** Instructions to interpret before it is surveyed (again), and how often the host was told (hot.ts). */
  heat: i32;
  tries: u32;
}

if (offsetof<CodePage>() > STARTS) {
  ERROR("a decoded page's head outgrew its place");
}

/** Whether something is decoded from a page of RAM there, or can be. */
export function isInUse(code: usize): bool {
  return changetype<CodePage>(code).page !== NO_PAGE;
}

function codeAt(index: u32): CodePage {
  return changetype<CodePage>(<usize>(shape().code + index * CODE_BYTES));
}

function pageCodeAt(page: u32, owner: u32): usize {
  const pages = shape().ramBytes >> PAGE_SHIFT;
  return <usize>(shape().pageCode + ((owner * pages + page) << 2));
}

function flagsAt(page: u32): usize {
  return <usize>(shape().pageFlags + page);
}

/** The op at which the instruction `offset` bytes into the page begins, or 0 if that was not decoded yet. */
export function findOp(code: usize, offset: u32): usize {
  const start = load<u16>(code + <usize>(offset & 0xffe), STARTS);
  return start === 0 ? 0 : code + OPS + ((<usize>start - 1) << OP_SHIFT);
}

/** Drops the ops of a page; its entries stay. */
function emptyOps(code: CodePage): void {
  code.used = 0;
  memory.fill(changetype<usize>(code) + STARTS, 0, STARTS_BYTES);
}

/** Drops the ops of a page and its entries. */
function empty(code: CodePage): void {
  emptyOps(code);
  code.surveyed = 0;
  code.heat = pageHeat();
  code.tries = 0;
}

/** Not zero if a page was decoded since all were forgotten. */
const IS_ANY_DECODED: usize = memory.data(4, 4);

/** Sets up an empty state in memory that is all zero, for create. */
export function initCode(): void {
  for (let index: u32 = 0; index < CODE_PAGES; index++) {
    codeAt(index).page = NO_PAGE;
  }
}

/** Forgets every decoded instruction: after a change of the chaos or of the breakpoints. */
export function resetCode(): void {
  if (load<u32>(IS_ANY_DECODED) === 0) {
    return;
  }
  store<u32>(IS_ANY_DECODED, 0);
  for (let index: u32 = 0; index < CODE_PAGES; index++) {
    const code = codeAt(index);
    code.page = NO_PAGE;
    if (code.used !== 0 || code.surveyed !== 0) {
      empty(code);
    }
  }
  memory.fill(<usize>shape().pageCode, 0, hartCount() * ((shape().ramBytes >> PAGE_SHIFT) << 2));
  store<u32>(NEXT_VICTIM, 0);
  revokeFetches(0);
}

function detach(code: CodePage): void {
  store<u32>(pageCodeAt(code.page, code.owner), 0);
  code.page = NO_PAGE;
  empty(code);
  revokeFetches(changetype<usize>(code));
}

/** The decoded page of RAM page `page` for a hart. From now on, writes to that page are noticed. */
export function codeOf(page: u32, id: u32): usize {
  const owner = isChaos(Chaos.StaleCode) ? id : 0;
  const known = load<u32>(pageCodeAt(page, owner));
  if (known !== 0) {
    return <usize>known;
  }
  store<u32>(IS_ANY_DECODED, 1);
  const victim = load<u32>(NEXT_VICTIM);
  store<u32>(NEXT_VICTIM, (victim + 1) % CODE_PAGES);
  const code = codeAt(victim);
  if (code.page !== NO_PAGE) {
    detach(code);
  }
  code.page = page;
  code.owner = owner;
  code.fresh = 1;
  code.heat = pageHeat();
  code.tries = 0;
  store<u32>(pageCodeAt(page, owner), <u32>changetype<usize>(code));
  if (isChaos(Chaos.StaleCode)) {
    return changetype<usize>(code);
  }
  const flags = load<u8>(flagsAt(page));
  if ((flags & PageFlag.Writable) !== 0) {
    store<u8>(flagsAt(page), flags & ~PageFlag.Writable);
    revokeWrites(ramBase() + ((<usize>page) << PAGE_SHIFT));
  }
  return changetype<usize>(code);
}

/** Whether something was decoded from a page of RAM, so that writes to it must be noticed. */
export function isCode(page: u32): bool {
  return !isChaos(Chaos.StaleCode) && load<u32>(pageCodeAt(page, 0)) !== 0;
}

/** Notes that a hart's table gets an entry that allows writing to a page. */
export function noteWritable(page: u32): void {
  store<u8>(flagsAt(page), load<u8>(flagsAt(page)) | PageFlag.Writable | PageFlag.Dirty);
}

/** Called before a RAM page is written by anything but a write entry. True if decoded code was dropped. */
export function noteWrite(page: u32): bool {
  store<u8>(flagsAt(page), load<u8>(flagsAt(page)) | PageFlag.Dirty);
  if (isChaos(Chaos.StaleCode)) {
    return false;
  }
  const known = load<u32>(pageCodeAt(page, 0));
  if (known === 0) {
    return false;
  }
  const code = changetype<CodePage>(<usize>known);
  if (code.fresh !== 0) {
    detach(code);
  } else {
    empty(code);
    code.fresh = 1;
  }
  return true;
}

/** What fence.i on a hart does: the code that was decoded for it alone is dropped. Shared code is never stale. */
export function flushCode(id: u32): void {
  if (!isChaos(Chaos.StaleCode)) {
    return;
  }
  for (let index: u32 = 0; index < CODE_PAGES; index++) {
    const code = codeAt(index);
    if (code.page !== NO_PAGE && code.owner === id) {
      detach(code);
    }
  }
}

const BREAK_BITS_BYTES: u32 = 4096 / 2 / 8;
/** A bit for each halfword of a page: there is a breakpoint at that offset in some page. */
const BREAK_BITS: usize = memory.data(BREAK_BITS_BYTES, 8);

export function clearBreaks(): void {
  memory.fill(BREAK_BITS, 0, BREAK_BITS_BYTES);
}

/** Notes a breakpoint at `address`. Code that was decoded before does not stop there: see resetCode(). */
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
function decodeOne(op: usize, memoryPage: usize, at: u32): u32 {
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
  const found = findOp(code, offset);
  if (found !== 0) {
    return found;
  }
  const page = changetype<CodePage>(code);
  // A run needs room for its instructions, an entry for each, and the link.
  if (page.used + 2 * RUN_MAX + 1 > OPS_MAX) {
    emptyOps(page);
  }
  page.fresh = 0;
  const memoryPage = ramBase() + ((<usize>page.page) << PAGE_SHIFT);
  const first = code + OPS + ((<usize>page.used) << OP_SHIFT);
  let op = first;
  let at = offset & 0xffe;
  for (let count: u32 = 0; ; count++) {
    if (at >= 4096) {
      writeOp(op, Op.PageEnd, 0, 0, 0, 0, at, at);
      break;
    }
    if (count === RUN_MAX || findOp(code, at) !== 0) {
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
    const low = <u32>load<u16>(memoryPage + <usize>at);
    if (mayBreak(at)) {
      const length: u32 = (low & 3) === 3 ? 4 : 2;
      writeOp(op, Op.Break, 0, 0, 0, <i32>low, at, at + length);
      at += length;
    } else {
      at += decodeOne(op, memoryPage, at);
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
  writeOp(op, Op.Entry, needs, number, entryHeat(), <i32>slot, offset, offset);
}

function entryAt(code: usize, offset: u32): usize {
  return code + ENTRIES + <usize>((offset & 0xffe) << 1);
}

/** Where decodeApart() puts its op. */
const SCRATCH: usize = memory.data(16, 8);

/** Decodes the instruction at `offset` of a decoded page without adding it to the page. Returns where the op is. */
export function decodeApart(code: usize, offset: u32): usize {
  const page = changetype<CodePage>(code);
  decodeOne(SCRATCH, ramBase() + ((<usize>page.page) << PAGE_SHIFT), offset & 0xffe);
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
  const op = findOp(code, offset);
  if (op !== 0 && At.code(op) === Op.Entry) {
    writeEntry(op, entry, offset);
  }
}

/** Forgets all translations. Decoded pages that were not surveyed stay. */
export function forgetTranslations(): void {
  for (let index: u32 = 0; index < CODE_PAGES; index++) {
    const code = codeAt(index);
    if (code.surveyed !== 0) {
      empty(code);
    }
  }
}
