/**
 * The translation tables of each hart. access.ts fills them, and the interpreter reads them inline.
 *
 * A table has 256 entries, found by the low bits of the page number:
 *
 *     0         8          16         24       28         32
 *     | readTag | writeTag | fetchTag | addend | code     |
 *
 * A tag is the page's virtual address if that access is allowed. Otherwise it is all ones, which no address equals once its
 * page offset is masked off. A virtual address plus addend is the address in linear memory; code is the decoded page. Each
 * table is for one mode, one setting of SUM and one value of satp, so neither a trap nor a switch of the address space
 * empties a table. Each hart keeps the tables of the last four values of satp, and forgets entries at sfence.vma.
 */
import { isWatching } from "../chaos/chaos";
import { forgetStale } from "../chaos/stale";
import { Hart, hartAt, Mode } from "../hart/hart";
import { hartCount, PAGE_BYTES, shape } from "../layout";

const ENTRIES: u32 = 256;
const ENTRY_BYTES: u32 = 32;
const TABLE_BYTES: u32 = ENTRIES * ENTRY_BYTES;

/** Address spaces whose tables a hart keeps, and the tables of each. */
const SPACES: u32 = 4;
const enum View {
  User = 0,
  Supervisor = 1,
  /** Supervisor with SUM: data only. */
  Sum = 2,
}
const VIEWS: u32 = 3;

/** After the tables of the address spaces: the two without translation, for machine mode and for the other modes. */
const BARE_MACHINE: u32 = SPACES * VIEWS;
const BARE_OTHER: u32 = BARE_MACHINE + 1;
const VISIBLE: u32 = BARE_OTHER + 1;

/** Each of these has a second table, which the interpreter does not see, for pages that harts share (sharing.ts). */
const TABLES: u32 = 2 * VISIBLE;
const WATCHED_BYTES: usize = <usize>(VISIBLE * TABLE_BYTES);

/** Bytes of all tables of a hart. */
export const TABLES_BYTES: u32 = TABLES * TABLE_BYTES;

/** Bits of mstatus that decide how memory is seen. */
const MPRV: u64 = 1 << 17;
const SUM: u64 = 1 << 18;

/** Bits of the page number; what is left is the canonical address. */
const PAGE_MASK: u64 = ~0xfff;

/** An address moved right by this, and masked, is the offset of its entry in a table. */
export const INDEX_SHIFT: u32 = 7;
export const INDEX_MASK: u32 = 0x1fe0;
if (INDEX_MASK !== (ENTRIES - 1) * ENTRY_BYTES || PAGE_BYTES >> INDEX_SHIFT !== ENTRY_BYTES) {
  ERROR("a page's entry is not found by its number");
}

/** Where in an entry its addend is. */
export const ADDEND: u32 = 24;

/** Fields of an entry, for the interpreter's inline look-up. */
@final
export class Entry {
  @inline
  static of(table: usize, address: u64): usize {
    return table + <usize>(<u32>(address >> <u64>INDEX_SHIFT) & INDEX_MASK);
  }

  @inline
  static readTag(entry: usize): u64 {
    return load<u64>(entry);
  }

  @inline
  static writeTag(entry: usize): u64 {
    return load<u64>(entry, 8);
  }

  @inline
  static fetchTag(entry: usize): u64 {
    return load<u64>(entry, 16);
  }

  /** The linear address of a virtual address that the entry's tag matches. */
  @inline
  static linear(entry: usize, address: u64): usize {
    return <usize>(<u32>address + load<u32>(entry, <usize>ADDEND));
  }

  @inline
  static code(entry: usize): usize {
    return <usize>load<u32>(entry, 28);
  }
}

/** Which tag of an entry an access looks at. */
export const enum Tag {
  Read = 0,
  Write = 8,
  Fetch = 16,
}

function tableAt(hart: u32, index: u32): usize {
  return <usize>(shape().tables + hart * TABLES_BYTES + index * TABLE_BYTES);
}

