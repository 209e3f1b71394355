/**
 * Accesses to pages that harts share (sharing.ts). They go through the store buffer, and each is a point where the turn may
 * end.
 *
 * Under chaos these are the most common accesses that the interpreter cannot do inline. So if the address was translated
 * before, they take a short way, which leaves out everything that an access to RAM does not need.
 */

import { Chaos, endsAtPoint, isChaos, isWatching, Point, turnEnds } from "../chaos/chaos";
import { buffer, drainAcquire, forward, isBuffering, Pass } from "../chaos/store-buffer";
import { At, Op } from "../code/ops";
import { isCode } from "../code/pages";
import { Hart } from "../hart/hart";
import { Observed } from "../hart/watchpoints";
import { PAGE_SHIFT, RAM_START, ramBase } from "../layout";
import { begin, NOWHERE, note, Outcome, outcome } from "./outcome";
import { loadLinear, Page, ramAddress, storeLinear } from "./ram";
import { Entry, Tag, watchedTable } from "./tlb";

const PAGE_OFFSET: u64 = 0xfff;

@final
class Pages {
  /** Passes a point where the turn may end. If it does end, the hart leaves the loop. */
  @inline
  static passPoint(): void {
    Point.pass();
    if (turnEnds()) {
      note();
    }
  }

  /** A load from a page that harts share. */
  @inline
  static read(hart: Hart, physical: u64, size: u32): u64 {
    Pages.passPoint();
    Observed.read(physical, size, hart.id);
    if (!isBuffering() || Pass.load(hart.id, physical, size)) {
      return loadLinear(ramAddress(physical), size);
    }
    drainAcquire(hart.id);
    return forward(hart.id, physical, size);
  }

  /** A store to a page that harts share. */
  @inline
  static write(hart: Hart, physical: u64, size: u32, value: u64): void {
    Pages.passPoint();
    if (isBuffering()) {
      drainAcquire(hart.id);
      buffer(hart.id, physical, size, value);
      return;
    }
    if (Page.written(physical, size, hart.id)) {
      note();
    }
    storeLinear(ramAddress(physical), size, value);
  }
}

/** The physical address of an access to a shared page, if it was translated before. Otherwise NOWHERE. */
export function recall(hart: Hart, address: u64, tag: Tag): u64 {
  const entry = Entry.of(watchedTable(<usize>hart.dataTable), address);
  if (load<u64>(entry + <usize>tag) !== (address & ~PAGE_OFFSET)) {
    return NOWHERE;
  }
  begin();
  return <u64>(Entry.linear(entry, address) - ramBase()) + RAM_START;
}

/** A load from a page that harts share, which access.ts has translated. */
export function readShared(hart: Hart, physical: u64, size: u32): u64 {
  return Pages.read(hart, physical, size);
}

/** A store to a page that harts share, which access.ts has translated. */
export function writeShared(hart: Hart, physical: u64, size: u32, value: u64): void {
  Pages.write(hart, physical, size, value);
}

/** What happened to an instruction that may access a shared page. */
export const enum Shared {
  /** It was not executed: it is another instruction, or another page. */
  No = 0,
  /** It was executed. */
  Done = 1,
  /** It was executed, and its effect goes beyond this hart's registers: leave the loop. */
  Noted = 2,
}

/** How many ops of a kind follow the first. */
const LOADS_LAST: u32 = Op.Lwu - Op.Lb;
const ACCESSES_LAST: u32 = Op.Sd - Op.Lb;

/** Whether an access, by its number, is a load: lb lh lw ld lbu lhu lwu, sb sh sw sd. */
function isLoad(access: u32): bool {
  return access <= LOADS_LAST;
}

function sizeOf(access: u32): u32 {
  return 1 << (isLoad(access) ? access & 3 : access - LOADS_LAST - 1);
}

