/**
 * The two powers that Ed25519 needs, of numbers modulo p (field.ts). Their exponents in binary are nearly all ones. A
 * power of n ones and one of m ones make one of n + m: the first is squared m times, and multiplied by the second.
 */
import { FIELD_BYTES, Field } from "./field";

/** Where powers are built. */
const POWER_A = changetype<Field>(memory.data(<i32>FIELD_BYTES, 8));
const POWER_B = changetype<Field>(memory.data(<i32>FIELD_BYTES, 8));
const POWER_C = changetype<Field>(memory.data(<i32>FIELD_BYTES, 8));
const POWER_11 = changetype<Field>(memory.data(<i32>FIELD_BYTES, 8));

/**
 * `target` becomes base^(2^252 - 3), which is base^((p - 5) / 8): the root of section 5.1.3. `base` must be another
 * number.
 */
export function powerForRoot(target: Field, base: Field): void {
  powerOfOnes(target, base);
  squareTimes(target, target, 2);
  target.multiply(target, base);
}

/** `target` becomes 1 / base, as base^(p - 2) = base^(2^255 - 21); 0 for 0. `base` must be another number. */
export function invert(target: Field, base: Field): void {
  powerOfOnes(target, base);
  squareTimes(target, target, 5);
  target.multiply(target, POWER_11);
}

/** `target` becomes base^(2^250 - 1), and POWER_11 base^11. */
function powerOfOnes(target: Field, base: Field): void {
  const ones5 = POWER_A;
  const nine = POWER_B;
  ones5.square(base);
  squareTimes(nine, ones5, 2);
  nine.multiply(nine, base);
  POWER_11.multiply(ones5, nine);
  ones5.square(POWER_11);
  ones5.multiply(ones5, nine);
  const ones10 = POWER_B;
  squareTimes(ones10, ones5, 5);
  ones10.multiply(ones10, ones5);
  const ones20 = POWER_A;
  squareTimes(ones20, ones10, 10);
  ones20.multiply(ones20, ones10);
  squareTimes(target, ones20, 20);
  target.multiply(target, ones20);
  const ones50 = POWER_C;
  squareTimes(ones50, target, 10);
  ones50.multiply(ones50, ones10);
  const ones100 = POWER_A;
  squareTimes(ones100, ones50, 50);
  ones100.multiply(ones100, ones50);
  squareTimes(target, ones100, 100);
  target.multiply(target, ones100);
  squareTimes(target, target, 50);
  target.multiply(target, ones50);
}

/** `target` becomes base^(2^times); it may be `base`. */
function squareTimes(target: Field, base: Field, times: u32): void {
  target.square(base);
  for (let i: u32 = 1; i < times; i++) {
    target.square(target);
  }
}
