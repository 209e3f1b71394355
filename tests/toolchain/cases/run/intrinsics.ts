/**
 * An intrinsic that computes: the toolchain writes it out in place, and harness.ts defines it for Node.
 */

/** The upper 64 bits of the product. */
export declare function multiplyHigh(left: u64, right: u64): u64;
