/**
 * Declarations for the cases: the translator writes these out in place.
 */

export declare function readSstatus(): u64;
export declare function setSie(mask: u64): void;
export declare function writeStimecmp(value: u64): void;
export declare function hartPointer(): usize;
export declare function wfi(): void;
export declare function fenceIo(): void;
export declare function sfenceVmaPage(address: u64): void;
export declare function volatileLoad8(address: usize): u32;
export declare function volatileLoad64(address: usize): u64;
export declare function volatileStore32(address: usize, value: u32): void;
export declare function multiplyHigh(left: u64, right: u64): u64;
export declare function outOfLine(): void;
export declare function unrolled(): void;
export declare function usesZbb(): void;
export declare function trap(): void;
