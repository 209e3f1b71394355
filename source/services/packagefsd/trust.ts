/**
 * Which image on the disk is believed, as this build was told (build/gen/trust.ts, made by toolchain/steps/trust.ts):
 * one that a key has signed, or the one image that was built together with this program. Reached from mount.ts; goes on
 * in libs/pkgimg/trust.ts.
 *
 * Nothing that can be said at run time gets here: no argument, no capability, nothing on the disk.
 */
import { DEVELOPMENT_KEY, TRUSTED_BUILD, TRUSTED_DIGEST, TRUSTED_KEY, TRUSTED_KEY_ID } from "gen/trust";
import { HASH_BYTES, ImageError } from "pkgimg/format";
import { Image } from "pkgimg/reader";
import { digestError, signatureError } from "pkgimg/trust";
import { line, print } from "runtime/log";

/** As much of a digest or a key's id as a person compares. */
const SHOWN_BYTES: usize = 8;

const scratch: usize = memory.data(HASH_BYTES, 8);

/** Whether the opened image is one to believe. */
export function judgeTrust(image: Image): ImageError {
  return TRUSTED_BUILD
    ? digestError(image, TRUSTED_DIGEST, scratch)
    : signatureError(image, TRUSTED_KEY, TRUSTED_KEY_ID);
}

/** Prints on whose word the mounted image is believed. */
export function sayTrust(): void {
  const words = line().text(TRUSTED_BUILD ? "pkgfs: trusted build " : "pkgfs: signed by key ");
  const shown = TRUSTED_BUILD ? TRUSTED_DIGEST : TRUSTED_KEY_ID;
  words.hexBytes(shown, <u32>SHOWN_BYTES);
  if (DEVELOPMENT_KEY) {
    words.text(" (development key: anybody can sign)");
  }
  print(words);
}
