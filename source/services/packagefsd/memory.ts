/**
 * What packagefsd remembers from life to life: the highest sequence of an image that it mounted. A disk whose image is
 * swapped for an older one while packagefsd is started again would otherwise take the system back. Reached from
 * trust.ts.
 *
 * nexus-init keeps the memory object, one page, which is zero before the first life. Nothing outlives the machine's run.
 */
import { Right } from "abi/handle";
import { PAGE_BYTES } from "abi/layout";
import { Refusal } from "abi/refusal";
import { Role } from "abi/startup";
import { map } from "runtime/call";
import { slotOf } from "runtime/startup";
import { MEMORY_ADDRESS } from "./limits";

/** Maps the page. False: there is none, so an older image cannot be told from the one before. */
export function mapMemory(): bool {
  return map(slotOf(Role.Memory), MEMORY_ADDRESS, 0, PAGE_BYTES, Right.Read | Right.Write) === Refusal.None;
}

/** The highest sequence that was mounted in this run of the machine; 0 if none was. */
export function highestSequence(): u64 {
  return load<u64>(MEMORY_ADDRESS);
}

export function remember(sequence: u64): void {
  store<u64>(MEMORY_ADDRESS, sequence);
}
