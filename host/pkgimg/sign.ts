// The signature in a superblock (docs/storage/package-image.md). It covers the signed part, and is not in it.
//
// So signing does not change the digest, and an image can be signed again with another key.

import { sign, verify } from "node:crypto";
import { SIGNED_BYTES, SignatureKind, Superblock } from "../../build/gen/host/source/libs/pkgimg/format.ts";
import { Problem } from "../problem.ts";
import { imageHash } from "./hash.ts";
import type { ImageKey } from "./keys.ts";

/** The signature of an image, not checked. */
export interface ImageSignature {
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
}

/** The hash of the signed part of a superblock, in 64 hex digits. Every byte of the image influences it. */
export function imageDigest(superblock: Uint8Array): string {
  return imageHash(superblock.subarray(0, SIGNED_BYTES)).toString("hex");
}

/** Sets the checksum of the fields before it. */
export function sealSuperblock(superblock: Uint8Array): void {
  superblock.set(imageHash(superblock.subarray(0, Superblock.Checksum)), Superblock.Checksum);
}

/** Sets the sequence number. That changes the digest, so an old signature is not valid any more. */
export function setSequence(superblock: Uint8Array, sequence: bigint): void {
  new DataView(superblock.buffer, superblock.byteOffset).setBigUint64(Superblock.Sequence, sequence, true);
  sealSuperblock(superblock);
}

/** Signs a superblock. An old signature is replaced. @throws Problem if the key is only the public half */
export function signSuperblock(superblock: Uint8Array, key: ImageKey): void {
  if (!key.privateKey) {
    throw new Problem("only the private half of a key can sign, and this is the public one");
  }
  superblock.fill(0, Superblock.SignatureKind, Superblock.Reserved);
  superblock[Superblock.SignatureKind] = SignatureKind.Ed25519;
  superblock.set(key.id, Superblock.KeyId);
  superblock.set(sign(null, superblock.subarray(0, SIGNED_BYTES), key.privateKey), Superblock.Signature);
}

/** The signature in a superblock, not checked. Undefined if it has none. */
export function signatureOf(superblock: Uint8Array): ImageSignature | undefined {
  if (superblock[Superblock.SignatureKind] !== SignatureKind.Ed25519) {
    return undefined;
  }
  return {
    keyId: superblock.slice(Superblock.KeyId, Superblock.Signature),
    signature: superblock.slice(Superblock.Signature, Superblock.Reserved),
  };
}

/** Whether the superblock has a valid signature of this key. */
export function isSignedBy(superblock: Uint8Array, key: ImageKey): boolean {
  const found = signatureOf(superblock);
  if (!found || Buffer.compare(found.keyId, key.id) !== 0) {
    return false;
  }
  return verify(null, superblock.subarray(0, SIGNED_BYTES), key.publicKey, found.signature);
}
