/**
 * Which reads of the disk are measured on QEMU: by this program (throughput.ts), and by the program that has the whole
 * machine for itself (bench/guest/disk). Both read the same sectors in the same order.
 */

/** The disk is read from its beginning up to here, again and again: 32 MiB, which the host keeps in its memory. */
export const SPAN_SECTORS: u32 = 65_536;

/** How many kinds of reads there are. */
export const KINDS: u32 = 3;

/** Sectors of each read: 128 KiB, 128 KiB, 4 KiB. */
export function sectorsOf(kind: u32): u32 {
  return kind < 2 ? 256 : 8;
}

/** How many reads are in flight at a time. */
export function depthOf(kind: u32): u32 {
  return kind === 1 ? 1 : 8;
}

/**
 * Every kind is read in so many stretches, one after the other. Each stretch is short, so that some have the host's processors
 * for themselves.
 */
export const STRETCHES: u32 = 16;

/** How many reads a stretch has: 64 MiB, 32 MiB and 16 MiB. */
export function readsOf(kind: u32): u32 {
  if (kind === 0) {
    return 512;
  }
  return kind === 1 ? 256 : 4_096;
}

/** Where read number `read` begins. */
export function sectorOf(kind: u32, read: u32): u32 {
  return (read * sectorsOf(kind)) % SPAN_SECTORS;
}
