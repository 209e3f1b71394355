/**
 * Sv39 (privileged ISA 4.4): three levels of tables of 512 entries.
 *
 *   virtual address  │ sign │ VPN[2] 38:30 │ VPN[1] 29:21 │ VPN[0] 20:12 │ offset 11:0 │
 *   entry            │ 0 │ PPN 53:10 │ RSW 9:8 │ D A G U X W R V │
 *
 * A guest address is a u32 whose sign extension is the virtual address, so root entries 0 and 1 are user space, 510 and
 * 511 the kernel, and nothing between is ever valid: the toolchain's 64-bit address arithmetic rests on that
 * (docs/toolchain.md).
 */
export const PTE_V: u64 = 1;
export const PTE_R: u64 = 2;
export const PTE_W: u64 = 4;
export const PTE_X: u64 = 8;
export const PTE_U: u64 = 16;
export const PTE_G: u64 = 32;
/** Accessed and dirty are set in advance: hardware may fault where they are not (Svade). */
export const PTE_AD: u64 = 0xc0;

/** Where an entry's page number begins. */
const PPN_SHIFT: u64 = 10;
export const TABLE_ENTRIES: u32 = 512;
/** Entries of a level-1 table that stand for one bit of `filledGroups`. */
export const ENTRIES_A_GROUP: u32 = 16;
export const PAGE_SHIFT: u32 = 12;
/** Bytes that one entry of a level-1 table maps. */
export const MEGAPAGE_BYTES: u32 = 0x20_0000;

/** Root entries that user space fills. */
export const ROOT_USER_ENTRIES: u32 = 2;
/**
 * Root entries, never valid, that say which groups of a user entry's table have had a table of their own: one for each
 * user entry. What is in an invalid entry is software's (privileged ISA 4.3.1).
 */
const ROOT_FILLED: u32 = ROOT_USER_ENTRIES;
/** Bit 0 of such an entry is V, and stays 0. */
const FILLED_SHIFT: u64 = 1;
/** Root entry of RAM: 0x8000_0000 and up. */
export const ROOT_RAM: u32 = 510;
/** Root entry of devices: 0xc000_0000 + physical address. */
export const ROOT_DEVICES: u32 = 511;
/** Added to the physical address of a device below 1 GiB to get the kernel's address. */
export const DEVICE_WINDOW: u32 = 0xc000_0000;

/** One page-table entry; `this` is its address. */
@unmanaged
@final
export class Pte {
  private bits: u64;

  get valid(): bool {
    return (this.bits & PTE_V) !== 0;
  }

  /** A valid entry that maps memory; a valid entry that is no leaf points to the next table. */
  get leaf(): bool {
    return (this.bits & (PTE_R | PTE_W | PTE_X)) !== 0;
  }

  get flags(): u64 {
    return this.bits & 0x3ff;
  }

  /** The physical address. All of RAM that this kernel uses lies below 4 GiB. */
  get address(): u32 {
    return <u32>((this.bits >> PPN_SHIFT) << PAGE_SHIFT);
  }

  /** The next table, as a kernel address: RAM's physical address is its kernel address. */
  get table(): PageTable {
    return changetype<PageTable>(this.address);
  }

  set(physical: u32, flags: u64): void {
    this.bits = ((<u64>physical >> PAGE_SHIFT) << PPN_SHIFT) | flags | PTE_V;
  }

  clear(): void {
    this.bits = 0;
  }
}

/** A table of 512 entries; `this` is its address. */
@unmanaged
@final
export class PageTable {
  private first: u64;

  /** Entry `index`, below TABLE_ENTRIES. */
  entry(index: u32): Pte {
    return changetype<Pte>(changetype<usize>(this) + (index << 3));
  }

  /** Fills `count` entries from `index` on, for pages that follow each other from `physical`. */
  fill(index: u32, count: u32, physical: u32, flags: u64): void {
    let entry = changetype<usize>(this.entry(index));
    let bits = ((<u64>physical >> PAGE_SHIFT) << PPN_SHIFT) | flags | PTE_V;
    const end = entry + (count << 3);
    while (entry !== end) {
      store<u64>(entry, bits);
      bits += (<u64>1) << PPN_SHIFT;
      entry += 8;
    }
  }

  /** Clears `count` entries from `index` on. */
  clear(index: u32, count: u32): void {
    let entry = changetype<usize>(this.entry(index));
    const end = entry + (count << 3);
    while (entry !== end) {
      store<u64>(entry, 0);
      entry += 8;
    }
  }

  /** For a root: bit per ENTRIES_A_GROUP entries, in the table of user entry `index`, of which one was ever filled. */
  filledGroups(index: u32): u64 {
    return load<u64>(this.filledAt(index)) >> FILLED_SHIFT;
  }

  /** For a root: an entry of level 1 for the user's `address` is filled. */
  noteFilled(address: u32): void {
    const at = this.filledAt(tableIndex(address, 2));
    const group = tableIndex(address, 1) / ENTRIES_A_GROUP;
    store<u64>(at, load<u64>(at) | (((<u64>1) << group) << FILLED_SHIFT));
  }

  /** The tables of a group are gone. */
  forgetFilled(index: u32, group: u32): void {
    const at = this.filledAt(index);
    store<u64>(at, load<u64>(at) & ~(((<u64>1) << group) << FILLED_SHIFT));
  }

  private filledAt(index: u32): usize {
    return changetype<usize>(this.entry(ROOT_FILLED + index));
  }
}

/** The index at `level` (2 is the root) of the sign-extended address. */
export function tableIndex(address: u32, level: u32): u32 {
  return <u32>(<i64>(<i32>address) >> (PAGE_SHIFT + 9 * level)) & (TABLE_ENTRIES - 1);
}

/** The entry that maps `address`, or null where a table on the way is missing. Megapage leaves are returned as such. */
export function walk(root: PageTable, address: u32): Pte | null {
  let table = root;
  for (let level: u32 = 2; level > 0; level--) {
    const entry = table.entry(tableIndex(address, level));
    if (!entry.valid) {
      return null;
    }
    if (entry.leaf) {
      return entry;
    }
    table = entry.table;
  }
  const entry = table.entry(tableIndex(address, 0));
  return entry.valid ? entry : null;
}
