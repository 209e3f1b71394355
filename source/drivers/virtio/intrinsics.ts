/**
 * What a driver needs and TypeScript cannot express: accesses that happen exactly once, in the width written, and the
 * two fences. The toolchain lowers each to one instruction. In a host test each is a Wasm import, so a fake device
 * takes the hardware's place.
 *
 * All memory that a device can write is read through these: two reads of a plain field are two loads, which may give
 * different values.
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
