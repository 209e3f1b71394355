/**
 * Every access to memory that the interpreter's inline look-up could not answer.
 *
 * If a walk leads to RAM, its translation is entered into the hart's tables (tlb.ts). An access to a device comes here each
 * time. A misaligned access to RAM is carried out. If it crosses a page, both pages are translated first, and then it goes
 * byte by byte, so it happens as a whole or not at all. A misaligned access to a device is an access fault.
 */

import { Chaos, isChaos, isWatching, point, pointOfWaking } from "../chaos/chaos";
import { noteAccess } from "../chaos/sharing";
import { drain } from "../chaos/store-buffer";
import { deadlinesChanged } from "../clock";
import { codeOf, isCode, noteWritable, UNDECODED } from "../code/pages";
import { busFault, busLoad, busStore } from "../devices/bus";
import { Hart } from "../hart/hart";
import { Observed } from "../hart/watchpoints";
import { PAGE_SHIFT, RAM_START } from "../layout";
import { leafLevel, translate } from "./mmu";
import { Access, accessFault, faulted, NOWHERE, note } from "./outcome";
import { pmpUniform } from "./pmp";
import { isRam, loadLinear, physicalWritten, ramAddress, storeLinear } from "./ram";
import { readShared, recall, writeShared } from "./shared";
import { fillEntry, noteSuperpage, Tag, watchedTable } from "./tlb";

const PAGE_OFFSET: u64 = 0xfff;

/**
 * Enters a translation that was just made. If harts share the page, only recall() finds it; otherwise the interpreter does.
 * The address is in RAM.
 */
function remember(hart: Hart, address: u64, physical: u64, tag: Tag, shared: bool): void {
  if (!pmpUniform(hart, physical)) {
    return;
  }
  const page = ramAddress(physical & ~PAGE_OFFSET);
  if (shared) {
    if (leafLevel > 0) {
      noteSuperpage(hart, address);
    }
    fillEntry(watchedTable(<usize>hart.dataTable), address, page, tag, 0);
    return;
  }
  if (tag === Tag.Write) {
    const index = <u32>((physical - RAM_START) >> PAGE_SHIFT);
    if (isCode(index)) {
      return;
    }
    noteWritable(index);
  }
  if (leafLevel > 0) {
    noteSuperpage(hart, address);
  }
  fillEntry(<usize>hart.dataTable, address, page, tag, 0);
}

/** Before and after an access to a device: buffered stores come first, and the access may have woken other harts. */
function passDevice(hart: Hart): void {
  if (!isChaos(Chaos.WeakStores)) {
    drain(hart.id);
  }
  point();
  pointOfWaking();
  note();
  deadlinesChanged();
}

/** Reads `size` bytes at a physical address, from RAM or a device. */
function readPhysical(hart: Hart, address: u64, physical: u64, size: u32): u64 {
  if (isRam(physical, size)) {
    if (isWatching() && noteAccess(physical, hart.id, false)) {
      remember(hart, address, physical, Tag.Read, true);
      return readShared(hart, physical, size);
    }
    remember(hart, address, physical, Tag.Read, false);
    Observed.read(physical, size, hart.id);
    return loadLinear(ramAddress(physical), size);
  }
  if ((physical & (size - 1)) !== 0) {
    return accessFault(address, Access.Load);
  }
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
    if (physicalWritten(physical, size, hart.id)) {
      note();
    }
    storeLinear(ramAddress(physical), size, value);
    // Not earlier: if there was code in the page, it may be dropped now, and the page can be written directly.
    remember(hart, address, physical, Tag.Write, false);
    return;
  }
  if ((physical & (size - 1)) !== 0) {
    accessFault(address, Access.Store);
    return;
  }
  passDevice(hart);
  busStore(hart.id, physical, size, value);
  if (busFault) {
    accessFault(address, Access.Store);
  }
}

/** Bytes of an access that lie in its first page, if they are not all. */
function bytesInFirst(address: u64, size: u32): u32 {
  const left: u32 = 4096 - <u32>(address & PAGE_OFFSET);
  return left < size ? left : 0;
}

/** A load that crosses a page. It faults if not both halves are RAM. */
function loadAcross(hart: Hart, address: u64, size: u32, first: u32): u64 {
  const low = translate(hart, address, first, Access.Load);
  if (faulted()) {
    return 0;
  }
  const next = address + <u64>first;
  const high = translate(hart, next, size - first, Access.Load);
  if (faulted()) {
    return 0;
  }
  if (!isRam(low, first)) {
    return accessFault(address, Access.Load);
  }
  if (!isRam(high, size - first)) {
    return accessFault(next, Access.Load);
  }
  let value: u64 = 0;
  for (let index: u32 = 0; index < size; index++) {
    const at = index < first ? low + <u64>index : high + <u64>(index - first);
    value |= readPhysical(hart, address + <u64>index, at, 1) << ((<u64>index) << 3);
  }
  return value;
}

function storeAcross(hart: Hart, address: u64, size: u32, value: u64, first: u32): void {
  const low = translate(hart, address, first, Access.Store);
  if (faulted()) {
    return;
  }
  const next = address + <u64>first;
  const high = translate(hart, next, size - first, Access.Store);
  if (faulted()) {
    return;
  }
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

/** Loads 1, 2, 4 or 8 bytes, zero-extended. Sets `outcome`. */
export function loadVirtual(hart: Hart, address: u64, size: u32): u64 {
  const first = bytesInFirst(address, size);
  if (first !== 0) {
    return loadAcross(hart, address, size, first);
  }
  if (isWatching()) {
    const known = recall(hart, address, Tag.Read);
    if (known !== NOWHERE) {
      return readShared(hart, known, size);
    }
  }
  const physical = translate(hart, address, size, Access.Load);
  if (faulted()) {
    return 0;
  }
  return readPhysical(hart, address, physical, size);
}

/** Stores the low 1, 2, 4 or 8 bytes of a value. Sets `outcome`. */
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
  if (faulted()) {
    return;
  }
  writePhysical(hart, address, physical, size, value);
}

/** The decoded page for the address of an instruction; UNDECODED if PMP is checked each time; or 0, with `outcome` set. */
export function fetchPage(hart: Hart, address: u64): usize {
  const physical = translate(hart, address, 2, Access.Fetch);
  if (faulted()) {
    return 0;
  }
  if (!isRam(physical & ~PAGE_OFFSET, 4096)) {
    accessFault(address, Access.Fetch);
    return 0;
  }
  const index = <u32>((physical - RAM_START) >> PAGE_SHIFT);
  const code = pmpUniform(hart, physical) ? codeOf(index, hart.id) : UNDECODED;
  if (leafLevel > 0) {
    noteSuperpage(hart, address);
  }
  fillEntry(<usize>hart.fetchTable, address, ramAddress(physical & ~PAGE_OFFSET), Tag.Fetch, code);
  return code;
}

/** The halfword at a virtual address that is about to be executed. Sets `outcome`. */
export function fetchHalf(hart: Hart, address: u64): u32 {
  const physical = translate(hart, address, 2, Access.Fetch);
  if (faulted()) {
    return 0;
  }
  if (!isRam(physical, 2)) {
    accessFault(address, Access.Fetch);
    return 0;
  }
  return <u32>loadLinear(ramAddress(physical), 2);
}
