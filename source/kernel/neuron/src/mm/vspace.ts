/**
 * The page tables of a task: user space below, the kernel's two root entries above (the kernel is in every address
 * space, so a trap changes neither satp nor the TLB). Only pages of 4 KiB; never writable and executable at once.
 *
 * An address space is changed by the task itself, or by its maker before it was started: by one hart at a time.
 * Reached from lifecycle/memory.ts, lifecycle/create.ts and lifecycle/reap.ts; goes on in frames.ts.
 */
import { Right } from "abi/handle";
import { PAGE_BYTES, USER_END } from "abi/layout";
import {
  ENTRIES_A_GROUP,
  PageTable,
  PTE_AD,
  PTE_R,
  PTE_U,
  PTE_W,
  PTE_X,
  ROOT_DEVICES,
  ROOT_RAM,
  ROOT_USER_ENTRIES,
  tableIndex,
  walk,
} from "../arch/riscv/paging";
import { allocFrames, freeFrames } from "./frames";
import { kernelRoot } from "./kernelmap";

/** A new address space with nothing of the user's in it: the address of its root, or 0 without memory. */
export function createSpace(): u32 {
  const frame = allocFrames(1);
  if (frame === 0) {
    return 0;
  }
  const root = changetype<PageTable>(frame);
  const kernel = kernelRoot();
  store<u64>(changetype<usize>(root.entry(ROOT_RAM)), load<u64>(changetype<usize>(kernel.entry(ROOT_RAM))));
  store<u64>(
    changetype<usize>(root.entry(ROOT_DEVICES)),
    load<u64>(changetype<usize>(kernel.entry(ROOT_DEVICES))),
  );
  return frame;
}

/** Gives the tables of user space and the root back (the pages they map are not theirs). No hart may use them. */
export function destroySpace(rootAddress: u32): void {
  const root = changetype<PageTable>(rootAddress);
  for (let i: u32 = 0; i < ROOT_USER_ENTRIES; i++) {
    if (!root.entry(i).valid) {
      continue;
    }
    const middle = root.entry(i).table;
    for (let groups = root.filledGroups(i); groups !== 0; groups &= groups - 1) {
      destroyTables(middle, <u32>ctz(groups) * ENTRIES_A_GROUP);
    }
    freeFrames(<u32>changetype<usize>(middle), 1);
  }
  freeFrames(rootAddress, 1);
}

/** Gives the tables back that a group of entries, from `first` on, point to. */
function destroyTables(middle: PageTable, first: u32): void {
  for (let j = first; j < first + ENTRIES_A_GROUP; j++) {
    const entry = middle.entry(j);
    if (entry.valid) {
      freeFrames(<u32>changetype<usize>(entry.table), 1);
    }
  }
}

/** Whether `bytes` from `address` are whole pages of user space, without overflow and without page 0. */
export function isUserRange(address: u32, bytes: u32): bool {
  return (
    bytes > 0 &&
    ((address | bytes) & (PAGE_BYTES - 1)) === 0 &&
    address >= PAGE_BYTES &&
    address < USER_END &&
    bytes <= USER_END - address
  );
}

/**
 * The table that the entry for `address` in `table`, one of `level` below `root`, points to. It is made if it is
 * missing; null without memory.
 */
function nextTable(root: PageTable, table: PageTable, address: u32, level: u32): PageTable | null {
  const entry = table.entry(tableIndex(address, level));
  if (entry.valid) {
    return entry.table;
  }
  const frame = allocFrames(1);
  if (frame === 0) {
    return null;
  }
  entry.set(frame, 0);
  if (level === 1) {
    root.noteFilled(address);
  }
  return changetype<PageTable>(frame);
}

/**
 * Maps `pages` from `physical` at `address` with `rights` (Right.Read, Write, Execute; not both of the last two). The
 * range was checked, and nothing is mapped there. False without memory for a table; then nothing of it is mapped.
 */
export function mapPages(rootAddress: u32, address: u32, physical: u32, pages: u32, rights: u32): bool {
  let flags = PTE_U | PTE_R | PTE_AD;
  if ((rights & Right.Write) !== 0) {
    flags |= PTE_W;
  }
  if ((rights & Right.Execute) !== 0) {
    flags |= PTE_X;
  }
  const root = changetype<PageTable>(rootAddress);
  for (let i: u32 = 0; i < pages; i++) {
    const at = address + i * PAGE_BYTES;
    const middle = nextTable(root, root, at, 2);
    let last: PageTable | null = null;
    if (middle !== null) {
      last = nextTable(root, middle, at, 1);
    }
    if (last === null) {
      unmapPages(rootAddress, address, i);
      return false;
    }
    last.entry(tableIndex(at, 0)).set(physical + i * PAGE_BYTES, flags);
  }
  return true;
}

/** Takes `pages` from `address` out. The caller sees to the TLBs. */
export function unmapPages(rootAddress: u32, address: u32, pages: u32): void {
  for (let i: u32 = 0; i < pages; i++) {
    const entry = walk(changetype<PageTable>(rootAddress), address + i * PAGE_BYTES);
    if (entry !== null) {
      entry.clear();
    }
  }
}
