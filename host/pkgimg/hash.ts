// The hash of a package image: the first half of BLAKE2b-512, as source/libs/blake2b computes it in the guest.

import { createHash, type Hash } from "node:crypto";
import { HASH_BYTES } from "../../build/gen/host/source/libs/pkgimg/format.ts";

/** A hash that is begun: feed it with `update`, then give it to `endHash`. */
export function beginHash(): Hash {
  return createHash("blake2b512");
}

/** The hash of all that was fed. */
export function endHash(hash: Hash): Buffer {
  return hash.digest().subarray(0, HASH_BYTES);
}

/** The hash of some bytes. */
export function imageHash(bytes: Uint8Array): Buffer {
  return endHash(beginHash().update(bytes));
}
