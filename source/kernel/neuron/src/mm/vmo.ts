/**
 * Memory objects: a number of pages in one piece, so that a device can be told of any part of them with one address.
 * References are counted: one for each capability, each mapping, each pin of a device. With the last one the pages go.
 * Reached from syscall/memory.ts, lifecycle/memory.ts and lifecycle/reap.ts; goes on in mm/frames.ts.
 */
import { FRAME_BYTES, FRAME_SHIFT, giveFrames, takeDirtyFrames } from "./frames";
import { NO_OBJECT, Pool } from "./pool";

/** Memory objects in the system. */
export const VMOS_MAX: u32 = 256;
/** Pages that are zeroed in one go, with interrupts off. */
export const ZERO_PAGES_MAX: u32 = 8;
/** The largest memory object. */
export const VMO_BYTES_MAX: u32 = 0x0400_0000;

@unmanaged
@final
export class Vmo {
  /** Physical address, which is the kernel's address as well. */
  base: u32;
  pages: u32;
  /** Atomic. */
  references: u32;
  /** Part of the kernel's image: its pages are never given back. */
  permanent: u32;
  /** Pages that are zeroed, the first ones. No capability names an object before all are. */
  zeroed: u32;
}

const pool: usize = memory.data(32, 8);
const table: usize = memory.data(VMOS_MAX * offsetof<Vmo>(), 8);

export function vmosInit(): void {
  changetype<Pool>(pool).init(table, offsetof<Vmo>(), VMOS_MAX);
}

export function vmoAt(index: u32): Vmo {
  return changetype<Vmo>(changetype<Pool>(pool).addressOf(index));
}

/** A new object of `bytes`, zeroed in one go: for the few pages that the kernel itself wants. As `beginVmo` otherwise. */
export function createVmo(bytes: u32): u32 {
  const index = beginVmo(bytes);
  if (index !== NO_OBJECT) while (!zeroMore(index)) {}
  return index;
}

/** Zeroes the next pages of an object. True when all are. */
export function zeroMore(index: u32): bool {
  const vmo = vmoAt(index);
  const pages = min<u32>(vmo.pages - vmo.zeroed, ZERO_PAGES_MAX);
  memory.fill(vmo.base + (vmo.zeroed << FRAME_SHIFT), 0, pages << FRAME_SHIFT);
  vmo.zeroed += pages;
  return vmo.zeroed === vmo.pages;
}

/**
 * A new object of `bytes` (1 to VMO_BYTES_MAX, rounded up to pages) with one reference, or NO_OBJECT. It still has to be zeroed
 * before anyone sees it.
 */
export function beginVmo(bytes: u32): u32 {
  const index = changetype<Pool>(pool).take();
  if (index === NO_OBJECT) return NO_OBJECT;
  const pages = (bytes + FRAME_BYTES - 1) >> FRAME_SHIFT;
  const base = takeDirtyFrames(pages);
  if (base === 0) {
    changetype<Pool>(pool).give(index);
    return NO_OBJECT;
  }
  const vmo = vmoAt(index);
  vmo.base = base;
  vmo.pages = pages;
  vmo.references = 1;
  return index;
}

/** An object over pages of the kernel's image, which stay; with one reference. Boot only. */
export function createPermanentVmo(base: usize, bytes: u32): u32 {
  const index = changetype<Pool>(pool).take();
  if (index === NO_OBJECT) return NO_OBJECT;
  const vmo = vmoAt(index);
  vmo.base = <u32>base;
  vmo.pages = (bytes + FRAME_BYTES - 1) >> FRAME_SHIFT;
  vmo.references = 1;
  vmo.permanent = 1;
  return index;
}

export function retainVmo(index: u32): void {
  atomic.add<u32>(changetype<usize>(vmoAt(index)) + offsetof<Vmo>("references"), 1);
}

export function releaseVmo(index: u32): void {
  const vmo = vmoAt(index);
  if (atomic.sub<u32>(changetype<usize>(vmo) + offsetof<Vmo>("references"), 1) !== 1) return;
  if (vmo.permanent === 0) giveFrames(vmo.base, vmo.pages);
  changetype<Pool>(pool).give(index);
}
