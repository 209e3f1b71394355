/**
 * s·B + k·P for the base point B, a point P and two scalars: what the time of a verification goes to.
 *
 * Both scalars are written in signed digits (digits.ts), of which one in six is not 0. So 253 doublings serve both at
 * once, and some 42 additions for each. What they add are odd multiples: B, 3B, …, 15B, and the same of P.
 *
 * Those of B are computed each time, like those of P. That takes some 12,000 instructions. A table of constants would be
 * 1 KiB of this program's image, and to hash that when the program is loaded takes longer.
 */

import { DIGIT_COUNT, DIGIT_MAX, writeDigits } from "./digits";
import { POINT_BYTES, Point, SUMMAND_BYTES, Summand } from "./point";

/** Odd multiples, up to DIGIT_MAX times. */
const MULTIPLE_COUNT: u32 = (DIGIT_MAX + 1) >> 1;

/** One i8 a digit. */
const baseDigits: usize = memory.data(DIGIT_COUNT, 8);
const pointDigits: usize = memory.data(DIGIT_COUNT, 8);
const baseMultiples: usize = memory.data(MULTIPLE_COUNT * <u32>SUMMAND_BYTES, 8);
const pointMultiples: usize = memory.data(MULTIPLE_COUNT * <u32>SUMMAND_BYTES, 8);
const twice = changetype<Summand>(memory.data(<i32>SUMMAND_BYTES, 8));
const doubled = changetype<Point>(memory.data(<i32>POINT_BYTES, 8));
const multiple = changetype<Point>(memory.data(<i32>POINT_BYTES, 8));

/** `sum` becomes s·B + k·point; T is left out. Both scalars are 32 bytes and below L. */
export function combine(sum: Point, s: usize, k: usize, point: Point): void {
  writeDigits(baseDigits, s);
  writeDigits(pointDigits, k);
  multiple.setBase();
  writeMultiples(baseMultiples, multiple);
  multiple.copyFrom(point);
  writeMultiples(pointMultiples, multiple);

  sum.setNeutral();
  let place = DIGIT_COUNT;
  while (place > 0) {
    place--;
    const baseDigit = <i32>load<i8>(baseDigits + <usize>place);
    const pointDigit = <i32>load<i8>(pointDigits + <usize>place);
    sum.double(sum, baseDigit !== 0 || pointDigit !== 0);
    if (baseDigit !== 0) {
      addDigit(sum, baseMultiples, baseDigit, pointDigit !== 0);
    }
    if (pointDigit !== 0) {
      addDigit(sum, pointMultiples, pointDigit, false);
    }
  }
}

function addDigit(sum: Point, multiples: usize, digit: i32, needsT: bool): void {
  const isNegative = digit < 0;
  const odd = <u32>(isNegative ? -digit : digit);
  sum.add(sum, multipleOf(multiples, odd >> 1), isNegative, needsT);
}

/** `point`, 3 · point, …, 15 · point; `point` becomes the last of them. */
function writeMultiples(multiples: usize, point: Point): void {
  doubled.double(point, true);
  twice.setPoint(doubled);
  multipleOf(multiples, 0).setPoint(point);
  for (let index: u32 = 1; index < MULTIPLE_COUNT; index++) {
    point.add(point, twice, false, true);
    multipleOf(multiples, index).setPoint(point);
  }
}

function multipleOf(multiples: usize, index: u32): Summand {
  return changetype<Summand>(multiples + <usize>index * SUMMAND_BYTES);
}
