// Virtual memory: the Sv39 walk, and every access that the interpreter's inline look-up could not answer.
//
// A walk sets A and D itself (Svadu), as QEMU does. What it finds is entered into the hart's tables (tlb.ts) if it is
// RAM; devices are asked each time. A misaligned access to RAM is carried out, byte by byte where it crosses a page,
// after both pages were translated, so that it happens whole or not at all. A misaligned access to a device is an
// access fault.
import { busFault, busLoad, busStore } from "./bus";
import { Chaos, isChaos, isWatching, point, pointOfWaking, turnEnds } from "./chaos";
import { deadlinesChanged } from "./clock";
import { codeOf, isCode, noteWritable } from "./code";
import { Hart, Mode } from "./hart";
import { PAGE_SHIFT, RAM_START, ramBase } from "./layout";
import { pmpAllows, pmpUniform } from "./pmp";
import { isRam, loadLinear, physicalWritten, ramAddress, storeLinear } from "./ram";
import { noteAccess } from "./sharing";
import { findStale, keepStale, Stale } from "./stale";
import { buffer, drain, forward, holds, isBuffering } from "./store-buffer";
import { Entry, fillEntry, noteSuperpage, Tag, watchedTable } from "./tlb";
import { Cause, MPP, MPP_SHIFT, MPRV, MXR, SUM } from "./trap";

/** What an access is for; the order is that of the exception codes below. */
export const enum Access {
  Load = 0,
  Store = 1,
  Fetch = 2,
}

/** What an access came to, beside its value. */
export const enum Outcome {
  Done = 0,
  /** Done, and what it did (device, code) concerns more than this hart's registers: leave the fast loop. */
  Noted = 1,
  /** Not done; faultCause and faultValue say why. */
  Fault = 2,
}

/** The outcome of the last access; for a fault, its exception code and what tval shows. */
export let outcome: Outcome = Outcome.Done;
export let faultCause: Cause = 0;
export let faultValue: u64 = 0;

/** Level of the leaf that the last walk ended at; -1 if there was no translation. */
let leafLevel: i32 = -1;

const NOWHERE: u64 = ~0;
const ONE: u64 = 1;
const PAGE_OFFSET: u64 = 0xfff;

/** Bits of a page table entry. */
const V: u64 = 1;
const R: u64 = 2;
const W: u64 = 4;
const X: u64 = 8;
const U: u64 = 16;
const A: u64 = 64;
const D: u64 = 128;
/** Svpbmt, Svnapot and what nobody has defined: not here. */
const RESERVED: u64 = 0xffc0_0000_0000_0000;
const PPN_MASK: u64 = 0xfff_ffff_ffff;

/** Whether the last access failed. */
export function faulted(): bool {
  return outcome === Outcome.Fault;
}

function fault(cause: Cause, value: u64): u64 {
  outcome = Outcome.Fault;
  faultCause = cause;
  faultValue = value;
  return NOWHERE;
}

function pageFault(address: u64, access: Access): u64 {
  if (access === Access.Fetch) return fault(Cause.FetchPage, address);
  return fault(access === Access.Load ? Cause.LoadPage : Cause.StorePage, address);
}

function accessFault(address: u64, access: Access): u64 {
  if (access === Access.Fetch) return fault(Cause.FetchAccess, address);
  return fault(access === Access.Load ? Cause.LoadAccess : Cause.StoreAccess, address);
}

/** Mode whose view of memory an access has. */
function effectiveMode(hart: Hart, access: Access): u32 {
  if (access === Access.Fetch || (hart.mstatus & MPRV) === 0 || hart.mode !== Mode.Machine) return hart.mode;
  return <u32>((hart.mstatus & MPP) >> MPP_SHIFT);
}

/** Whether a leaf allows an access, but for A and D. */
function allows(hart: Hart, pte: u64, access: Access, mode: u32): bool {
  if ((pte & U) !== 0) {
    if (mode === Mode.Supervisor && (access === Access.Fetch || (hart.mstatus & SUM) === 0)) return false;
  } else if (mode === Mode.User) return false;
  if (access === Access.Fetch) return (pte & X) !== 0;
  if (access === Access.Store) return (pte & W) !== 0;
  return (pte & R) !== 0 || ((hart.mstatus & MXR) !== 0 && (pte & X) !== 0);
}

