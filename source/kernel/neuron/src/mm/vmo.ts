/**
 * Memory objects: a number of pages in one piece, so that a device can be told of any part of them with one address.
 * References are counted: one for each capability, each mapping, each pin of a device. With the last one the pages go.
 * Reached from syscall/memory.ts, lifecycle/memory.ts and lifecycle/reap.ts; goes on in mm/frames.ts.
 */
import { Resource } from "abi/job";
import { giveBack, Job } from "../job/job";
import { AtomicWord } from "../sync/atomic";
import { allocDirtyFrames, FRAME_BYTES, FRAME_SHIFT, freeFrames } from "./frames";
import { POOL_BYTES, Pool } from "./pool";

/** Memory objects in the system. */
export const VMOS_MAX: u32 = 1024;
/** Pages that are zeroed in one go, with interrupts off. */
export const ZERO_PAGES_MAX: u32 = 6;
/** The largest memory object. */
export const VMO_BYTES_MAX: u32 = 0x0400_0000;

@unmanaged
@final
export class Vmo {
  /** Physical address, which is the kernel's address as well. */
  base: u32;
  pages: u32;
  private references0: u32;
  /** Pages that are zeroed, the first ones. No capability names an object before all are. */
  zeroed: u32;
  /** What it is charged to; null for a part of the kernel's image, whose pages are never given back. */
  job: Job | null;

  get references(): AtomicWord {
    return changetype<AtomicWord>(changetype<usize>(this) + offsetof<Vmo>("references0"));
  }
}

const pool = changetype<Pool>(memory.data(POOL_BYTES, 8));
const table: usize = memory.data(VMOS_MAX * <u32>offsetof<Vmo>(), 8);

export function vmosInit(): void {
  const bytes = <u32>offsetof<Vmo>();
  pool.init(table, bytes, VMOS_MAX, bytes);
}

/**
 * A new object of `bytes`, zeroed in one go: for the few pages that the kernel itself wants. As `beginVmo` otherwise.
 */
export function createVmo(job: Job, bytes: u32): Vmo | null {
  const vmo = beginVmo(job, bytes);
  if (vmo !== null) {
    while (!zeroMore(vmo)) {}
  }
  return vmo;
}

/** Zeroes the next pages of an object. True when all are. */
export function zeroMore(vmo: Vmo): bool {
  const pages = min<u32>(vmo.pages - vmo.zeroed, ZERO_PAGES_MAX);
  memory.fill(vmo.base + (vmo.zeroed << FRAME_SHIFT), 0, pages << FRAME_SHIFT);
  vmo.zeroed += pages;
  return vmo.zeroed === vmo.pages;
}

/** Pages of an object of `bytes`. */
export function vmoPages(bytes: u32): u32 {
  return (bytes + FRAME_BYTES - 1) >> FRAME_SHIFT;
}

/**
 * A new object of `bytes` (1 to VMO_BYTES_MAX, rounded up to pages) with one reference; null without memory or when all
 * objects are in use. It still has to be zeroed before any task sees it. It was charged to `job`; if there is none, that
 * is given back.
 */
export function beginVmo(job: Job, bytes: u32): Vmo | null {
  const pages = vmoPages(bytes);
  const vmo = changetype<Vmo | null>(pool.alloc());
  if (vmo !== null) {
    const base = allocDirtyFrames(pages);
    if (base !== 0) {
      vmo.job = job;
      vmo.base = base;
      vmo.pages = pages;
      vmo.references.value = 1;
      return vmo;
    }
    pool.free(changetype<usize>(vmo));
  }
  giveBack(job, Resource.Vmos, pages);
  return null;
}

/** An object over pages of the kernel's image, which are never freed; with one reference. Boot only. */
export function createPermanentVmo(base: usize, bytes: u32): Vmo {
  const vmo = changetype<Vmo>(pool.alloc());
  vmo.base = <u32>base;
  vmo.pages = vmoPages(bytes);
  vmo.references.value = 1;
  return vmo;
}

export function retainVmo(vmo: Vmo): void {
  vmo.references.add(1);
}

export function releaseVmo(vmo: Vmo): void {
  if (vmo.references.subtract(1) !== 1) {
    return;
  }
  const job = vmo.job;
  const pages = vmo.pages;
  if (job !== null) {
    freeFrames(vmo.base, pages);
  }
  pool.free(changetype<usize>(vmo));
  // Last, so that what is not charged is there.
  if (job !== null) {
    giveBack(job, Resource.Vmos, pages);
  }
}
