/**
 * Which pages of RAM harts share, for the kinds of chaos that care (chaos.ts).
 *
 * A page is private to the first hart that accesses it, and accesses to it stay inline. When a second hart accesses it,
 * and one of the two has written, the page is shared for good: no hart keeps an entry for it. So every access to it is
 * executed out of line, goes through the store buffer, and is a point where the turn can end. Devices count as one more
 * hart. At the moment when a page becomes shared, all buffers drain: stores to a private page went to memory at once, and
 * other harts must not see them before older stores that are still buffered.
 */

import { PAGE_SHIFT, RAM_START, ramBase, shape } from "../layout";
import { revokeAccess } from "../memory/tlb";
import { isWatching } from "./chaos";
import { drainEverything } from "./store-buffer";

/** The bit that stands for all devices. */
const DEVICE_BIT: u32 = 15;
const WRITERS_SHIFT: u32 = 16;
const SHARED: u32 = 0x8000_0000;

/**
 * A word a page:
 *
 *     31       30      16        15        0
 *     | shared | writers          | readers |
 */
function sharersAt(page: u32): usize {
  return <usize>(shape().pageSharers + (page << 2));
}

/** Forgets which hart accessed which page. */
export function resetSharing(): void {
  memory.fill(<usize>shape().pageSharers, 0, (shape().ramBytes >> PAGE_SHIFT) << 2);
}

/** Notes an access to the page of a physical address in RAM; true if the page is shared. `id`: a hart, or any other number. */
export function noteAccess(physical: u64, id: u32, writes: bool): bool {
  const page = <u32>((physical - RAM_START) >> PAGE_SHIFT);
  const at = sharersAt(page);
  const before = load<u32>(at);
  if ((before & SHARED) !== 0) {
    return true;
  }
  const bit: u32 = 1 << (id < DEVICE_BIT ? id : DEVICE_BIT - 1);
  const after = before | (writes ? bit << WRITERS_SHIFT : bit);
  if (after === before) {
    return false;
  }
  const writers = (after >> WRITERS_SHIFT) & 0x7fff;
  const all = writers | (after & 0x7fff);
  if (writers === 0 || (all & (all - 1)) === 0) {
    store<u32>(at, after);
    return false;
  }
  store<u32>(at, after | SHARED);
  revokeAccess(ramBase() + ((<usize>page) << PAGE_SHIFT), true);
  drainEverything();
  return true;
}

/** Notes that a device or firmware accesses [address, address + bytes) of RAM. */
export function noteDevice(address: u64, bytes: u64, writes: bool): void {
  if (!isWatching() || bytes === 0) {
    return;
  }
  const last = address + bytes - 1;
  for (let at = address; at >> PAGE_SHIFT <= last >> PAGE_SHIFT; at += 4096) {
    noteAccess(at, DEVICE_BIT, writes);
  }
}
