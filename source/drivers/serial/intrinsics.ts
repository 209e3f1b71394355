/** Register accesses for the UART that TypeScript cannot express: each happens exactly once and is a byte wide. */

export declare function volatileLoad8(address: usize): u32;
export declare function volatileStore8(address: usize, value: u32): void;
