// The hash of a package image: the first half of BLAKE2b-512, as source/libs/blake2b computes it in the guest.

import crypto, { createHash, type Hash } from "node:crypto";
import { HASH_BYTES } from "../../build/gen/host/source/libs/pkgimg/format.ts";

const ALGORITHM = "blake2b512";

/** Begins a hash. Feed it with `update`, then pass it to `endHash`. */
export function beginHash(): Hash {
  return createHash(ALGORITHM);
}

/** The hash of everything that was fed. */
export function endHash(hash: Hash): Buffer {
  return hash.digest().subarray(0, HASH_BYTES);
}

/** The hash of some bytes. Node 20.12 and newer can do that in one call, without an object. */
export function imageHash(bytes: Uint8Array): Buffer {
  return crypto.hash
    ? crypto.hash(ALGORITHM, bytes, "buffer").subarray(0, HASH_BYTES)
    : endHash(beginHash().update(bytes));
}
