/**
 * Where nx's windows of memory lie, and how large they are.
 *
 *   0x1000_0000  the first block of the disk
 *   0x1200_0000  the device tree
 */
import { USER_MAPPINGS } from "abi/layout";

export const DISK_WINDOW: usize = USER_MAPPINGS;

export const TREE_WINDOW: usize = 0x1200_0000;
/** The largest device tree that is read. */
export const TREE_BYTES_MAX: u32 = 0x10_0000;
