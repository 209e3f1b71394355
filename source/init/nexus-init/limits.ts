/**
 * Every bound of nexus-init, and where its windows of memory lie.
 *
 *   0x1000_0000  the boot bundle, read-only
 *   0x2000_0000  a program's file that came through packagefsd, read-only; before that, the fixtures while they are
 *                copied out of the bundle
 *   0x3000_0000  the loader's window: one segment of a new task at a time
 */
import { USER_MAPPINGS, USER_PROGRAM_END } from "abi/layout";

export const BUNDLE_ADDRESS: usize = USER_MAPPINGS;
export const BUNDLE_BYTES_MAX: u32 = 0x1000_0000;

export const FILE_ADDRESS: usize = 0x2000_0000;
/** The largest file of a program: ours are a hundredth of it. */
export const FILE_BYTES_MAX: u32 = 0x0040_0000;

export const LOADER_WINDOW: usize = 0x3000_0000;

/** How long a service may take to say that it is ready, in milliseconds: a machine under load, a device that is slow. */
export const START_MILLISECONDS: u64 = 60_000;

if (BUNDLE_ADDRESS + BUNDLE_BYTES_MAX > FILE_ADDRESS) ERROR("the bundle reaches into the file");
if (LOADER_WINDOW >= USER_PROGRAM_END) ERROR("the loader's window lies outside");
