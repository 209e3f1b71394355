/**
 * What the machine asks of its host. These are the only imports of the core, and none of them decides anything:
 * the disk's bytes never change during a run, and what goes out on the console does not come back. So a host that
 * answers them from a buffer in a browser sees the same run as one that reads a file.
 */

/**
 * Copies `byteCount` bytes of the disk, from byte `offset`, to linear memory at `target`. The range lies within the
 * size that `attachDisk` was told.
 */
export declare function diskRead(offset: u64, target: usize, byteCount: u32): void;

/** No hart has anything to do before time is skipped: a moment at which the host may look at all that is at rest. */
export declare function allWait(): void;

/**
 * Something happened that the host asked to be told of: a `trace.Event`, the hart, the clock, and two words about it.
 */
export declare function traceEvent(kind: u32, hart: u32, clock: u64, first: u64, second: u64): void;

/**
 * Of a decoded page `interpreted` instructions more were executed: the host may say where in it translations can begin
 * (beginEntries and setEntry), or not. `again` is not 0 if it said so before, and the page is as it was.
 */
export declare function surveyPage(code: u32, again: u32, interpreted: u32): void;

/**
 * The entry at `offset` of a decoded page is hot: the host may translate the group of instructions that it belongs to
 * (setEntry), or not. A translation does what the interpreter does, so this decides nothing either.
 */
export declare function translateEntry(code: u32, offset: u32): void;

/** A byte that left the UART, or firmware's console. */
export declare function consoleByte(byte: u32): void;
