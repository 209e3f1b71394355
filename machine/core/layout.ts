/**
 * Where everything of the machine lies in linear memory.
 *
 *   0           static data of this module: harts, devices, small tables
 *   tables      the harts' translation tables (tlb.ts)
 *   code        decoded pages (pages.ts)
 *   pages       a few words for each page of RAM (pages.ts, sharing.ts)
 *   ram         guest RAM, physical 0x8000_0000 upwards
 *
 * All state that outlives an instruction is in this memory. There is none in Wasm globals and no heap. So a snapshot of the
 * machine is a copy of this memory. create() sets the values below once. They are the same for every machine with as many
 * harts and as much RAM.
 */

/** The most harts a machine can have. */
export const HARTS_MAX: u32 = 8;

/** Physical address of the first byte of RAM. */
export const RAM_START: u64 = 0x8000_0000;

/** Bytes and address bits of a page. */
export const PAGE_BYTES: u32 = 4096;
export const PAGE_SHIFT: u32 = 12;

/** The most RAM a machine can have: what the tables leave of 32 bits of addresses. */
export const RAM_BYTES_MAX: u32 = 0xc000_0000;

/**
 * The values that create() sets.
 *
 *     0        4         8         12         16          20        24         28         32            36
 *     | harts  | tables  | code    | pageCode | pageFlags | ram     | ramBytes | firmware | pageSharers |
 *
 * `pageCode` has for each hart and page of RAM the address of its decoded page, or 0 (pages.ts). For each page of RAM,
 * `pageFlags` has a byte of `PageFlag`s, and `pageSharers` a word with the harts that accessed it (sharing.ts).
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
  /** Not zero if the machine itself answers ecalls from S-mode (firmware.ts). */
  firmware: u32;
  pageSharers: u32;
}

/** What is known of a page of RAM. */
export const enum PageFlag {
  /** Some hart may have it in its table for writing. */
  Writable = 1,
  /** Written since the flag was last cleared (for snapshots). */
  Dirty = 2,
  /** Some hart executes what the page was when it was decoded, and has no copy of that yet (code/pages.ts). */
  Source = 4,
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
