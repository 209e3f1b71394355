/**
 * The kernel's own map, W^X: text executable, read-only data readable, the rest of RAM readable and writable, devices
 * never executable. Root entry 510 is RAM at its own address, 511 the device window; both tables are shared by every
 * address space.
 *
 *   0x8000_0000  firmware                    not mapped
 *   0x8020_0000  kernel image                4 KiB pages: text R X │ rodata R │ data, stacks R W │ bundle R
 *                guard page below each stack not mapped
 *   … end of RAM                             2 MiB pages R W
 *   0xc000_0000 + physical address           4 KiB pages R W, only what the device tree names
 */

import { HARTS_MAX, KERNEL_STACK_BYTES, PANIC_STACK_BYTES, STACK_GUARD_BYTES } from "../arch/riscv/frame";
import {
  DEVICE_WINDOW,
  MEGAPAGE_BYTES,
  PageTable,
  PTE_AD,
  PTE_G,
  PTE_R,
  PTE_W,
  PTE_X,
  ROOT_DEVICES,
  ROOT_RAM,
  tableIndex,
} from "../arch/riscv/paging";
import { enterFirstSpace, satpOf } from "../arch/riscv/satp";
import {
  __bundle_end,
  __bundle_start,
  __data_start,
  __kernel_end,
  __rodata_end,
  __rodata_start,
  __text_end,
  __text_start,
  kernelSatp,
  kernelStacks,
  panicStacks,
} from "../arch/riscv/symbols";
import { allocFrames, FRAME_BYTES, RAM_BASE } from "./frames";

/** Device registers end below this physical address: the window holds 1 GiB. */
export const DEVICE_END: u64 = 0x4000_0000;

const READ: u64 = PTE_R | PTE_G | PTE_AD;
const READ_WRITE: u64 = PTE_R | PTE_W | PTE_G | PTE_AD;
const READ_EXECUTE: u64 = PTE_R | PTE_X | PTE_G | PTE_AD;

let root: u32 = 0;

export function kernelRoot(): PageTable {
  return changetype<PageTable>(root);
}

/** A table of the kernel's map. Boot only: without memory for it there is nothing to go on with. */
function newTable(): u32 {
  const frame = allocFrames(1);
  assert(frame !== 0);
  return frame;
}

/** The level-0 table for the 2 MiB around `address`, made if it is missing. */
function pagesAround(middle: PageTable, address: u32): PageTable {
  const entry = middle.entry(tableIndex(address, 1));
  if (!entry.valid) {
    entry.set(newTable(), 0);
  }
  return entry.table;
}

function mapRange(middle: PageTable, from: usize, to: usize, flags: u64): void {
  for (let at = <u32>from; at < <u32>to; at += FRAME_BYTES) {
    pagesAround(middle, at).entry(tableIndex(at, 0)).set(at, flags);
  }
}

function unmapPage(middle: PageTable, at: u32): void {
  pagesAround(middle, at).entry(tableIndex(at, 0)).clear();
}

/** Builds the map for RAM up to `ramEnd` (exclusive, in the kernel's window). Boot hart, once. */
export function buildKernelMap(ramEnd: u32): void {
  root = newTable();
  const middle = changetype<PageTable>(newTable());
  kernelRoot()
    .entry(ROOT_RAM)
    .set(<u32>changetype<usize>(middle), 0);
  kernelRoot().entry(ROOT_DEVICES).set(newTable(), 0);

  mapRange(middle, __text_start(), __text_end(), READ_EXECUTE);
  mapRange(middle, __rodata_start(), __rodata_end(), READ);
  mapRange(middle, __data_start(), __kernel_end(), READ_WRITE);
  mapRange(middle, __bundle_start(), __bundle_end(), READ);
  for (let hart: u32 = 0; hart < HARTS_MAX; hart++) {
    unmapPage(middle, <u32>kernelStacks() + hart * (STACK_GUARD_BYTES + KERNEL_STACK_BYTES));
    unmapPage(middle, <u32>panicStacks() + hart * (STACK_GUARD_BYTES + PANIC_STACK_BYTES));
  }

  const imageEnd = (<u32>__kernel_end() + MEGAPAGE_BYTES - 1) & ~(MEGAPAGE_BYTES - 1);
  // The rest of the image's last 2 MiB is ordinary RAM.
  mapRange(middle, (__kernel_end() + FRAME_BYTES - 1) & ~(FRAME_BYTES - 1), imageEnd, READ_WRITE);
  for (let at = imageEnd; at < ramEnd; at += MEGAPAGE_BYTES) {
    middle.entry(tableIndex(at, 1)).set(at, READ_WRITE);
  }
  assert(imageEnd > RAM_BASE);
}

/** Maps a device's registers (physical, below DEVICE_END, whole pages) and returns the kernel's address of them. */
export function mapKernelDevice(physical: u32, bytes: u32): usize {
  const middle = kernelRoot().entry(ROOT_DEVICES).table;
  for (let offset: u32 = 0; offset < bytes; offset += FRAME_BYTES) {
    const at = DEVICE_WINDOW + physical + offset;
    pagesAround(middle, at)
      .entry(tableIndex(at, 0))
      .set(physical + offset, READ_WRITE);
  }
  return DEVICE_WINDOW + physical;
}

/** The kernel's own satp: what idle harts use. */
export function kernelSpaceSatp(): u64 {
  return satpOf(root, 0);
}

/** Puts the kernel's map in force on the boot hart, and leaves its satp for the others (entry.S). */
export function activateKernelMap(): void {
  store<u64>(kernelSatp(), enterFirstSpace(root));
}