/** What a leaf found at `level` makes of an address: checks, and marks in memory unless it is only remembered. */
function throughLeaf(
  hart: Hart,
  address: u64,
  access: Access,
  mode: u32,
  pte: u64,
  level: i32,
  at: u64,
): u64 {
  const shift = <u64>(12 + 9 * level);
  const within = (ONE << shift) - 1;
  const target = ((pte >> 10) & PPN_MASK) << 12;
  if (!allows(hart, pte, access, mode) || (target & within) !== 0) return pageFault(address, access);
  const marked = pte | A | (access === Access.Store ? D : 0);
  if (marked !== pte) {
    if (isChaos(Chaos.SoftwareMarks)) return pageFault(address, access);
    // A page table in the page that is being executed: stop executing what was decoded.
    if (physicalWritten(at, 8, hart.id)) outcome = Outcome.Noted;
    store<u64>(ramAddress(at), marked);
  }
  leafLevel = level;
  return target | (address & within);
}

/** Whether what a hart remembers of a page answers an access as it stands. */
function answers(hart: Hart, stale: Stale, access: Access, mode: u32): bool {
  const pte = stale.entry;
  // Marks are set in the tables, so that a walk is needed; what is refused may be refused only with StaleFaults.
  if ((pte & V) !== 0 && ((pte & A) === 0 || (access === Access.Store && (pte & D) === 0))) return false;
  return isChaos(Chaos.StaleFaults) || ((pte & V) !== 0 && allows(hart, pte, access, mode));
}

/** Hardware may fetch the neighbour's translation ahead. */
function fetchAhead(hart: Hart, address: u64, at: u64): void {
  if (!isChaos(Chaos.StaleTranslation) || ((at + 8) & PAGE_OFFSET) === 0 || !isRam(at + 8, 8)) return;
  const pte = load<u64>(ramAddress(at + 8));
  const leaf = (pte & V) !== 0 && (pte & (R | X)) !== 0 && (pte & (R | W)) !== W && (pte & RESERVED) === 0;
  if (leaf) keepStale(hart.id, address + 4096, hart.satp, pte, 0);
}

/** The physical address of a virtual one, but for PMP (privileged specification, 4.3.2). */
function walk(hart: Hart, address: u64, access: Access, mode: u32): u64 {
  const satp = hart.satp;
  if (mode === Mode.Machine || satp >> 60 === 0) return address;
  if (<i64>(address << 25) >> 25 !== <i64>address) return pageFault(address, access);
  const stale = findStale(hart.id, address, satp);
  if (stale !== null && answers(hart, stale, access, mode)) {
    if ((stale.entry & V) === 0) return pageFault(address, access);
    return throughLeaf(hart, address, access, mode, stale.entry, <i32>stale.level, 0);
  }
  let table = (satp & PPN_MASK) << 12;
  for (let level = 2; level >= 0; level--) {
    const at = table + (((address >> <u64>(12 + 9 * level)) & 511) << 3);
    if (!isRam(at, 8) || !pmpAllows(hart, at, 8, Access.Load, Mode.Supervisor))
      return accessFault(address, access);
    const pte = load<u64>(ramAddress(at));
    if ((pte & V) === 0 || (pte & (R | W)) === W || (pte & RESERVED) !== 0) {
      keepStale(hart.id, address, satp, 0, <u32>level);
      return pageFault(address, access);
    }
    if ((pte & (R | X)) === 0) {
      if ((pte & (A | D | U)) !== 0) return pageFault(address, access);
      table = ((pte >> 10) & PPN_MASK) << 12;
      continue;
    }
    const physical = throughLeaf(hart, address, access, mode, pte, level, at);
    // Read again: it may have been marked.
    keepStale(hart.id, address, satp, load<u64>(ramAddress(at)), <u32>level);
    if (level === 0) fetchAhead(hart, address, at);
    return physical;
  }
  return pageFault(address, access);
}

/**
 * The physical address of `size` bytes at a virtual one that lie in one page, or NOWHERE with the outcome set.
 */
export function translate(hart: Hart, address: u64, size: u32, access: Access): u64 {
  outcome = Outcome.Done;
  leafLevel = -1;
  const mode = effectiveMode(hart, access);
  const physical = walk(hart, address, access, mode);
  if (faulted() || pmpAllows(hart, physical, size, access, mode)) return physical;
  return accessFault(address, access);
}

/**
 * Enters a translation that was just made: where the interpreter finds it, or, if harts share the page, where only
 * recall() does. The address is in RAM.
 */
