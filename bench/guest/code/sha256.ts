/** SHA-256 of 4 KiB: the library that the system verifies its disk with. */
import { SHA256_STATE_BYTES, Sha256 } from "sha256/sha256";
import { fillWords, foldWords } from "./input";

const MESSAGE_BYTES: u32 = 4096;
const DIGEST_WORDS: u32 = 8;

export function prepare(base: usize): void {
  fillWords(base, MESSAGE_BYTES >> 2, 1);
}

export function work(base: usize): u32 {
  const hash = changetype<Sha256>(base + MESSAGE_BYTES);
  const digest = base + MESSAGE_BYTES + SHA256_STATE_BYTES;
  hash.begin().update(base, MESSAGE_BYTES).finish(digest);
  return foldWords(digest, DIGEST_WORDS);
}
