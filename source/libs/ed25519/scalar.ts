/**
 * Numbers modulo L = 2^252 + 27742317777372353535851937790883648493, the order of Ed25519's base point.
 *
 * To verify, a signature's S is checked and a hash is reduced; nothing else is done with scalars. So they stay in their
 * 32 bytes, four words of 64 bits, least significant first, and the reduction goes bit by bit.
 */

/** Bytes of a scalar. */
export const SCALAR_BYTES: usize = 32;

/** L. */
const ORDER: usize = memory.data<u64>([0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0, 0x1000000000000000]);

const WORDS_END: usize = 32;

/** Whether the scalar at `at` is below L, as S has to be: otherwise every signature would have a second form. */
export function isCanonicalScalar(at: usize): bool {
  let word = WORDS_END;
  while (word > 0) {
    word -= 8;
    const value = load<u64>(at + word);
    const limit = load<u64>(ORDER + word);
    if (value !== limit) {
      return value < limit;
    }
  }
  return false;
}

/**
 * Stores at `target` (32 bytes) the remainder of a number of 64 bytes at `number`, divided by L.
 *
 * From the top bit down: double, add the bit, and subtract L if it fits. The remainder is below L < 2^253 each time, so
 * its double fits into four words.
 */
export function reduceScalar(target: usize, number: usize): void {
  memory.fill(target, 0, SCALAR_BYTES);
  let bit: u32 = 512;
  while (bit > 0) {
    bit--;
    doubleAndAdd(target, bitAt(number, bit));
    if (!isCanonicalScalar(target)) {
      subtractOrder(target);
    }
  }
}

/** Bit `index` of a number at `at`: 0 or 1. */
export function bitAt(at: usize, index: u32): u32 {
  return (<u32>load<u8>(at + <usize>(index >> 3)) >> (index & 7)) & 1;
}

function doubleAndAdd(at: usize, bit: u32): void {
  let carried = <u64>bit;
  for (let word: usize = 0; word < WORDS_END; word += 8) {
    const value = load<u64>(at + word);
    store<u64>(at + word, (value << 1) | carried);
    carried = value >> 63;
  }
}

function subtractOrder(at: usize): void {
  let borrowed: u64 = 0;
  for (let word: usize = 0; word < WORDS_END; word += 8) {
    const value = load<u64>(at + word);
    const taken = load<u64>(ORDER + word);
    const difference = value - taken - borrowed;
    // It went below zero if what was taken is more, or just as much and a borrow on top.
    borrowed = value < taken || (value === taken && borrowed === 1) ? 1 : 0;
    store<u64>(at + word, difference);
  }
}