/** The physical address of an access that a hart translated before, if it lies in one shared page. Otherwise NOWHERE. */
function recallAccess(hart: Hart, address: u64, access: u32): u64 {
  if ((address & PAGE_OFFSET) + <u64>sizeOf(access) > 4096) {
    return NOWHERE;
  }
  return recall(hart, address, isLoad(access) ? Tag.Read : Tag.Write);
}

/** Executes a load or store to a shared page that the hart translated before. It uses neither hart.pc nor the counts. */
export function accessShared(hart: Hart, op: usize): Shared {
  if (!isWatching()) {
    return Shared.No;
  }
  const access = At.code(op) - Op.Lb;
  if (access > ACCESSES_LAST) {
    return Shared.No;
  }
  const x = changetype<usize>(hart);
  const address = load<u64>(x + At.rs1(op)) + <u64>At.immediate(op);
  const physical = recallAccess(hart, address, access);
  if (physical === NOWHERE) {
    return Shared.No;
  }
  if (isLoad(access)) {
    store<u64>(x + At.rd(op), extended(access, Pages.read(hart, physical, sizeOf(access))));
  } else {
    Pages.write(hart, physical, sizeOf(access), load<u64>(x + At.rs2(op)));
  }
  return outcome === Outcome.Done ? Shared.Done : Shared.Noted;
}

/** Where reachLoad() puts a value that is not in memory yet. */
const FORWARDED: usize = memory.data(8, 8);

/** The linear address of an aligned access to a shared page, if the hart translated it before. Otherwise 0. */
function reach(hart: Hart, address: u64, size: u32, tag: Tag): usize {
  const entry = Entry.of(watchedTable(<usize>hart.dataTable), address);
  if (load<u64>(entry + <usize>tag) !== (address & (~PAGE_OFFSET | <u64>(size - 1)))) {
    return 0;
  }
  return Entry.linear(entry, address);
}

/** The physical address of a place in RAM. */
function physicalOf(linear: usize): u64 {
  return <u64>(linear - ramBase()) + RAM_START;
}

/**
 * For translated code: a load of `size` bytes from a shared page, as accessShared() does it. Returns the linear address of
 * what the hart reads. If the hart would have to leave the loop after the access, it does nothing and returns 0.
 */
export function reachLoad(hartAddress: u32, address: u64, size: u32): usize {
  const hart = changetype<Hart>(<usize>hartAddress);
  const linear = reach(hart, address, size, Tag.Read);
  if (linear === 0 || endsAtPoint()) {
    return 0;
  }
  if (!isBuffering() || Pass.load(hart.id, address, size)) {
    Point.pass();
    return linear;
  }
  // Only with Chaos.StaleCode is a hart not concerned when a store that drains changes code.
  if (!isChaos(Chaos.StaleCode)) {
    return 0;
  }
  Point.pass();
  drainAcquire(hart.id);
  store<u64>(FORWARDED, forward(hart.id, physicalOf(linear), size));
  return FORWARDED;
}

/**
 * For translated code: a store to a shared page, as accessShared() does it. If the hart would have to leave the loop after
 * the access, it does nothing and returns false.
 */
export function reachStore(hartAddress: u32, address: u64, size: u32, value: u64): bool {
  const hart = changetype<Hart>(<usize>hartAddress);
  const linear = reach(hart, address, size, Tag.Write);
  if (linear === 0 || endsAtPoint()) {
    return false;
  }
  const physical = physicalOf(linear);
  if (!isChaos(Chaos.StaleCode)) {
    const isQuiet = isBuffering()
      ? Pass.store(hart.id)
      : !isCode(<u32>((physical - RAM_START) >> PAGE_SHIFT));
    if (!isQuiet) {
      return false;
    }
  }
  Pages.write(hart, physical, size, value);
  return true;
}

/** The value that a load puts into its register. lb, lh and lw sign-extend. */
export function extended(index: u32, value: u64): u64 {
  if (index === 0) {
    return <u64>(<i64>(<i8>value));
  }
  if (index === 1) {
    return <u64>(<i64>(<i16>value));
  }
  return index === 2 ? <u64>(<i64>(<i32>value)) : value;
}
