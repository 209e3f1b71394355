/** What the UART needs and TypeScript cannot say: accesses that happen exactly once, a byte wide. */

export declare function volatileLoad8(address: usize): u32;
export declare function volatileStore8(address: usize, value: u32): void;