function remember(hart: Hart, address: u64, physical: u64, tag: Tag, shared: bool): void {
  if (!pmpUniform(hart, physical)) return;
  const page = ramAddress(physical & ~PAGE_OFFSET);
  if (shared) {
    if (leafLevel > 0) noteSuperpage(hart, address);
    fillEntry(watchedTable(<usize>hart.dataTable), address, page, tag, 0);
    return;
  }
  if (tag === Tag.Write) {
    const index = <u32>((physical - RAM_START) >> PAGE_SHIFT);
    if (isCode(index)) return;
    noteWritable(index);
  }
  if (leafLevel > 0) noteSuperpage(hart, address);
  fillEntry(<usize>hart.dataTable, address, page, tag, 0);
}

/** A point where the turn may end was passed: leave the loop if it does. */
function passPoint(): void {
  point();
  if (turnEnds()) outcome = Outcome.Noted;
}

/** Before and after a device is spoken to: what is buffered comes first, and others may have been woken. */
function passDevice(hart: Hart): void {
  if (!isChaos(Chaos.WeakStores)) drain(hart.id);
  point();
  pointOfWaking();
  outcome = Outcome.Noted;
  deadlinesChanged();
}

/** The physical address of an access to a shared page that was translated before, or NOWHERE. */
function recall(hart: Hart, address: u64, tag: Tag): u64 {
  const entry = Entry.of(watchedTable(<usize>hart.dataTable), address);
  if (load<u64>(entry + <usize>tag) !== (address & ~PAGE_OFFSET)) return NOWHERE;
  outcome = Outcome.Done;
  return <u64>(Entry.linear(entry, address) - ramBase()) + RAM_START;
}

/** A load from a page that harts share. */
function readShared(hart: Hart, physical: u64, size: u32): u64 {
  passPoint();
  if (!isBuffering()) return loadLinear(ramAddress(physical), size);
  // Forwarding may drain, and that may have dropped the code that is being executed.
  if (holds(hart.id, physical, size)) outcome = Outcome.Noted;
  return forward(hart.id, physical, size);
}

/** A store to a page that harts share. */
function writeShared(hart: Hart, physical: u64, size: u32, value: u64): void {
  passPoint();
  if (isBuffering()) {
    if (buffer(hart.id, physical, size, value)) outcome = Outcome.Noted;
    return;
  }
  if (physicalWritten(physical, size, hart.id)) outcome = Outcome.Noted;
  storeLinear(ramAddress(physical), size, value);
}

/** Reads `size` bytes at a physical address, from RAM or a device. */
function readPhysical(hart: Hart, address: u64, physical: u64, size: u32): u64 {
  if (isRam(physical, size)) {
    if (isWatching() && noteAccess(physical, hart.id, false)) {
      remember(hart, address, physical, Tag.Read, true);
      return readShared(hart, physical, size);
    }
    remember(hart, address, physical, Tag.Read, false);
    return loadLinear(ramAddress(physical), size);
  }
  if ((physical & (size - 1)) !== 0) return accessFault(address, Access.Load);
  passDevice(hart);
  const value = busLoad(hart.id, physical, size);
  return busFault ? accessFault(address, Access.Load) : value;
}

/** Writes `size` bytes at a physical address, to RAM or a device. */
function writePhysical(hart: Hart, address: u64, physical: u64, size: u32, value: u64): void {
  if (isRam(physical, size)) {
    if (isWatching() && noteAccess(physical, hart.id, true)) {
      remember(hart, address, physical, Tag.Write, true);
      writeShared(hart, physical, size, value);
      return;
    }
    if (physicalWritten(physical, size, hart.id)) outcome = Outcome.Noted;
    storeLinear(ramAddress(physical), size, value);
    // Only now: if code was there, the page may have become one that can be written freely.
    remember(hart, address, physical, Tag.Write, false);
    return;
  }
  if ((physical & (size - 1)) !== 0) {
    accessFault(address, Access.Store);
    return;
  }
  passDevice(hart);
  busStore(hart.id, physical, size, value);
  if (busFault) accessFault(address, Access.Store);
}

/** Bytes of an access that lie in its first page, if they are not all. */
function bytesInFirst(address: u64, size: u32): u32 {
  const left: u32 = 4096 - <u32>(address & PAGE_OFFSET);
  return left < size ? left : 0;
}

