/**
 * Which image on the disk is trusted. The build decides this (build/gen/trust.ts, made by toolchain/steps/trust.ts):
 * every image that a key has signed and that is not older than it may be, or only the image that was built together with this program. Reached from
 * mount.ts; goes on in libs/pkgimg/trust.ts.
 *
 * Nothing at run time can change it: no argument, no capability, nothing on the disk.
 */
import {
  DEVELOPMENT_KEY,
  OLDEST_SEQUENCE,
  TRUSTED_BUILD,
  TRUSTED_DIGEST,
  TRUSTED_KEY,
  TRUSTED_KEY_ID,
} from "gen/trust";
import { HASH_BYTES, ImageError } from "pkgimg/format";
import { Image } from "pkgimg/reader";
import { digestError, sequenceError, signatureError } from "pkgimg/trust";
import { line, print } from "runtime/log";
import { highestSequence, mapMemory, remember } from "./memory";

/** How many bytes of a digest or a key's id are printed, for a person to compare. */
const SHOWN_BYTES: usize = 8;

const scratch: usize = memory.data(HASH_BYTES, 8);

/** Has to come before the first judgement. False, after a line that says so: what was mounted before is not known. */
export function recall(): bool {
  const isMapped = mapMemory();
  if (!isMapped) {
    print(line().text("pkgfs: no memory of what was mounted before"));
  }
  return isMapped;
}

/** Whether to trust the opened image. */
export function judgeTrust(image: Image): ImageError {
  if (TRUSTED_BUILD) {
    return digestError(image, TRUSTED_DIGEST, scratch);
  }
  const signature = signatureError(image, TRUSTED_KEY, TRUSTED_KEY_ID);
  if (signature !== ImageError.None) {
    return signature;
  }
  return sequenceError(image, max(OLDEST_SEQUENCE, highestSequence()));
}

/** Remembers the mounted image, and prints why it is trusted: the key or the digest. */
export function sayTrust(image: Image): void {
  remember(image.sequence);
  const words = line().text(TRUSTED_BUILD ? "pkgfs: trusted build " : "pkgfs: signed by key ");
  const shown = TRUSTED_BUILD ? TRUSTED_DIGEST : TRUSTED_KEY_ID;
  words.hexBytes(shown, <u32>SHOWN_BYTES);
  if (DEVELOPMENT_KEY) {
    words.text(" (development key: anyone can sign)");
  }
  print(words);
}
