// The keys that sign images: Ed25519, in PEM files as OpenSSL writes them (PKCS#8 and SubjectPublicKeyInfo, RFC 8410).
//
// The id of a key is the SHA-256 of the 32 bytes of its public half. An image has the id of the key that signed it. Lines above
// the PEM block are comments that say what the key is for.

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from "node:crypto";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Problem } from "../problem.ts";
import { pathProblem } from "../system-error.ts";

/** The key pair of this repository, for images that need no trust, since its private half is public. Relative to the root. */
export const DEVELOPMENT_KEY = "keys/development.key";
export const DEVELOPMENT_PUBLIC_KEY = "keys/development.pub";

/** A key, or the public half of one. */
export interface ImageKey {
  readonly publicKey: KeyObject;
  /** Only if the file had it. */
  readonly privateKey?: KeyObject;
  /** The 32 bytes of the public half. */
  readonly publicBytes: Uint8Array;
  /** SHA-256 of `publicBytes`. */
  readonly id: Uint8Array;
}

/** Reads a key file, of either half. Throws Problem if it is not one. */
export function readKeyFile(file: string): ImageKey {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw pathProblem(`cannot read the key ${file}`, resolve(file), error);
  }
  const key = keyFromPem(text);
  if (!key) {
    const hints = ["./nx image keygen NAME makes a key pair, NAME.key and NAME.pub"];
    throw new Problem(`${file} is not an Ed25519 key in PEM`, { hints, exitCode: 2 });
  }
  return key;
}

/** The key in a PEM text, or undefined if there is no Ed25519 key in it. */
export function keyFromPem(text: string): ImageKey | undefined {
  const isPrivate = text.includes("PRIVATE KEY-----");
  try {
    const privateKey = isPrivate ? createPrivateKey(text) : undefined;
    const publicKey = createPublicKey(text);
    if (publicKey.asymmetricKeyType !== "ed25519") {
      return undefined;
    }
    // The key itself is at the end of the DER (RFC 8410, section 4).
    const publicBytes = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
    const id = createHash("sha256").update(publicBytes).digest();
    return privateKey ? { publicKey, privateKey, publicBytes, id } : { publicKey, publicBytes, id };
  } catch {
    return undefined;
  }
}

/** Makes a new pair, `<name>.key` and `<name>.pub`. Returns the id in hex. It never overwrites a key. */
export function writeKeyPair(name: string): string {
  if (/(^|\/)$/.test(name)) {
    throw new Problem(`${JSON.stringify(name)} names no file`, {
      hints: ["name one, such as keys/mine"],
      exitCode: 2,
    });
  }
  const files = { privateFile: `${name}.key`, publicFile: `${name}.pub` };
  for (const file of Object.values(files)) {
    if (existsSync(file)) {
      throw new Problem(`${file} exists already`, { hints: ["choose another name"] });
    }
  }
  const pair = generateKeyPairSync("ed25519");
  const privateText = pair.privateKey.export({ format: "pem", type: "pkcs8" });
  const publicText = pair.publicKey.export({ format: "pem", type: "spki" });
  // The public half is written first, so that a failure leaves no private key alone.
  writeNew(files.publicFile, publicText, 0o644);
  try {
    // Only its owner may read it.
    writeNew(files.privateFile, privateText, 0o600);
  } catch (error) {
    rmSync(files.publicFile, { force: true });
    throw error;
  }
  return keyIdText(readKeyFile(files.publicFile).id);
}

/** Writes a new file as a whole or not at all. Makes the folders that are missing on the way. */
function writeNew(file: string, text: string | Buffer, mode: number): void {
  let descriptor: number | undefined;
  try {
    mkdirSync(dirname(file), { recursive: true });
    // "wx" fails if the file exists, so none is ever replaced.
    descriptor = openSync(file, "wx", mode);
    writeFileSync(descriptor, text);
  } catch (error) {
    if (descriptor !== undefined) {
      rmSync(file, { force: true });
    }
    throw pathProblem(`cannot write ${file}`, file, error);
  } finally {
    if (descriptor !== undefined) {
      closeSync(descriptor);
    }
  }
}

/** A key id in its printed form. */
export function keyIdText(id: Uint8Array): string {
  return Buffer.from(id).toString("hex");
}
