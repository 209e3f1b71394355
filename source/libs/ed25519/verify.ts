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

import { ENCODED_BYTES } from "./field";
import { POINT_BYTES, Point } from "./point";
import { bitAt, isCanonicalScalar, reduceScalar, SCALAR_BYTES } from "./scalar";
import { SHA512_DIGEST_BYTES, SHA512_STATE_BYTES, Sha512 } from "./sha512";

export const PUBLIC_KEY_BYTES: u32 = 32;
export const SIGNATURE_BYTES: u32 = 64;

/** Bits of a scalar below L < 2^253. */
const SCALAR_BITS: u32 = 253;

const sha = changetype<Sha512>(memory.data(SHA512_STATE_BYTES, 8));
const digest: usize = memory.data(SHA512_DIGEST_BYTES, 8);
const challenge: usize = memory.data(SCALAR_BYTES, 8);
const expectedR: usize = memory.data(ENCODED_BYTES, 8);

const POINT_COUNT: usize = 4;
/** The base point, the negated key, their sum, and the sum that grows. */
const points: usize = memory.data(POINT_COUNT * POINT_BYTES, 8);

/**
 * Whether `signature` (64 bytes) signs the `length` bytes at `message` with the private key of `publicKey` (32 bytes).
 * Every call takes some 4,000 multiplications of field elements; the memory is static.
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

/** s·B + k·(point 1), both scalars at once from the top bit down: one doubling a bit for the two of them. */
function combine(s: usize, k: usize): Point {
  const base = point(0);
  const negatedKey = point(1);
  const both = point(2);
  const sum = point(3);
  base.setBase();
  both.add(base, negatedKey);
  sum.setNeutral();
  let bit = SCALAR_BITS;
  while (bit > 0) {
    bit--;
    sum.double(sum);
    const hasBase = bitAt(s, bit) === 1;
    const hasKey = bitAt(k, bit) === 1;
    if (hasBase && hasKey) {
      sum.add(sum, both);
    } else if (hasBase) {
      sum.add(sum, base);
    } else if (hasKey) {
      sum.add(sum, negatedKey);
    }
  }
  return sum;
}

/** Whether eight times the point is the neutral one. */
function isOfSmallOrder(key: Point): bool {
  const multiple = point(3);
  multiple.double(key);
  multiple.double(multiple);
  multiple.double(multiple);
  return multiple.isNeutral();
}

function point(index: u32): Point {
  return changetype<Point>(points + <usize>index * POINT_BYTES);
}
