/**
 * Every bound of consoled, and where its window of memory lies, in one place.
 *
 *   0x1000_0000  the UART's registers, one page
 */
import { USER_MAPPINGS } from "abi/layout";
import { MESSAGE_BYTES_MAX } from "abi/message";

export const REGISTERS_ADDRESS: usize = USER_MAPPINGS;

/**
 * Typed bytes that no client has read yet. When the ring is full, consoled takes nothing more from the device, so
 * nothing is lost.
 */
export const INPUT_BYTES: u32 = 4096;
/** Bytes that wait to be transmitted. */
export const OUTPUT_BYTES: u32 = 32768;

/** Room for what one ConsoleRead can bring: every byte may be a line feed, which goes out as two bytes. */
export const PRINTED_ROOM: u32 = 2 * MESSAGE_BYTES_MAX;

/** The terminal's width that lines are drawn for; a wider one is not used to its edge. */
export const COLUMNS: u32 = 80;
/** The most bytes that the editor writes for one byte of input. */
export const EDITOR_OUTPUT_BYTES: u32 = 512;
/** Lines that can be called back with the arrow keys. */
export const HISTORY_LINES: u32 = 32;

/** Clients that may wait for a flush at a time. */
export const FLUSHES_MAX: u32 = 8;
/** How often consoled asks the device whether the last byte is out: there is no interrupt for that. */
export const FLUSH_POLL_MILLISECONDS: u64 = 1;

/** How long a Ctrl-C waits that came together with a line. By then, the program that the line starts is under way. */
export const INTERRUPT_MILLISECONDS: u64 = 20;

/** The most bytes that are received in a row before the next message or signal is handled. */
export const BURST_BYTES: u32 = 1024;

if ((INPUT_BYTES & (INPUT_BYTES - 1)) !== 0 || (OUTPUT_BYTES & (OUTPUT_BYTES - 1)) !== 0) {
  ERROR("a ring's size is a power of two");
}
if (PRINTED_ROOM + 2 * EDITOR_OUTPUT_BYTES > OUTPUT_BYTES) {
  ERROR("the output ring is too small for its writers");
}
