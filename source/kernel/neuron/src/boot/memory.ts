/**
 * Which RAM is free: what the device tree calls memory, without the firmware, the kernel's image, the device tree
 * itself and what the tree reserves (/reserved-memory and the memory reservation block).
 */
import { NONE } from "fdt/format";
import { Tree } from "fdt/reader";
import { __kernel_end } from "../arch/riscv/symbols";
import {
  FRAME_BYTES,
  FRAME_STATES_BYTES,
  framesInit,
  freeFrameCount,
  freeFrames,
  RAM_BASE,
} from "../mm/frames";
import { devices, tree, usableRamEnd } from "./devices";

/** Frames that the kernel's own page tables may take. What the first task needs is asked for when it is made. */
const KERNEL_FRAMES_MIN: u32 = 128;
/** Ranges that are kept out of the free memory. */
const RESERVED_MAX: u32 = 32;

/** {from, to}, frame-aligned, sorted by `from`. */
const ranges: usize = memory.data(RESERVED_MAX * 8, 8);
let count: u32 = 0;

function fromOf(index: u32): u32 {
  return load<u32>(ranges + (index << 3));
}

function toOf(index: u32): u32 {
  return load<u32>(ranges + (index << 3) + 4);
}

/** Keeps `bytes` from `address` out. Parts outside of usable RAM do not matter. False when the table is full. */
function reserve(address: u64, bytes: u64): bool {
  const end = <u64>usableRamEnd();
  if (bytes === 0 || address >= end) {
    return true;
  }
  const last = bytes > end - address ? end : address + bytes;
  if (last <= <u64>RAM_BASE) {
    return true;
  }
  if (count === RESERVED_MAX) {
    return false;
  }
  const from = address < <u64>RAM_BASE ? RAM_BASE : <u32>address & ~(FRAME_BYTES - 1);
  const to = <u32>((last + FRAME_BYTES - 1) & ~(<u64>FRAME_BYTES - 1));
  let at = count;
  while (at > 0 && fromOf(at - 1) > from) {
    store<u64>(ranges + (at << 3), load<u64>(ranges + ((at - 1) << 3)));
    at--;
  }
  store<u32>(ranges + (at << 3), from);
  store<u32>(ranges + (at << 3) + 4, to);
  count++;
  return true;
}

function reserveTreeRanges(t: Tree): bool {
  for (let i: u32 = 0; i < t.reservationCount; i++) {
    if (!reserve(t.reservationAddress(i), t.reservationSize(i))) {
      return false;
    }
  }
  const parent = t.find("/reserved-memory");
  if (parent === NONE) {
    return true;
  }
  for (let node = t.firstChild(parent); node !== NONE; node = t.nextSibling(node)) {
    const pairs = t.regCount(parent, node);
    for (let i: u32 = 0; i < pairs; i++) {
      if (!reserve(t.regAddress(parent, node, i), t.regSize(parent, node, i))) {
        return false;
      }
    }
  }
  return true;
}

/** Hands the free RAM to mm/frames.ts. `treeAddress` is where the device tree lies. Null, or what is wrong. */
export function memoryInit(treeAddress: usize): string | null {
  const end = usableRamEnd();
  const imageEnd = <u32>__kernel_end();
  // Everything below the kernel is the firmware's. Behind the image come the allocator's own bytes.
  const states = imageEnd;
  if (end <= imageEnd || end - imageEnd < FRAME_STATES_BYTES) {
    return "too little memory";
  }
  reserve(RAM_BASE, imageEnd - RAM_BASE + FRAME_STATES_BYTES);
  reserve(treeAddress, devices().treeBytes);
  if (!reserveTreeRanges(tree())) {
    return "too many reserved ranges";
  }

  framesInit(states);
  let at = RAM_BASE;
  for (let i: u32 = 0; i < count; i++) {
    if (fromOf(i) > at) {
      freeFrames(at, (fromOf(i) - at) / FRAME_BYTES);
    }
    if (toOf(i) > at) {
      at = toOf(i);
    }
  }
  if (at < end) {
    freeFrames(at, (end - at) / FRAME_BYTES);
  }
  return freeFrameCount() < KERNEL_FRAMES_MIN ? "too little memory" : null;
}
