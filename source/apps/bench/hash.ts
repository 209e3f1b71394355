/**
 * Hashing 4 KiB, as packagefsd does with each block that it reads. The host runs this on a processor with Zbb and on one
 * without (bench/kernel/hash.ts).
 */
import { PAGE_BYTES } from "abi/layout";
import { Extension } from "abi/startup";
import { BLAKE2B_STATE_BYTES, Blake2b, hashWithZbb } from "blake2b/blake2b";
import { offers } from "runtime/startup";
import { benchBeginStretch, benchEndStretch, benchOperation } from "./assembly";
import { ROUNDS, WARM_ROUNDS } from "./limits";

const DIGEST_BYTES: u32 = 32;

const hasher = changetype<Blake2b>(memory.data(BLAKE2B_STATE_BYTES, 8));
const block: usize = memory.data(PAGE_BYTES, 8);
const digest: usize = memory.data(DIGEST_BYTES, 8);

export function measureHash(): i32 {
  hashWithZbb(offers(Extension.Zbb));
  benchOperation("hash 4 KiB", WARM_ROUNDS);
  for (let i: u32 = 0; i < ROUNDS; i++) {
    store<u32>(block, i);
    benchBeginStretch();
    hasher.begin().update(block, PAGE_BYTES).finish(digest, DIGEST_BYTES);
    benchEndStretch();
  }
  return 0;
}
