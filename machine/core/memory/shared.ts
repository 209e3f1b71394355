/**
 * Accesses to pages that harts share (sharing.ts). They go through the store buffer, and each is a point where the turn may
 * end.
 *
 * Under chaos these are the most common accesses that the interpreter cannot do inline. So if the address was translated
 * before, they take a short way, which leaves out everything that an access to RAM does not need.
 */

import { isWatching, point, turnEnds } from "../chaos/chaos";
import { buffer, drainAcquire, forward, isBuffering } from "../chaos/store-buffer";
import { At, Op } from "../code/ops";
import { Hart } from "../hart/hart";
import { RAM_START, ramBase } from "../layout";
import { begin, NOWHERE, note, Outcome, outcome } from "./outcome";
import { loadLinear, physicalWritten, ramAddress, storeLinear } from "./ram";
import { Entry, Tag, watchedTable } from "./tlb";

const PAGE_OFFSET: u64 = 0xfff;

/** Passes a point where the turn may end. If it does end, the hart leaves the loop. */
function passPoint(): void {
  point();
  if (turnEnds()) {
    note();
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

/** A load from a page that harts share. */
export function readShared(hart: Hart, physical: u64, size: u32): u64 {
  passPoint();
  if (!isBuffering()) {
    return loadLinear(ramAddress(physical), size);
  }
  drainAcquire(hart.id);
  return forward(hart.id, physical, size);
}

/** A store to a page that harts share. */
export function writeShared(hart: Hart, physical: u64, size: u32, value: u64): void {
  passPoint();
  if (isBuffering()) {
    drainAcquire(hart.id);
    buffer(hart.id, physical, size, value);
    return;
  }
  if (physicalWritten(physical, size, hart.id)) {
    note();
  }
  storeLinear(ramAddress(physical), size, value);
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

/** Executes a load or store to a shared page that the hart translated before. It uses neither hart.pc nor the counts. */
export function accessShared(hart: Hart, op: usize): Shared {
  if (!isWatching()) {
    return Shared.No;
  }
  const index = At.code(op) - Op.Lb;
  if (index > ACCESSES_LAST) {
    return Shared.No;
  }
  const x = changetype<usize>(hart);
  const address = load<u64>(x + At.rs1(op)) + <u64>At.immediate(op);
  // lb lh lw ld lbu lhu lwu, sb sh sw sd
  const isLoad = index <= LOADS_LAST;
  const size: u32 = 1 << (isLoad ? index & 3 : index - LOADS_LAST - 1);
  if ((address & PAGE_OFFSET) + <u64>size > 4096) {
    return Shared.No;
  }
  const physical = recall(hart, address, isLoad ? Tag.Read : Tag.Write);
  if (physical === NOWHERE) {
    return Shared.No;
  }
  if (isLoad) {
    store<u64>(x + At.rd(op), extended(index, readShared(hart, physical, size)));
  } else {
    writeShared(hart, physical, size, load<u64>(x + At.rs2(op)));
  }
  return outcome === Outcome.Done ? Shared.Done : Shared.Noted;
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