/** Chooses the tables for the hart's mode, mstatus and satp. To be called after each change of one of them. */
export function updateView(hart: Hart): void {
  const mode = hart.mode;
  const dataMode =
    mode === Mode.Machine && (hart.mstatus & MPRV) !== 0 ? <u32>(hart.mstatus >> 11) & 3 : mode;
  const bare = hart.satp >> 60 === 0;
  let fetchIndex = mode === Mode.Machine ? BARE_MACHINE : BARE_OTHER;
  let dataIndex = dataMode === Mode.Machine ? BARE_MACHINE : BARE_OTHER;
  if (!bare) {
    const first = hart.space * VIEWS;
    if (mode === Mode.User) {
      fetchIndex = first + View.User;
    } else if (mode === Mode.Supervisor) {
      fetchIndex = first + View.Supervisor;
    }
    if (dataMode === Mode.User) {
      dataIndex = first + View.User;
    } else if (dataMode === Mode.Supervisor) {
      dataIndex = first + ((hart.mstatus & SUM) === 0 ? View.Supervisor : View.Sum);
    }
  }
  hart.fetchTable = <u32>tableAt(hart.id, fetchIndex);
  hart.dataTable = <u32>tableAt(hart.id, dataIndex);
}

function spaceAt(hart: Hart, space: u32): usize {
  return offsetof<Hart>("satp0") + changetype<usize>(hart) + <usize>(space << 3);
}

function superAt(hart: Hart, space: u32): usize {
  return offsetof<Hart>("super0") + changetype<usize>(hart) + <usize>(space << 3);
}

function emptySpace(hart: Hart, space: u32): void {
  const tables = tableAt(hart.id, space * VIEWS);
  memory.fill(tables, 0xff, VIEWS * TABLE_BYTES);
  if (isWatching()) {
    memory.fill(tables + WATCHED_BYTES, 0xff, VIEWS * TABLE_BYTES);
  }
  store<u64>(superAt(hart, space), 0);
}

/** Switches to the tables for hart.satp: those that it had before, or the oldest ones, emptied. */
export function selectSpace(hart: Hart): void {
  const satp = hart.satp;
  if (satp >> 60 === 0) {
    return;
  }
  for (let space: u32 = 0; space < SPACES; space++) {
    if (load<u64>(spaceAt(hart, space)) === satp) {
      hart.space = space;
      return;
    }
  }
  const victim = (hart.space + 1) % SPACES;
  store<u64>(spaceAt(hart, victim), satp);
  emptySpace(hart, victim);
  hart.space = victim;
}

/** Enters into a table, for one kind of access, that `address` is in the page at linear address `page`. */
export function fillEntry(table: usize, address: u64, page: usize, tag: Tag, code: usize): void {
  const entry = Entry.of(table, address);
  const virtual = address & PAGE_MASK;
  const addend = <u32>page - <u32>virtual;
  const known =
    Entry.readTag(entry) === virtual ||
    Entry.writeTag(entry) === virtual ||
    Entry.fetchTag(entry) === virtual;
  if (!known || load<u32>(entry, 24) !== addend) {
    memory.fill(entry, 0xff, ENTRY_BYTES);
    store<u32>(entry, addend, 24);
  }
  store<u64>(entry + <usize>tag, virtual);
  if (tag === Tag.Fetch) {
    store<u32>(entry, <u32>code, 28);
  }
}

/** The second table, for pages that harts share, of one that the interpreter sees. */
export function watchedTable(table: usize): usize {
  return table + WATCHED_BYTES;
}

/** Notes that the hart's current address space has entries for parts of a superpage around `address`. */
export function noteSuperpage(hart: Hart, address: u64): void {
  const mask = superAt(hart, hart.space);
  store<u64>(mask, load<u64>(mask) | ((<u64>1) << ((address >> 30) & 63)));
}

