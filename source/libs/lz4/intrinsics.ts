/** What TypeScript cannot express. A function says this of itself; the toolchain writes no instruction for it. */

/** The function that calls this is not inlined (LLVM's `noinline`). */
export declare function outOfLine(): void;
