/**
 * The page tables of a task: user space below, the kernel's two root entries above (the kernel is in every address
 * space, so a trap changes neither satp nor the TLB). Only pages of 4 KiB; never writable and executable at once.
 *
 * An address space is changed by the task itself, or by its maker before it was started: by one hart at a time.
 * Reached from lifecycle/memory.ts, lifecycle/create.ts and lifecycle/reap.ts; goes on in frames.ts.
 */
import { Right } from "abi/handle";
import { Resource } from "abi/job";
import { PAGE_BYTES, USER_END } from "abi/layout";
import { Refusal } from "abi/refusal";
import { outOfLine } from "../arch/riscv/intrinsics";
import {
  ENTRIES_A_GROUP,
  PageTable,
  PTE_AD,
  PTE_R,
  PTE_U,
  PTE_W,
  PTE_X,
  Pte,
  ROOT_DEVICES,
  ROOT_RAM,
  ROOT_USER_ENTRIES,
  TABLE_ENTRIES,
  tableIndex,
} from "../arch/riscv/paging";
import { givePagesBack, Job } from "../job/job";
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

/** As `destroyGroup` and `destroyRoot`, in one go: of a space with few tables. Returns how many frames that were. */
export function destroySpace(rootAddress: u32): u32 {
  let frames: u32 = 0;
  for (let more = destroyGroup(rootAddress); more !== 0; more = destroyGroup(rootAddress)) {
    frames += more;
  }
  return frames + destroyRoot(rootAddress);
}

/**
 * Gives the last tables of a group of entries back (the pages they map are not theirs). No hart may use the space.
 * Returns how many frames that were: 0 when there is none any more.
 */
export function destroyGroup(rootAddress: u32): u32 {
  const root = changetype<PageTable>(rootAddress);
  for (let i: u32 = 0; i < ROOT_USER_ENTRIES; i++) {
    const groups = root.filledGroups(i);
    if (groups !== 0) {
      const group = <u32>ctz(groups);
      root.forgetFilled(i, group);
      return destroyTables(root.entry(i).table, group * ENTRIES_A_GROUP);
    }
  }
  return 0;
}

/** Then gives the other tables and the root back. Returns how many frames that were. */
export function destroyRoot(rootAddress: u32): u32 {
  const root = changetype<PageTable>(rootAddress);
  let frames: u32 = 1;
  for (let i: u32 = 0; i < ROOT_USER_ENTRIES; i++) {
    if (root.entry(i).valid) {
      freeFrames(<u32>changetype<usize>(root.entry(i).table), 1);
      frames += 1;
    }
  }
  freeFrames(rootAddress, 1);
  return frames;
}

/** Gives the tables back that a group of entries, from `first` on, point to, and returns how many. */
function destroyTables(middle: PageTable, first: u32): u32 {
  let frames: u32 = 0;
  for (let j = first; j < first + ENTRIES_A_GROUP; j++) {
    const entry = middle.entry(j);
    if (entry.valid) {
      freeFrames(<u32>changetype<usize>(entry.table), 1);
      frames += 1;
    }
  }
  return frames;
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

/** In place of a table's address: there is no memory for it, or the job has no page left. */
const NO_MEMORY: u32 = 0;
const OVER_QUOTA: u32 = 1;

/** The address of the table with the last entry for `address`; 0 if there is none. */
function lastTable(root: PageTable, address: u32): u32 {
  const first = root.entry(tableIndex(address, 2));
  if (!first.valid) {
    return 0;
  }
  const second = first.table.entry(tableIndex(address, 1));
  return second.valid ? <u32>changetype<usize>(second.table) : 0;
}

/**
 * Makes the tables for `address` that are missing, charged to `job`. The address of the last one; NO_MEMORY or
 * OVER_QUOTA if one cannot be made.
 */
function makeTables(job: Job, root: PageTable, address: u32): u32 {
  outOfLine();
  let table = nextTable(job, root.entry(tableIndex(address, 2)));
  if (table > OVER_QUOTA) {
    const second = changetype<PageTable>(table).entry(tableIndex(address, 1));
    table = nextTable(job, second);
    if (table > OVER_QUOTA) {
      root.noteFilled(address);
    }
  }
  return table;
}

/** The address of the table that `entry` points to, which is made if it is missing. */
function nextTable(job: Job, entry: Pte): u32 {
  if (entry.valid) {
    return <u32>changetype<usize>(entry.table);
  }
  if (!job.take(Resource.Pages, 1, 0)) {
    return OVER_QUOTA;
  }
  const frame = allocFrames(1);
  if (frame === 0) {
    givePagesBack(job, 1);
    return NO_MEMORY;
  }
  entry.set(frame, 0);
  return frame;
}

/**
 * Maps `pages` from `physical` at `address` with `rights` (Right.Read, Write, Execute; not both of the last two). The
 * range was checked, and nothing is mapped there. The tables that it takes are charged to `job`. Refusal.NoMemory or
 * Quota if there is none for them; then nothing of it is mapped.
 */
export function mapPages(
  job: Job,
  rootAddress: u32,
  address: u32,
  physical: u32,
  pages: u32,
  rights: u32,
): Refusal {
  let flags = PTE_U | PTE_R | PTE_AD;
  if ((rights & Right.Write) !== 0) {
    flags |= PTE_W;
  }
  if ((rights & Right.Execute) !== 0) {
    flags |= PTE_X;
  }
  const root = changetype<PageTable>(rootAddress);
  // A turn for each last table.
  for (let done: u32 = 0; done < pages; ) {
    const at = address + done * PAGE_BYTES;
    let table = lastTable(root, at);
    if (table === 0) {
      table = makeTables(job, root, at);
    }
    if (table <= OVER_QUOTA) {
      unmapPages(rootAddress, address, done);
      return table === OVER_QUOTA ? Refusal.Quota : Refusal.NoMemory;
    }
    const index = tableIndex(at, 0);
    const count = min<u32>(pages - done, TABLE_ENTRIES - index);
    changetype<PageTable>(table).fill(index, count, physical + done * PAGE_BYTES, flags);
    done += count;
  }
  return Refusal.None;
}

/** Takes `pages` from `address` out. The caller sees to the TLBs. */
export function unmapPages(rootAddress: u32, address: u32, pages: u32): void {
  const root = changetype<PageTable>(rootAddress);
  for (let done: u32 = 0; done < pages; ) {
    const at = address + done * PAGE_BYTES;
    const table = lastTable(root, at);
    const index = tableIndex(at, 0);
    const count = min<u32>(pages - done, TABLE_ENTRIES - index);
    if (table !== 0) {
      changetype<PageTable>(table).clear(index, count);
    }
    done += count;
  }
}