/** Forgets a table's entry for one address, and if `wide` those for the gigabyte around it. */
function forgetIn(table: usize, address: u64, wide: bool): void {
  memory.fill(Entry.of(table, address), 0xff, ENTRY_BYTES);
  if (!wide) {
    return;
  }
  for (let index: u32 = 0; index < ENTRIES; index++) {
    const entry = table + <usize>(index * ENTRY_BYTES);
    // The tags that are set are equal, and the others are all ones.
    const tag = Entry.readTag(entry) & Entry.writeTag(entry) & Entry.fetchTag(entry);
    if ((tag ^ address) >> 30 === 0) {
      memory.fill(entry, 0xff, ENTRY_BYTES);
    }
  }
}

/** Forgets the entries of one address space's tables for one address, and for a superpage around it. */
function forgetAddress(hart: Hart, space: u32, address: u64): void {
  const wide = (load<u64>(superAt(hart, space)) & ((<u64>1) << ((address >> 30) & 63))) !== 0;
  for (let view: u32 = 0; view < VIEWS; view++) {
    const table = tableAt(hart.id, space * VIEWS + view);
    forgetIn(table, address, wide);
    if (isWatching()) {
      forgetIn(table + WATCHED_BYTES, address, wide);
    }
  }
}

/** The most pages that are forgotten one by one. For more pages, everything is forgotten. */
const PAGES_SINGLY_MAX: u64 = 64;

/**
 * Forgets a hart's translations of [address, address + size) in one address space, or (asid < 0) in all, with the global
 * ones. A size of 0 or ~0 means all of memory. For sfence.vma and SBI's remote fences. It never fails.
 */
export function flushTlb(id: u32, address: u64, size: u64, asid: i32): void {
  const hart = hartAt(id);
  forgetStale(id, address, size, asid);
  const first = address & PAGE_MASK;
  const all = size === 0 || size > PAGES_SINGLY_MAX << 12;
  const pages = all ? 0 : (address + size - first + 0xfff) >> 12;
  for (let space: u32 = 0; space < SPACES; space++) {
    const satp = load<u64>(spaceAt(hart, space));
    if (satp === 0) {
      continue;
    }
    if (asid >= 0 && (<u32>(satp >> 44) & 0xffff) !== <u32>asid) {
      continue;
    }
    if (all) {
      emptySpace(hart, space);
    } else {
      for (let page: u64 = 0; page < pages; page++) {
        forgetAddress(hart, space, first + (page << 12));
      }
    }
  }
}

/**
 * Empties every table of a hart, the untranslated ones too. Nothing looks at the second tables while nothing is watched, and
 * chaos that begins empties all of them, so their memory stays untouched without chaos.
 */
export function emptyTables(id: u32): void {
  memory.fill(tableAt(id, 0), 0xff, isWatching() ? <usize>TABLES_BYTES : WATCHED_BYTES);
  forgetStale(id, 0, 0, -1);
  const hart = hartAt(id);
  for (let space: u32 = 0; space < SPACES; space++) {
    store<u64>(superAt(hart, space), 0);
  }
}

/**
 * From now on, every hart's writes to the page at linear address `page`, and with `reads` its reads too, go through access.ts.
 * The second tables need no look: accesses that they answer are out of line already.
 */
export function revokeAccess(page: usize, reads: bool): void {
  for (let id: u32 = 0; id < hartCount(); id++) {
    const first = tableAt(id, 0);
    for (let entry = first; entry < first + WATCHED_BYTES; entry += ENTRY_BYTES) {
      // The tags that are set are equal, and the others are all ones.
      if (Entry.linear(entry, Entry.readTag(entry) & Entry.writeTag(entry)) === page) {
        store<u64>(entry, ~0, 8);
        if (reads) {
          store<u64>(entry, ~0);
        }
      }
    }
  }
}

/** Removes the decoded page `code`, or (0) every decoded page, from every hart's tables. */
export function revokeFetches(code: usize): void {
  for (let id: u32 = 0; id < hartCount(); id++) {
    const first = tableAt(id, 0);
    for (let entry = first; entry < first + WATCHED_BYTES; entry += ENTRY_BYTES) {
      if (code === 0 || Entry.code(entry) === code) {
        store<u64>(entry, ~0, 16);
      }
    }
  }
}
