/**
 * What a driver needs and TypeScript cannot say: accesses that happen exactly once, in the width written, and the two
 * fences. Each is lowered to one instruction by the toolchain; in a host test each is a Wasm import, so a fake device
 * stands where the hardware would.
 *
 * Whatever a device can write is read through these: a plain field read twice is two loads, and may be two answers.
 */

export declare function volatileLoad8(address: usize): u32;
export declare function volatileLoad16(address: usize): u32;
export declare function volatileLoad32(address: usize): u32;
export declare function volatileLoad64(address: usize): u64;

export declare function volatileStore8(address: usize, value: u32): void;
export declare function volatileStore16(address: usize, value: u32): void;
export declare function volatileStore32(address: usize, value: u32): void;
export declare function volatileStore64(address: usize, value: u64): void;

/** Memory before it is seen before memory after it, both ways (fence rw,rw). */
export declare function fence(): void;
/** The same for memory and device registers together (fence iorw,iorw). */
export declare function fenceIo(): void;
