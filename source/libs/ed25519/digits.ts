/**
 * A scalar as digits: a sum of digit · 2^place in which a digit is 0 or odd, from -DIGIT_MAX to DIGIT_MAX, and few digits
 * are not 0. Only odd multiples of a point are needed then, and a negative one costs no more than its opposite.
 */
import { bitAt } from "./scalar";

/** The largest digit. */
export const DIGIT_MAX: u32 = 15;

/** Places: a scalar is below 2^253, and the last carry goes one place further. */
export const DIGIT_COUNT: u32 = 256;

/** Bits of a digit's value. */
const WINDOW_BITS: u32 = 5;

/**
 * Writes the digits of the 32 bytes at `scalar`, a byte with a sign for each place, to the DIGIT_COUNT bytes at `digits`.
 * From the lowest place on, five bits make a digit; if they are 16 or more, they count less 32, and 1 is carried.
 */
export function writeDigits(digits: usize, scalar: usize): void {
  memory.fill(digits, 0, DIGIT_COUNT);
  let carried: u32 = 0;
  let place: u32 = 0;
  while (place < DIGIT_COUNT) {
    if (bitOf(scalar, place) + carried !== 1) {
      // 0, or 2 with the carry: the carry goes on.
      place += 1;
      continue;
    }
    let value: u32 = carried;
    for (let bit: u32 = 0; bit < WINDOW_BITS; bit++) {
      value += bitOf(scalar, place + bit) << bit;
    }
    const isNegative = value > DIGIT_MAX;
    store<i8>(digits + <usize>place, <i8>(isNegative ? <i32>value - (1 << WINDOW_BITS) : <i32>value));
    carried = isNegative ? 1 : 0;
    place += WINDOW_BITS;
  }
}

/** Bit `place` of the scalar; 0 beyond its end. */
function bitOf(scalar: usize, place: u32): u32 {
  return place < DIGIT_COUNT ? bitAt(scalar, place) : 0;
}
