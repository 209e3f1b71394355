/**
 * Is this the image that we were built to trust? There are two ways: a key that we know has signed it, or it has the
 * digest that we know. Both check the superblock as `open` copied it. The root of the hash tree is in the checked part,
 * so the check covers every byte that the image will ever give out.
 *
 * This is apart from reader.ts, so that a program that trusts its image for another reason contains no Ed25519.
 */

import { verifies } from "ed25519/verify";
import { HASH_BYTES, ImageError, SIGNED_BYTES, SignatureKind } from "./format";
import { Image } from "./reader";

/**
 * Whether the opened image carries a signature by `publicKey` (32 bytes), whose id (SHA-256 of it) is at `keyId`.
 *
 * @returns None, Unsigned, UnknownKey if it says that another key signed it, SignatureWrong
 */
export function signatureError(image: Image, publicKey: usize, keyId: usize): ImageError {
  if (image.signatureKind !== SignatureKind.Ed25519) {
    return image.refuseBlock(ImageError.Unsigned, 0);
  }
  if (memory.compare(image.keyId, keyId, <usize>HASH_BYTES) !== 0) {
    return image.refuseBlock(ImageError.UnknownKey, 0);
  }
  const holds = verifies(image.signature, image.signedPart, SIGNED_BYTES, publicKey);
  return holds ? ImageError.None : image.refuseBlock(ImageError.SignatureWrong, 0);
}

/**
 * Whether the opened image, whose signature holds, is at least as new as `oldest`. An old image is signed as well as a
 * new one, and what was mended since is not in it.
 *
 * @returns None, RolledBack
 */
export function sequenceError(image: Image, oldest: u64): ImageError {
  return image.sequence >= oldest ? ImageError.None : image.refuseBlock(ImageError.RolledBack, 0);
}

/**
 * Whether the opened image is the one with that digest (32 bytes). It has to be unsigned: the digest does not cover a
 * signature, and an image must have no bytes that nothing covers.
 *
 * @param scratch 32 bytes of the caller's
 * @returns None, OtherDigest, SignatureNotWanted
 */
export function digestError(image: Image, digest: usize, scratch: usize): ImageError {
  if (image.signatureKind !== SignatureKind.None) {
    return image.refuseBlock(ImageError.SignatureNotWanted, 0);
  }
  image.digest(scratch);
  const matches = memory.compare(scratch, digest, <usize>HASH_BYTES) === 0;
  return matches ? ImageError.None : image.refuseBlock(ImageError.OtherDigest, 0);
}
