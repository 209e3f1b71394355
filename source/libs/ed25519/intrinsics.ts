/** What TypeScript cannot express. The toolchain lowers the first to one instruction, and the second to none. */

/** The upper 64 bits of the product's 128 (`mulhu`). */
export declare function multiplyHigh(left: u64, right: u64): u64;

/** The function that calls this is not inlined (LLVM's `noinline`). */
export declare function outOfLine(): void;
