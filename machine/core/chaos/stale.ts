/**
 * Stale translations, for Chaos.StaleTranslation: they stay when the page tables change, until an sfence.vma.
 *
 * Each hart keeps the page table entries that its walks found, and those of neighbouring pages, which hardware may fetch
 * ahead. An entry is found by the page's number and the ASID alone. Until sfence.vma names it, a walk is answered from
 * here, with what the tables said when it was kept. Now and then an entry is dropped without cause, so a kernel cannot
 * rely on stale entries either.
 */

import { HARTS_MAX } from "../layout";
import { Chaos, chance, isChaos } from "./chaos";

const ENTRIES: u32 = 512;

/**
 *     0       8       16     20      22       24
 *     | page  | entry | asid | level | global |
 *
 * `page` is the virtual page's number plus one, 0 if the slot is empty.
 */
@unmanaged
@final
export class Stale {
  page: u64;
  entry: u64;
  asid: u32;
  level: u16;
  global: u16;
}

const ENTRY_BYTES: u32 = 24;
const STALE: usize = memory.data(98304, 8);
if (HARTS_MAX * ENTRIES * ENTRY_BYTES !== 98304) {
  ERROR("every hart has its entries");
}

const GLOBAL: u64 = 32;

function slot(id: u32, index: u32): Stale {
  return changetype<Stale>(STALE + <usize>((id * ENTRIES + index) * ENTRY_BYTES));
}

/** The number of an address's page, from the bits of a canonical address only. */
function pageOf(address: u64): u64 {
  return ((address << 25) >> 37) + 1;
}

function asidOf(satp: u64): u32 {
  return <u32>(satp >> 44) & 0xffff;
}

/** What hart `id` remembers of an address under `satp`, or null. */
export function findStale(id: u32, address: u64, satp: u64): Stale | null {
  if (!isChaos(Chaos.StaleTranslation)) {
    return null;
  }
  const page = pageOf(address);
  const found = slot(id, <u32>page % ENTRIES);
  if (found.page !== page) {
    return null;
  }
  if (found.global === 0 && found.asid !== asidOf(satp)) {
    return null;
  }
  if (chance(7)) {
    found.page = 0;
    return null;
  }
  return found;
}

/** Remembers the entry at which a walk for an address ended: a leaf, or an invalid one. */
export function keepStale(id: u32, address: u64, satp: u64, entry: u64, level: u32): void {
  if (!isChaos(Chaos.StaleTranslation)) {
    return;
  }
  if ((entry & 1) === 0 && !isChaos(Chaos.StaleFaults)) {
    return;
  }
  const page = pageOf(address);
  const free = slot(id, <u32>page % ENTRIES);
  free.page = page;
  free.entry = entry;
  free.asid = asidOf(satp);
  free.level = <u16>level;
  free.global = (entry & GLOBAL) !== 0 ? 1 : 0;
}

/** Forgets everything: for a machine that starts. */
export function resetStale(): void {
  memory.fill(STALE, 0, <usize>(HARTS_MAX * ENTRIES * ENTRY_BYTES));
}

/** Forgets the range that flushTlb() in tlb.ts was given. Global entries are forgotten only if no address space is named. */
export function forgetStale(id: u32, address: u64, size: u64, asid: i32): void {
  if (!isChaos(Chaos.StaleTranslation)) {
    return;
  }
  const all = size === 0 || size === ~0;
  for (let index: u32 = 0; index < ENTRIES; index++) {
    const entry = slot(id, index);
    if (entry.page === 0) {
      continue;
    }
    if (asid >= 0 && (entry.global !== 0 || entry.asid !== <u32>asid)) {
      continue;
    }
    // Any address within a superpage names all of it.
    const shift = <u64>(9 * <u32>entry.level);
    const first = (pageOf(address) - 1) >> shift;
    const last = (pageOf(address + size - 1) - 1) >> shift;
    const page = (entry.page - 1) >> shift;
    if (all || (page >= first && page <= last)) {
      entry.page = 0;
    }
  }
}
