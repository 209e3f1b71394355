// ./nx image keygen and sign, and how verify judges a signature.

import { closeSync, copyFileSync, openSync, readSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { BLOCK_BYTES } from "../../build/gen/host/source/libs/pkgimg/format.ts";
import { requireOutputs } from "../../host/outputs.ts";
import { plainPlace } from "../../host/pkgimg/files.ts";
import {
  DEVELOPMENT_PUBLIC_KEY,
  type ImageKey,
  keyIdText,
  readKeyFile,
  writeKeyPair,
} from "../../host/pkgimg/keys.ts";
import { imageDigest, isSignedBy, setSequence, signatureOf, signSuperblock } from "../../host/pkgimg/sign.ts";
import { Problem } from "../../host/problem.ts";
import { root } from "../../host/root.ts";
import { pathProblem } from "../../host/system-error.ts";
import { ImageReader } from "./reader.ts";
import { verifyImage } from "./verify.ts";

/** How many digits of a key's id are shown to a person. */
const SHOWN_DIGITS = 16;

/** The facts about an image's signature. */
export interface SignatureFacts {
  readonly keyId: string;
  /** Whether it was checked with a key. A wrong signature is a Problem. */
  readonly verified: boolean;
  readonly development: boolean;
}

/** Makes a key pair. */
export function keygen(name: string): void {
  const id = writeKeyPair(name);
  process.stdout.write(
    `${name}.key signs: keep it secret\n${name}.pub: ./nx build --trust ${name}.pub\nkey ${id}\n`,
  );
}

/** Signs the image in `file` into `out`, which may be the same file. An image that the reader refuses is not signed. */
export async function signImage(
  file: string,
  keyFile: string,
  sequence: bigint | undefined,
  out: string,
): Promise<void> {
  const key = readKeyFile(keyFile);
  const place = plainPlace(out);
  requireOutputs([{ word: "the image", file: out }], [{ word: "--key", file: keyFile }]);
  const image = await ImageReader.open(file);
  try {
    await verifyImage(image);
  } finally {
    image.close();
  }
  const draft = `${place}.draft-${process.pid}`;
  try {
    copyFileSync(file, draft);
    const digest = signInPlace(draft, key, sequence);
    renameSync(draft, place);
    process.stdout.write(`${out}: signed by ${shownId(key.id)}, digest ${digest}\n`);
  } catch (error) {
    throw pathProblem(`cannot write ${out}`, place, error);
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Judges the signature in a superblock.
 *
 * @param key the key that has to have signed it; undefined: only a signature by the development key is checked
 * @throws Problem if it is missing or wrong
 */
export function judgeSignature(
  superblock: Uint8Array,
  file: string,
  key: ImageKey | undefined,
): SignatureFacts | null {
  const found = signatureOf(superblock);
  const development = readKeyFile(join(root, DEVELOPMENT_PUBLIC_KEY));
  if (!found) {
    if (!key) {
      return null;
    }
    throw new Problem(`${file} is not signed`, { hints: ["sign it with ./nx image sign"] });
  }
  const isDevelopment = Buffer.compare(found.keyId, development.id) === 0;
  const facts = { keyId: keyIdText(found.keyId), development: isDevelopment };
  if (key && Buffer.compare(found.keyId, key.id) !== 0) {
    throw new Problem(`${file} is signed by key ${shownId(found.keyId)}, not by ${shownId(key.id)}`);
  }
  const judge = key ?? (isDevelopment ? development : undefined);
  if (!judge) {
    return { ...facts, verified: false };
  }
  if (!isSignedBy(superblock, judge)) {
    throw new Problem(`${file} is refused: its signature does not verify`);
  }
  return { ...facts, verified: true };
}

/** The same in words. */
export function signatureText(facts: SignatureFacts | null): string {
  if (!facts) {
    return "unsigned";
  }
  if (facts.development) {
    return "signed by the development key";
  }
  return `signed by key ${facts.keyId.slice(0, SHOWN_DIGITS)}${facts.verified ? "" : " (not checked: --key)"}`;
}

/** Signs the superblock at the beginning of a file, and gives the digest. */
function signInPlace(file: string, key: ImageKey, sequence: bigint | undefined): string {
  const descriptor = openSync(file, "r+");
  try {
    const superblock = Buffer.alloc(BLOCK_BYTES);
    if (readSync(descriptor, superblock, 0, BLOCK_BYTES, 0) !== BLOCK_BYTES) {
      throw new Problem(`${file} became shorter while it was read`);
    }
    if (sequence !== undefined) {
      setSequence(superblock, sequence);
    }
    signSuperblock(superblock, key);
    writeSync(descriptor, superblock, 0, BLOCK_BYTES, 0);
    return imageDigest(superblock);
  } finally {
    closeSync(descriptor);
  }
}

function shownId(id: Uint8Array): string {
  return keyIdText(id).slice(0, SHOWN_DIGITS);
}
