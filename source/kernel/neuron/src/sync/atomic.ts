/**
 * A word that several harts change: each access is one atomic operation, sequentially consistent (Wasm's threads
 * proposal).
 */
@unmanaged
@final
export class AtomicWord {
  private word: u32;

  get value(): u32 {
    return atomic.load<u32>(changetype<usize>(this));
  }

  set value(value: u32) {
    atomic.store<u32>(changetype<usize>(this), value);
  }

  /** Adds `count`; returns what was there before. */
  add(count: u32): u32 {
    return atomic.add<u32>(changetype<usize>(this), count);
  }

  /** Subtracts `count`; returns what was there before. */
  subtract(count: u32): u32 {
    return atomic.sub<u32>(changetype<usize>(this), count);
  }

  /** Sets `bits`; returns what was there before. */
  set(bits: u32): u32 {
    return atomic.or<u32>(changetype<usize>(this), bits);
  }

  /** Clears `bits`. */
  clear(bits: u32): void {
    atomic.and<u32>(changetype<usize>(this), ~bits);
  }

  /** Stores `value`; returns what was there before. */
  exchange(value: u32): u32 {
    return atomic.xchg<u32>(changetype<usize>(this), value);
  }

  /** Takes the word from `from` to `to`. False if it was not `from`. */
  move(from: u32, to: u32): bool {
    return atomic.cmpxchg<u32>(changetype<usize>(this), from, to) === from;
  }
}

/** Bytes of an atomic word. */
export const ATOMIC_BYTES: u32 = <u32>offsetof<AtomicWord>();
