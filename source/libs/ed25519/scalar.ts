/**
 * Numbers modulo L = 2^252 + c, the order of Ed25519's base point, with
 * c = 27742317777372353535851937790883648493 < 2^125.
 *
 * To verify, a signature's S is checked and a hash is reduced; nothing else is done with scalars. So they stay in their
 * 32 bytes, four words of 64 bits, least significant first.
 */

import { multiplyHigh } from "./intrinsics";

/** Bytes of a scalar. */
export const SCALAR_BYTES: usize = 32;

/** L's words; the lower two are c. */
const ORDER_0: u64 = 0x5812631a5cf5d3ed;
const ORDER_1: u64 = 0x14def9dea2f79cd6;
const ORDER_2: u64 = 0;
const ORDER_3: u64 = 0x1000000000000000;

/** The uppermost word of a number: bits above 2^252, and below. */
const TOP_SHIFT: u64 = 60;
const TOP_MASK: u64 = (1 << TOP_SHIFT) - 1;

/** Bytes of a hash, and of the pieces that it is reduced by. */
const HASH_BYTES: usize = 64;
const PIECE_BYTES: usize = 4;

/** Whether the scalar at `at` is below L, as S has to be: otherwise every signature would have a second form. */
export function isCanonicalScalar(at: usize): bool {
  const word3 = load<u64>(at, 24);
  if (word3 !== ORDER_3) {
    return word3 < ORDER_3;
  }
  const word2 = load<u64>(at, 16);
  if (word2 !== ORDER_2) {
    return false;
  }
  const word1 = load<u64>(at, 8);
  return word1 !== ORDER_1 ? word1 < ORDER_1 : load<u64>(at) < ORDER_0;
}

/**
 * Stores at `target` (32 bytes) the remainder of a number of 64 bytes at `number`, divided by L. Neither overlaps.
 *
 * From the top down, 32 bits at a time: the remainder so far, below L, becomes remainder · 2^32 + piece < 2^285. That is
 * q · 2^252 + lower with q < 2^33, and lower - q c has the same remainder. It lies between -2^158 and 2^252 < L, so it
 * is the remainder, or L more makes it so.
 */
export function reduceScalar(target: usize, number: usize): void {
  let word0: u64 = 0;
  let word1: u64 = 0;
  let word2: u64 = 0;
  let word3: u64 = 0;
  let place = HASH_BYTES;
  while (place > 0) {
    place -= PIECE_BYTES;
    const q = word3 >> (TOP_SHIFT - 32);
    word3 = ((word3 << 32) | (word2 >> 32)) & TOP_MASK;
    word2 = (word2 << 32) | (word1 >> 32);
    word1 = (word1 << 32) | (word0 >> 32);
    word0 = (word0 << 32) | <u64>load<u32>(number + place);

    // q c, in three words.
    const upper0 = multiplyHigh(q, ORDER_0);
    const taken0 = q * ORDER_0;
    const taken1 = q * ORDER_1 + upper0;
    const taken2 = multiplyHigh(q, ORDER_1) + one(taken1 < upper0);
    const borrow0 = one(word0 < taken0);
    word0 -= taken0;
    const borrow1 = one(word1 < taken1) | one(word1 - taken1 < borrow0);
    word1 -= taken1 + borrow0;
    const borrow2 = one(word2 < taken2) | one(word2 - taken2 < borrow1);
    word2 -= taken2 + borrow1;
    if (word3 < borrow2) {
      // L more. What goes beyond the top word is the borrow that it makes good.
      word0 += ORDER_0;
      const carry0 = one(word0 < ORDER_0);
      word1 += ORDER_1 + carry0;
      const carry1 = one(word1 < ORDER_1 + carry0);
      word2 += carry1;
      word3 += ORDER_3 + one(word2 < carry1);
    }
    word3 -= borrow2;
  }
  store<u64>(target, word0, 0);
  store<u64>(target, word1, 8);
  store<u64>(target, word2, 16);
  store<u64>(target, word3, 24);
}

function one(isSet: bool): u64 {
  return isSet ? 1 : 0;
}
