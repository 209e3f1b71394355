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

/**
 * How long a service may take to say that it is ready, in milliseconds: the machine may be under load, or a device
 * slow.
 */
export const START_MILLISECONDS: u64 = 60_000;

/**
 * A fallen service is started again after the first of these times. The time doubles with each fall, up to the second.
 */
export const RESTART_FIRST_MILLISECONDS: u64 = 50;
export const RESTART_DELAY_MILLISECONDS_MAX: u64 = 1_600;
/** A service that was started again this often within the window, and falls once more, is given up. */
export const RESTARTS_MAX: u32 = 8;
export const RESTART_WINDOW_MILLISECONDS: u64 = 10_000;

/**
 * How long packagefsd may take for an answer while a program is fetched, in milliseconds, and how often the whole fetch
 * is tried. The time doubles with each try; all tries take a minute. A first call must not wait long, because only we
 * start a fallen service again.
 */
export const FETCH_MILLISECONDS: u64 = 1_000;
export const FETCH_TRIES_MAX: u32 = 6;
/** How long the signal of a service's end may take to arrive. */
export const NEWS_MILLISECONDS: u64 = 20;
/** How long the last lines may take to leave the machine. */
export const FLUSH_MILLISECONDS: u64 = 2_000;

if (BUNDLE_ADDRESS + BUNDLE_BYTES_MAX > FILE_ADDRESS) {
  ERROR("the bundle reaches into the file");
}
if (LOADER_WINDOW >= USER_PROGRAM_END) {
  ERROR("the loader's window lies outside");
}
// The delays before the last restart: five that double, then the longest for the rest.
if (
  (RESTART_FIRST_MILLISECONDS << 5) - RESTART_FIRST_MILLISECONDS + 3 * RESTART_DELAY_MILLISECONDS_MAX >=
  RESTART_WINDOW_MILLISECONDS
) {
  ERROR("a service that falls at once would leave the window before it is given up");
}
