/**
 * What TypeScript cannot say: CSRs, fences, waiting, accesses that a device sees. The toolchain lowers each to its
 * instruction (toolchain/ir/instructions/intrinsics.ts). The only file of the kernel that declares any.
 */
export declare function readSstatus(): u64;
export declare function clearSstatus(mask: u64): void;
export declare function setSie(mask: u64): void;
export declare function writeSie(value: u64): void;
export declare function readSie(): u64;
export declare function readSip(): u64;
export declare function clearSip(mask: u64): void;
export declare function writeStvec(value: u64): void;
export declare function readSatp(): u64;
export declare function writeSatp(value: u64): void;
export declare function writeScounteren(value: u64): void;
export declare function writeStimecmp(value: u64): void;
export declare function readTime(): u64;

/** The hart structure of this hart: what `tp` holds. */
export declare function hartPointer(): usize;

export declare function wfi(): void;
export declare function fence(): void;
/** What this hart has read stays before all accesses that follow. */
export declare function fenceAcquire(): void;
/** All accesses so far stay before the stores that follow. */
export declare function fenceRelease(): void;
export declare function fenceIo(): void;
export declare function fenceI(): void;
export declare function sfenceVma(): void;

export declare function volatileLoad8(address: usize): u32;
export declare function volatileLoad16(address: usize): u32;
export declare function volatileLoad32(address: usize): u32;
export declare function volatileLoad64(address: usize): u64;
export declare function volatileStore8(address: usize, value: u32): void;
export declare function volatileStore16(address: usize, value: u32): void;
export declare function volatileStore32(address: usize, value: u32): void;

/**
 * The function that calls this is not inlined (LLVM's `noinline`): it is a rare part, for which the usual path would
 * have to save registers. Costs no instruction.
 */
export declare function outOfLine(): void;

/** An illegal instruction: never returns. */
export declare function trap(): void;
