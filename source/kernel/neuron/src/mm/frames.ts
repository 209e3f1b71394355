/**
 * Page frames: a buddy allocator over the RAM that boot/memory.ts hands in. Free memory is kept in blocks of 2^order
 * frames, each aligned to its size; a block that is given back joins its buddy if that is free as well, so memory does
 * not crumble. The kernel can address all of RAM, so the lists run through the free frames themselves.
 *
 *   free block   0 next │ 4 previous     kernel addresses, 0 at the ends
 *   `states`     a byte a frame: 1 + order where a free block begins, 0 everywhere else
 */
import { LOCK_BYTES, Lock } from "../sync/lock";
import { Rank } from "../sync/order";

export const FRAME_BYTES: u32 = 4096;
export const FRAME_SHIFT: u32 = 12;
/** RAM that the kernel can address: 1 GiB from here. */
export const RAM_BASE: u32 = 0x8000_0000;
export const RAM_END: u32 = 0xc000_0000;
/** The largest block is 2^ORDER_MAX frames: 64 MiB. */
export const ORDER_MAX: u32 = 14;

const FRAMES_MAX: u32 = (RAM_END - RAM_BASE) >> FRAME_SHIFT;
if ((FRAMES_MAX & ((1 << ORDER_MAX) - 1)) !== 0) {
  ERROR("the last block's buddy is beyond the end of RAM");
}

const lock = changetype<Lock>(memory.data(LOCK_BYTES, 8));
const heads: usize = memory.data((ORDER_MAX + 1) * 4, 4);
let states: usize = 0;
let freeCount: u32 = 0;

/** Bytes that the allocator needs for itself, frame-aligned. */
export const FRAME_STATES_BYTES: u32 = FRAMES_MAX;

@unmanaged
@final
class FreeBlock {
  next: u32;
  previous: u32;
}

/** Prepares an empty allocator; its states go to the FRAME_STATES_BYTES at `statesAddress`. Once, at boot. */
export function framesInit(statesAddress: usize): void {
  lock.init(Rank.Frames);
  states = statesAddress;
  memory.fill(states, 0, FRAME_STATES_BYTES);
}

function indexOf(address: u32): u32 {
  return (address - RAM_BASE) >> FRAME_SHIFT;
}

/** The lock is held. */
function link(address: u32, order: u32): void {
  const head = heads + (order << 2);
  const block = changetype<FreeBlock>(address);
  const next = load<u32>(head);
  block.next = next;
  block.previous = 0;
  if (next !== 0) {
    changetype<FreeBlock>(next).previous = address;
  }
  store<u32>(head, address);
  store<u8>(states + indexOf(address), <u8>(order + 1));
}

/** The lock is held. */
function unlink(address: u32, order: u32): void {
  const block = changetype<FreeBlock>(address);
  if (block.previous !== 0) {
    changetype<FreeBlock>(block.previous).next = block.next;
  } else {
    store<u32>(heads + (order << 2), block.next);
  }
  if (block.next !== 0) {
    changetype<FreeBlock>(block.next).previous = block.previous;
  }
  store<u8>(states + indexOf(address), 0);
}

/** Frees a block of 2^order frames, joining it with its buddies. The lock is held. */
function freeBlock(start: u32, startOrder: u32): void {
  let address = start;
  let order = startOrder;
  freeCount += 1 << order;
  while (order < ORDER_MAX) {
    const buddy = RAM_BASE + ((address - RAM_BASE) ^ (FRAME_BYTES << order));
    if (<u32>load<u8>(states + indexOf(buddy)) !== order + 1) {
      break;
    }
    unlink(buddy, order);
    if (buddy < address) {
      address = buddy;
    }
    order++;
  }
  link(address, order);
}

/** Frees `count` frames from `start`, in the largest aligned blocks. */
export function freeFrames(start: u32, count: u32): void {
  lock.acquire();
  let address = start;
  let left = count;
  while (left > 0) {
    let order: u32 = 0;
    while (
      order < ORDER_MAX &&
      2 << order <= <i32>left &&
      ((address - RAM_BASE) & ((FRAME_BYTES << (order + 1)) - 1)) === 0
    ) {
      order++;
    }
    freeBlock(address, order);
    address += FRAME_BYTES << order;
    left -= 1 << order;
  }
  lock.release();
}

/** Allocates `count` frames in one piece, zeroed. As `allocDirtyFrames` otherwise. */
export function allocFrames(count: u32): u32 {
  const address = allocDirtyFrames(count);
  if (address !== 0) {
    memory.fill(address, 0, count * FRAME_BYTES);
  }
  return address;
}

/**
 * Allocates `count` frames in one piece, and does not zero them. Returns the address, which is physical and the
 * kernel's at once, or 0 where no piece of that size is free.
 */
export function allocDirtyFrames(count: u32): u32 {
  if (count === 0 || count > 1 << ORDER_MAX) {
    return 0;
  }
  let order: u32 = 0;
  while (1 << order < <i32>count) {
    order++;
  }

  lock.acquire();
  let from = order;
  while (from <= ORDER_MAX && load<u32>(heads + (from << 2)) === 0) {
    from++;
  }
  if (from > ORDER_MAX) {
    lock.release();
    return 0;
  }
  const address = load<u32>(heads + (from << 2));
  unlink(address, from);
  while (from > order) {
    from--;
    link(address + (FRAME_BYTES << from), from);
  }
  freeCount -= 1 << order;
  lock.release();

  // What the rounding up took too much goes back at once.
  const surplus = (1 << order) - count;
  if (surplus > 0) {
    freeFrames(address + count * FRAME_BYTES, surplus);
  }
  return address;
}

/** Frames that are free, for information. */
export function freeFrameCount(): u32 {
  return freeCount;
}
