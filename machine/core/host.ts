/**
 * What the machine asks of its host. These are the core's only imports, and none of them influences a run: the disk's
 * bytes never change during a run, and the guest never sees what became of its output. So a host that reads the disk from
 * a buffer in a browser gets the same run as one that reads a file.
 */

/**
 * Copies `byteCount` bytes of the disk, from byte `offset`, to linear memory at `target`. The range lies within the
 * size that `attachDisk` was told.
 */
export declare function diskRead(offset: u64, target: usize, byteCount: u32): void;

/** Every hart waits, and time is about to be skipped: now the host may look at the guest while nothing moves. */
export declare function allWait(): void;

/** An event that the host asked for: a `trace.Event`, the hart, the clock, and two words about it. */
export declare function traceEvent(kind: u32, hart: u32, clock: u64, first: u64, second: u64): void;

/**
 * `interpreted` more instructions of a decoded page were interpreted. The host may say where in the page translations can
 * begin (beginEntries and setEntry), or do nothing. `again` is not 0 if it has done so before and the page has not changed.
 */
export declare function surveyPage(code: u32, again: u32, interpreted: u32): void;

/**
 * The entry at `offset` of a decoded page is hot. The host may translate the group of instructions that it belongs to
 * (setEntry), or do nothing. A translation does what the interpreter does, so this does not influence a run either.
 */
export declare function translateEntry(code: u32, offset: u32): void;

/** A byte that left the UART, or firmware's console. */
export declare function consoleByte(byte: u32): void;
