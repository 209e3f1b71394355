/**
 * Ed25519 (RFC 8032), verification only. Nothing here signs, and nothing here is secret.
 *
 * This accepts only the strict reading of the RFC, so that all our verifiers agree on the same bytes:
 *
 *   S            below L (section 5.1.7); otherwise a second signature could be made from a first
 *   public key   a point, in its one encoding, and not one of the eight of small order, under which a single
 *                signature holds for many messages
 *   R            never decoded: S·B - k·A is computed and has to be R byte for byte, which is the equation without the
 *                cofactor and leaves R no second encoding either
 *
 * node:crypto (OpenSSL) decides the same except for keys of small order and second encodings, so a signature that is
 * valid here is valid there.
 */

import { DIGIT_COUNT, DIGIT_MAX, writeDigits } from "./digits";
import { ENCODED_BYTES } from "./field";
import { POINT_BYTES, Point, SUMMAND_BYTES, Summand } from "./point";
import { isCanonicalScalar, reduceScalar, SCALAR_BYTES } from "./scalar";
import { SHA512_DIGEST_BYTES, SHA512_STATE_BYTES, Sha512 } from "./sha512";

export const PUBLIC_KEY_BYTES: u32 = 32;
export const SIGNATURE_BYTES: u32 = 64;

const sha = changetype<Sha512>(memory.data(SHA512_STATE_BYTES, 8));
const digest: usize = memory.data(SHA512_DIGEST_BYTES, 8);
const challenge: usize = memory.data(SCALAR_BYTES, 8);
/** The odd multiples of a point, from 1 to DIGIT_MAX. */
const MULTIPLES_BYTES: usize = <usize>((DIGIT_MAX + 1) >> 1) * SUMMAND_BYTES;
const baseMultiples: usize = memory.data(MULTIPLES_BYTES, 8);
const keyMultiples: usize = memory.data(MULTIPLES_BYTES, 8);
const baseDigits: usize = memory.data(DIGIT_COUNT, 8);
const keyDigits: usize = memory.data(DIGIT_COUNT, 8);
const expectedR: usize = memory.data(ENCODED_BYTES, 8);

const POINT_COUNT: usize = 3;
/** The base point, the negated key, and the sum that grows. */
const points: usize = memory.data(POINT_COUNT * POINT_BYTES, 8);

/**
 * Whether `signature` (64 bytes) signs the `length` bytes at `message` with the private key of `publicKey` (32 bytes).
 * Every call takes some 3,400 multiplications of field elements, more than half of them squares; the memory is static.
 */
export function verifies(signature: usize, message: usize, length: u32, publicKey: usize): bool {
  const s = signature + ENCODED_BYTES;
  if (!isCanonicalScalar(s)) {
    return false;
  }
  const negatedKey = point(1);
  if (!negatedKey.decode(publicKey) || isOfSmallOrder(negatedKey)) {
    return false;
  }
  negatedKey.negate();

  sha
    .begin()
    .update(signature, <u32>ENCODED_BYTES)
    .update(publicKey, PUBLIC_KEY_BYTES)
    .update(message, length)
    .finish(digest);
  reduceScalar(challenge, digest);
  combine(s, challenge).encode(expectedR);
  return memory.compare(expectedR, signature, ENCODED_BYTES) === 0;
}

/**
 * s·B + k·(point 1), both at once from the top down: one doubling a bit for the two of them. Of six bits one adds, as a
 * scalar is a sum of odd digits with zeros between them (digits.ts).
 */
function combine(s: usize, k: usize): Point {
  const base = point(0);
  const sum = point(2);
  base.setBase();
  setMultiples(baseMultiples, base);
  setMultiples(keyMultiples, point(1));
  writeDigits(baseDigits, s);
  writeDigits(keyDigits, k);
  sum.setNeutral();
  let place = DIGIT_COUNT;
  while (place > 0) {
    place--;
    const ofBase = <i32>load<i8>(baseDigits + <usize>place);
    const ofKey = <i32>load<i8>(keyDigits + <usize>place);
    sum.double(sum, (ofBase | ofKey) !== 0);
    addMultiple(sum, baseMultiples, ofBase);
    addMultiple(sum, keyMultiples, ofKey);
  }
  return sum;
}

/** Writes the odd multiples of `single`, from 1 to DIGIT_MAX, to `multiples`. */
function setMultiples(multiples: usize, single: Point): void {
  const running = point(2);
  const twice = multipleOf(multiples, DIGIT_MAX);
  running.double(single, true);
  // The last place holds the step until it gets its own multiple.
  twice.set(running);
  running.add(running, multipleSet(multiples, 1, single), false);
  for (let odd: u32 = 3; odd < DIGIT_MAX; odd += 2) {
    multipleSet(multiples, odd, running);
    running.add(running, twice, false);
  }
  multipleSet(multiples, DIGIT_MAX, running);
}

/** The multiple `odd`, which becomes `value`. */
function multipleSet(multiples: usize, odd: u32, value: Point): Summand {
  const multiple = multipleOf(multiples, odd);
  multiple.set(value);
  return multiple;
}

function multipleOf(multiples: usize, odd: u32): Summand {
  return changetype<Summand>(multiples + <usize>(odd >> 1) * SUMMAND_BYTES);
}

/** Adds digit · (the point of `multiples`) to `sum`. */
function addMultiple(sum: Point, multiples: usize, digit: i32): void {
  if (digit !== 0) {
    sum.add(sum, multipleOf(multiples, <u32>abs<i32>(digit)), digit < 0);
  }
}

/** Whether eight times the point is the neutral one. */
function isOfSmallOrder(key: Point): bool {
  const multiple = point(2);
  multiple.double(key, false);
  multiple.double(multiple, false);
  multiple.double(multiple, false);
  return multiple.isNeutral();
}

function point(index: u32): Point {
  return changetype<Point>(points + <usize>index * POINT_BYTES);
}
