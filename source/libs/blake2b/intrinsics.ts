/** What TypeScript cannot express. A function says these of itself; the toolchain writes no instruction for them. */

/** The loops of the function that calls this are unrolled, if LLVM can count their turns. */
export declare function unrolled(): void;

/** The function that calls this may use Zbb: only harts that have it may come here. */
export declare function usesZbb(): void;

/** The function that calls this is not inlined. */
export declare function outOfLine(): void;
