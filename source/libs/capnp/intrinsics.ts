/** What TypeScript cannot express. The toolchain lowers it to no instruction. */

/** The function that calls this is not inlined (LLVM's `noinline`). */
export declare function outOfLine(): void;
