/**
 * Where everything of the machine lies in linear memory.
 *
 *   0           static data of this module: harts, devices, small tables
 *   tables      the harts' translation tables (tlb.ts)
 *   code        decoded pages (code.ts)
 *   pages       a few words for each page of RAM (code.ts, sharing.ts)
 *   ram         guest RAM, physical 0x8000_0000 upwards
 *
 * The one idea: all state that outlives an instruction is in this memory, none in Wasm globals or on a heap, so
 * that a snapshot of the machine is a copy of it. The values below are set once, by create(), and are the same
 * for every machine of the same shape.
 */

/** The most harts a machine can have. */
export const HARTS_MAX: u32 = 8;

/** Physical address of the first byte of RAM. */
export const RAM_START: u64 = 0x8000_0000;

/** Bytes and address bits of a page. */
export const PAGE_BYTES: u32 = 4096;
export const PAGE_SHIFT: u32 = 12;

/** The most RAM a machine can have: what is left of 32 bits beside the tables. */
export const RAM_BYTES_MAX: u32 = 0xc000_0000;

/**
 * What create() fixed.
 *
 *     0        4         8         12         16          20        24         28         32            36
 *     | harts  | tables  | code    | pageCode | pageFlags | ram     | ramBytes | firmware | pageSharers |
 *
 * `pageCode` has for each hart and page of RAM the address of what was decoded from it, or 0 (code.ts); `pageFlags` a
 * byte of `PageFlag`s, `pageSharers` a word of who accessed it (sharing.ts) for each page.
 */
@unmanaged
@final
export class Shape {
  harts: u32;
  tables: u32;
  code: u32;
  pageCode: u32;
  pageFlags: u32;
  ram: u32;
  ramBytes: u32;
  /** Not zero if an S-mode ecall is answered by the machine itself (firmware.ts). */
  firmware: u32;
  pageSharers: u32;
}

/** What is known of a page of RAM. */
export const enum PageFlag {
  /** Some hart may have it in its table for writing. */
  Writable = 1,
  /** Written since the flag was last cleared (for snapshots). */
  Dirty = 2,
}

const SHAPE: usize = memory.data(40, 8);

/** The shape of this machine. */
export function shape(): Shape {
  return changetype<Shape>(SHAPE);
}

/** Number of harts, 1 to HARTS_MAX. */
export function hartCount(): u32 {
  return shape().harts;
}

/** Linear address of guest RAM's first byte. */
export function ramBase(): usize {
  return <usize>shape().ram;
}

/** Bytes of guest RAM. */
export function ramBytes(): u32 {
  return shape().ramBytes;
}
