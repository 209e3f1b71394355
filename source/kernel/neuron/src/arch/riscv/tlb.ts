/**
 * What TLBs still hold after a mapping is gone. This hart flushes by itself; harts that ran the address space before
 * are asked through SBI RFENCE, all with one call.
 */
import { hartAt, hartCount, isOnline, thisHart } from "./hart";
import { sfenceVma } from "./intrinsics";
import { SbiError } from "./sbi/call";
import { remoteSfenceVmaAsid } from "./sbi/rfence";

/** Physical ids that fit one mask; a hart beyond is asked by itself. */
const MASK_BITS: u64 = 64;

/** As a size: all of the address space (SBI 8). */
const EVERYTHING: u64 = u64.MAX_VALUE;

/**
 * Forgets all of address space `asid`: here, and on the harts of `mask` (logical numbers). A hart that is offline forgets
 * everything on its way back (entry.S). No lock is held, because the others answer in their firmware.
 *
 * All of it, because then the caller need not ask those harts again until they run the space again.
 */
export function shootDown(mask: u32, asid: u32): void {
  sfenceVma();
  const self = thisHart().index;
  let physical: u64 = 0;
  for (let i: u32 = 0; i < hartCount(); i++) {
    if (i === self || (mask & (1 << i)) === 0 || !isOnline(i)) continue;
    const hartid = hartAt(i).hartid;
    if (hartid < MASK_BITS) physical |= (<u64>1) << hartid;
    else ask(1, hartid, asid);
  }
  if (physical !== 0) ask(physical, 0, asid);
}

/** Memory that a TLB may still show must not become another's: without an answer there is nothing to go on with. */
function ask(mask: u64, base: u64, asid: u32): void {
  const error = remoteSfenceVmaAsid(mask, base, 0, EVERYTHING, asid);
  assert(error === SbiError.Success);
}
