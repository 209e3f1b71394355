/**
 * Which image on the disk is trusted. The build decides this (build/gen/trust.ts, made by toolchain/steps/trust.ts):
 * every image that a key has signed and that is not older than it may be, or only the image that was built together
 * with this program. Reached from mount.ts; goes on in libs/pkgimg/trust.ts.
 *
 * Nothing at run time can change it: no argument, no capability, nothing on the disk.
 */
import { Right } from "abi/handle";
import { PAGE_BYTES } from "abi/layout";
import { Refusal } from "abi/refusal";
import { Role } from "abi/startup";
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
import { map } from "runtime/call";
import { line, print } from "runtime/log";
import { slotOf } from "runtime/startup";
import { MEMORY_ADDRESS } from "./limits";

/** How many bytes of a digest or a key's id are printed, for a person to compare. */
const SHOWN_BYTES: usize = 8;

const scratch: usize = memory.data(HASH_BYTES, 8);

/**
 * Maps the page that all lives of packagefsd have (Role.Memory): a disk whose image is swapped for an older one while
 * packagefsd is started again would otherwise take the system back. Has to come before the first judgement. False, after
 * a line that says so: there is no such page.
 */
export function recall(): bool {
  const rights = Right.Read | Right.Write;
  if (map(slotOf(Role.Memory), MEMORY_ADDRESS, 0, PAGE_BYTES, rights) !== Refusal.None) {
    print(line().text("pkgfs: no memory of what was mounted before"));
    return false;
  }
  return true;
}

/** The highest sequence that was mounted in this run of the machine; 0 if none was. */
function highestSequence(): u64 {
  return load<u64>(MEMORY_ADDRESS);
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
  store<u64>(MEMORY_ADDRESS, image.sequence);
  const words = line().text(TRUSTED_BUILD ? "pkgfs: trusted build " : "pkgfs: signed by key ");
  const shown = TRUSTED_BUILD ? TRUSTED_DIGEST : TRUSTED_KEY_ID;
  words.hexBytes(shown, <u32>SHOWN_BYTES);
  if (DEVELOPMENT_KEY) {
    words.text(" (development key: anyone can sign)");
  }
  print(words);
}
