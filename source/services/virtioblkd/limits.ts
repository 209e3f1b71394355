/**
 * Every bound of virtioblkd, and where its windows of memory lie, in one place.
 *
 *   0x1000_0000  registers, one page for each virtio-mmio slot that it was given
 *   0x1100_0000  our own memory that the device uses, pinned:
 *                  headers and statuses, one page │ the first block, one page
 *   0x1200_0000  the used ring, one page, to read
 */
import { PAGE_BYTES, USER_MAPPINGS } from "abi/layout";
import { RECOVERIES_MAX } from "storage/virtio-blk/disk";
import { REQUEST_MEMORY_BYTES } from "storage/virtio-blk/request";

/** The most virtio-mmio slots that are searched; `virt` has eight. */
export const SLOTS_MAX: u32 = 32;
/** Clients known at a time. The one that asked least recently makes room for a new one. */
export const CLIENTS_MAX: u32 = 8;
/** How long the device may take for one try of a read. */
export const READ_MILLISECONDS: u64 = 4_000;
/**
 * How often the device is given one read. All tries together take less time than any client waits (packagefsd: 15 s).
 */
export const TRIES_MAX: u32 = 3;
/** The most lines about wrong requests of clients. Later ones are only counted. */
export const COMPLAINT_LINES_MAX: u32 = 8;
/** The most lines about faults of the device and about failed reads. Later ones are only recorded. */
export const FAULT_LINES_MAX: u32 = 16;
export const READ_LINES_MAX: u32 = 16;

export const REGISTERS_ADDRESS: usize = USER_MAPPINGS;
export const DMA_ADDRESS: usize = 0x1100_0000;
export const USED_ADDRESS: usize = 0x1200_0000;

export const REQUESTS_OFFSET: u32 = 0;
export const FIRST_BLOCK_OFFSET: u32 = REQUESTS_OFFSET + PAGE_BYTES;
export const DMA_BYTES: u32 = FIRST_BLOCK_OFFSET + PAGE_BYTES;

if (REGISTERS_ADDRESS + SLOTS_MAX * PAGE_BYTES > DMA_ADDRESS) {
  ERROR("the registers reach into the DMA memory");
}
if (DMA_ADDRESS + DMA_BYTES > USED_ADDRESS) {
  ERROR("the DMA memory reaches into the used ring");
}
if (TRIES_MAX > RECOVERIES_MAX) {
  ERROR("one read alone could make the driver give the device up");
}
if (REQUEST_MEMORY_BYTES > PAGE_BYTES) {
  ERROR("headers and statuses take one page");
}