/** A load that crosses a page: both halves are RAM, or it faults. */
function loadAcross(hart: Hart, address: u64, size: u32, first: u32): u64 {
  const low = translate(hart, address, first, Access.Load);
  if (faulted()) return 0;
  const next = address + <u64>first;
  const high = translate(hart, next, size - first, Access.Load);
  if (faulted()) return 0;
  if (!isRam(low, first)) return accessFault(address, Access.Load);
  if (!isRam(high, size - first)) return accessFault(next, Access.Load);
  let value: u64 = 0;
  for (let index: u32 = 0; index < size; index++) {
    const at = index < first ? low + <u64>index : high + <u64>(index - first);
    value |= readPhysical(hart, address + <u64>index, at, 1) << ((<u64>index) << 3);
  }
  return value;
}

function storeAcross(hart: Hart, address: u64, size: u32, value: u64, first: u32): void {
  const low = translate(hart, address, first, Access.Store);
  if (faulted()) return;
  const next = address + <u64>first;
  const high = translate(hart, next, size - first, Access.Store);
  if (faulted()) return;
  if (!isRam(low, first)) {
    accessFault(address, Access.Store);
    return;
  }
  if (!isRam(high, size - first)) {
    accessFault(next, Access.Store);
    return;
  }
  for (let index: u32 = 0; index < size; index++) {
    const at = index < first ? low + <u64>index : high + <u64>(index - first);
    writePhysical(hart, address + <u64>index, at, 1, (value >> ((<u64>index) << 3)) & 0xff);
  }
}

/** Loads 1, 2, 4 or 8 bytes, zero-extended; look at `outcome`. */
export function loadVirtual(hart: Hart, address: u64, size: u32): u64 {
  const first = bytesInFirst(address, size);
  if (first !== 0) return loadAcross(hart, address, size, first);
  if (isWatching()) {
    const known = recall(hart, address, Tag.Read);
    if (known !== NOWHERE) return readShared(hart, known, size);
  }
  const physical = translate(hart, address, size, Access.Load);
  if (faulted()) return 0;
  return readPhysical(hart, address, physical, size);
}

/** Stores the low 1, 2, 4 or 8 bytes of a value; look at `outcome`. */
export function storeVirtual(hart: Hart, address: u64, size: u32, value: u64): void {
  const first = bytesInFirst(address, size);
  if (first !== 0) {
    storeAcross(hart, address, size, value, first);
    return;
  }
  if (isWatching()) {
    const known = recall(hart, address, Tag.Write);
    if (known !== NOWHERE) {
      writeShared(hart, known, size, value);
      return;
    }
  }
  const physical = translate(hart, address, size, Access.Store);
  if (faulted()) return;
  writePhysical(hart, address, physical, size, value);
}

/**
 * The physical address of an atomic access, which must be aligned and in RAM; else NOWHERE, with the outcome set.
 * LR (`access` Load) needs to read, SC and the AMOs need to write.
 */
export function translateAtomic(hart: Hart, address: u64, size: u32, access: Access): u64 {
  if ((address & (size - 1)) !== 0) {
    return fault(access === Access.Load ? Cause.LoadMisaligned : Cause.StoreMisaligned, address);
  }
  const physical = translate(hart, address, size, access);
  if (faulted()) return NOWHERE;
  return isRam(physical, size) ? physical : accessFault(address, access);
}

/** The decoded page for the address of an instruction, or 0 with the outcome set. */
export function fetchPage(hart: Hart, address: u64): usize {
  const physical = translate(hart, address, 2, Access.Fetch);
  if (faulted()) return 0;
  if (!isRam(physical & ~PAGE_OFFSET, 4096)) {
    accessFault(address, Access.Fetch);
    return 0;
  }
  const code = codeOf(<u32>((physical - RAM_START) >> PAGE_SHIFT), hart.id);
  if (leafLevel > 0) noteSuperpage(hart, address);
  fillEntry(<usize>hart.fetchTable, address, ramAddress(physical & ~PAGE_OFFSET), Tag.Fetch, code);
  return code;
}

/** The halfword at a virtual address that is about to be executed; look at `outcome`. */
export function fetchHalf(hart: Hart, address: u64): u32 {
  const physical = translate(hart, address, 2, Access.Fetch);
  if (faulted()) return 0;
  if (!isRam(physical, 2)) {
    accessFault(address, Access.Fetch);
    return 0;
  }
  return <u32>loadLinear(ramAddress(physical), 2);
}
