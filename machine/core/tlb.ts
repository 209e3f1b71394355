// The translation tables of each hart: what mmu.ts fills, what the interpreter reads inline.

/**
 * Forgets a hart's translations of [address, address + size), of one address space or (asid < 0) of all, global
 * ones included. size 0 or ~0 is all of memory. For SBI's RFENCE; it never fails.
 */
export function flushTlb(_id: u32, _address: u64, _size: u64, _asid: i32): void {}

/** Forgets a hart's decoded code, as fence.i on it does. For SBI's remote fence.i. */
export function flushCode(_id: u32): void {}
