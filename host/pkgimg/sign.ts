// The signature in a superblock (docs/storage/package-image.md): over its signed part, outside of it.
//
// So signing changes no digest, and the same image can be signed by one key after the other.

import { createHash, sign, verify } from "node:crypto";
import { Problem } from "../problem.ts";
import type { ImageKey } from "./keys.ts";

export const SIGNED_BYTES = 256;
const CHECKSUM_OFFSET = 136;
const SEQUENCE_OFFSET = 128;
const KIND_OFFSET = 256;
const KEY_ID_OFFSET = 264;
const SIGNATURE_OFFSET = 296;
const SIGNATURE_END = 360;
const KIND_ED25519 = 1;

/** Who signed an image, as it says itself. */
export interface ImageSignature {
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
}

/** SHA-256 of the signed part of an image's superblock, which speaks for every byte of it; 64 hex digits. */
export function imageDigest(superblock: Uint8Array): string {
  return createHash("sha256").update(superblock.subarray(0, SIGNED_BYTES)).digest("hex");
}

/** Fills in the checksum over the fields before it. */
export function sealSuperblock(superblock: Uint8Array): void {
  const checksum = createHash("sha256").update(superblock.subarray(0, CHECKSUM_OFFSET)).digest();
  superblock.set(checksum, CHECKSUM_OFFSET);
}

/** Says which of two images of one label is the newer. Changes the digest; a signature that was there holds no more. */
export function setSequence(superblock: Uint8Array, sequence: bigint): void {
  new DataView(superblock.buffer, superblock.byteOffset).setBigUint64(SEQUENCE_OFFSET, sequence, true);
  sealSuperblock(superblock);
}

/** Signs a superblock, in place of whatever signature it had. @throws Problem if the key is only the public half */
export function signSuperblock(superblock: Uint8Array, key: ImageKey): void {
  if (!key.privateKey) {
    throw new Problem("only the private half of a key signs, and this is the public one");
  }
  superblock.fill(0, KIND_OFFSET, SIGNATURE_END);
  superblock[KIND_OFFSET] = KIND_ED25519;
  superblock.set(key.id, KEY_ID_OFFSET);
  superblock.set(sign(null, superblock.subarray(0, SIGNED_BYTES), key.privateKey), SIGNATURE_OFFSET);
}

/** The signature in a superblock, unchecked; undefined if it has none. */
export function signatureOf(superblock: Uint8Array): ImageSignature | undefined {
  if (superblock[KIND_OFFSET] !== KIND_ED25519) {
    return undefined;
  }
  return {
    keyId: superblock.slice(KEY_ID_OFFSET, SIGNATURE_OFFSET),
    signature: superblock.slice(SIGNATURE_OFFSET, SIGNATURE_END),
  };
}

/** Whether the superblock carries a signature that names this key and is by it. */
export function isSignedBy(superblock: Uint8Array, key: ImageKey): boolean {
  const found = signatureOf(superblock);
  if (!found || Buffer.compare(found.keyId, key.id) !== 0) {
    return false;
  }
  return verify(null, superblock.subarray(0, SIGNED_BYTES), key.publicKey, found.signature);
}
