/**
 * The in-memory fixtures: an image of the same format inside the boot bundle, for a machine without a disk. It is
 * mapped read-only and then read as a disk would be (blocks.ts), hash tree and all. Reached from mount.ts.
 */
import { Right } from "abi/handle";
import { PAGE_BYTES } from "abi/layout";
import { Refusal } from "abi/refusal";
import { map, result, vmoSize } from "runtime/call";
import { BLOCK_SHIFT, FIXTURES_ADDRESS, FIXTURES_BYTES_MAX } from "./limits";

/**
 * Maps the fixtures at FIXTURES_ADDRESS. Returns how many blocks they have, or 0 if there are no fixtures or they cannot be
 * mapped.
 */
export function mapFixtures(slot: u32): u32 {
  if (vmoSize(slot) !== Refusal.None) {
    return 0;
  }
  const size = result(0);
  if (size === 0 || size > <u64>FIXTURES_BYTES_MAX) {
    return 0;
  }
  const bytes = <u32>size & ~(PAGE_BYTES - 1);
  if (map(slot, FIXTURES_ADDRESS, 0, bytes, Right.Read) !== Refusal.None) {
    return 0;
  }
  return bytes >> BLOCK_SHIFT;
}
