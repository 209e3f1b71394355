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

import { combine } from "./combine";
import { ENCODED_BYTES } from "./field";
import { POINT_BYTES, Point } from "./point";
import { isCanonicalScalar, reduceScalar, SCALAR_BYTES } from "./scalar";
import { SHA512_DIGEST_BYTES, SHA512_STATE_BYTES, Sha512 } from "./sha512";

export const PUBLIC_KEY_BYTES: u32 = 32;
export const SIGNATURE_BYTES: u32 = 64;

const sha = changetype<Sha512>(memory.data(SHA512_STATE_BYTES, 8));
const digest: usize = memory.data(SHA512_DIGEST_BYTES, 8);
const challenge: usize = memory.data(<i32>SCALAR_BYTES, 8);
const expectedR: usize = memory.data(<i32>ENCODED_BYTES, 8);

const negatedKey = changetype<Point>(memory.data(<i32>POINT_BYTES, 8));
const multiple = changetype<Point>(memory.data(<i32>POINT_BYTES, 8));

/**
 * Whether `signature` (64 bytes) signs the `length` bytes at `message` with the private key of `publicKey` (32 bytes).
 * A call takes some 2,000 multiplications and 1,600 squarings of field elements; the memory is static.
 */
export function verifies(signature: usize, message: usize, length: u32, publicKey: usize): bool {
  const s = signature + ENCODED_BYTES;
  if (!isCanonicalScalar(s)) {
    return false;
  }
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
  combine(multiple, s, challenge, negatedKey);
  multiple.encode(expectedR);
  return memory.compare(expectedR, signature, ENCODED_BYTES) === 0;
}

/** Whether eight times the point is the neutral one. */
function isOfSmallOrder(key: Point): bool {
  multiple.double(key, false);
  multiple.double(multiple, false);
  multiple.double(multiple, false);
  return multiple.isNeutral();
}
