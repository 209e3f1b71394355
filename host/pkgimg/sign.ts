// The signature in a superblock (docs/storage/package-image.md): over its signed part, outside of it.
//
// So signing changes no digest, and the same image can be signed by one key after the other.

import { sign, verify } from "node:crypto";
import { SIGNED_BYTES, SignatureKind, Superblock } from "../../build/gen/host/source/libs/pkgimg/format.ts";
import { Problem } from "../problem.ts";
import { imageHash } from "./hash.ts";
import type { ImageKey } from "./keys.ts";

/** Who signed an image, as it says itself. */
export interface ImageSignature {
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
}

/** The hash of the signed part of an image's superblock, which speaks for every byte of it; 64 hex digits. */
export function imageDigest(superblock: Uint8Array): string {
  return imageHash(superblock.subarray(0, SIGNED_BYTES)).toString("hex");
}

/** Fills in the checksum over the fields before it. */
export function sealSuperblock(superblock: Uint8Array): void {
  superblock.set(imageHash(superblock.subarray(0, Superblock.Checksum)), Superblock.Checksum);
}

/** Says which of two images of one label is the newer. Changes the digest; a signature that was there holds no more. */
export function setSequence(superblock: Uint8Array, sequence: bigint): void {
  new DataView(superblock.buffer, superblock.byteOffset).setBigUint64(Superblock.Sequence, sequence, true);
  sealSuperblock(superblock);
}

/** Signs a superblock, in place of whatever signature it had. @throws Problem if the key is only the public half */
export function signSuperblock(superblock: Uint8Array, key: ImageKey): void {
  if (!key.privateKey) {
    throw new Problem("only the private half of a key signs, and this is the public one");
  }
  superblock.fill(0, Superblock.SignatureKind, Superblock.Reserved);
  superblock[Superblock.SignatureKind] = SignatureKind.Ed25519;
  superblock.set(key.id, Superblock.KeyId);
  superblock.set(sign(null, superblock.subarray(0, SIGNED_BYTES), key.privateKey), Superblock.Signature);
}

/** The signature in a superblock, unchecked; undefined if it has none. */
export function signatureOf(superblock: Uint8Array): ImageSignature | undefined {
  if (superblock[Superblock.SignatureKind] !== SignatureKind.Ed25519) {
    return undefined;
  }
  return {
    keyId: superblock.slice(Superblock.KeyId, Superblock.Signature),
    signature: superblock.slice(Superblock.Signature, Superblock.Reserved),
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
