/**
 * What a test program may call: tests/toolchain/rv64/entry.S defines it for RV64, harness.ts for Node.
 */

/** Prints one byte. */
export declare function put(byte: u32): void;

/** Calls this program's export `attempted`. Gives 1, or 0 if that trapped. */
export declare function attempt(): u32;
