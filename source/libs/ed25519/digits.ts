/**
 * A scalar as digits: a sum of digit · 2^place in which a digit is 0 or odd, from -DIGIT_MAX to DIGIT_MAX, and of any five
 * in a row one at most is not 0. Only odd multiples of a point are needed then, and a negative one costs no more than its
 * opposite.
 */

import { SCALAR_BYTES } from "./scalar";

/** The largest digit. */
export const DIGIT_MAX: u32 = 15;

/**
 * Places. A scalar is below L < 2^252 + 2^125: the highest bit, 252, is set, or the last carry goes there at the furthest.
 * Both at once cannot be, as the bits under the highest one are then zeros.
 */
export const DIGIT_COUNT: u32 = 253;

/** Bits of a digit's value. */
const WINDOW_BITS: u32 = 5;
const WINDOW_MASK: u32 = (1 << WINDOW_BITS) - 1;

/** The scalar, and behind it a byte that stays 0: a window is read from two bytes, also at the end. */
const padded: usize = memory.data(<i32>SCALAR_BYTES + 1, 8);

/**
 * Writes the digits of the 32 bytes at `scalar`, a byte with a sign for each place, to the DIGIT_COUNT bytes at `digits`.
 * From the lowest place on, five bits make a digit; if they are 16 or more, they count less 32, and 1 is carried.
 */
export function writeDigits(digits: usize, scalar: usize): void {
  memory.fill(digits, 0, DIGIT_COUNT);
  memory.copy(padded, scalar, SCALAR_BYTES);
  let carried: u32 = 0;
  let place: u32 = 0;
  while (place < DIGIT_COUNT) {
    const bits = <u32>load<u16>(padded + <usize>(place >> 3), 0, 1) >> (place & 7);
    if ((bits & 1) === carried) {
      // 0, or 2 with the carry: the carry goes on.
      place += 1;
      continue;
    }
    const value = (bits & WINDOW_MASK) + carried;
    const isNegative = value > DIGIT_MAX;
    store<i8>(digits + <usize>place, <i8>(isNegative ? <i32>value - (1 << WINDOW_BITS) : <i32>value));
    carried = isNegative ? 1 : 0;
    place += WINDOW_BITS;
  }
}
