/**
 * What TLBs still hold after a mapping is gone. This hart flushes by itself; harts that ran the address space before
 * are asked through SBI RFENCE, all with one call.
 */
import { hartAt, hartCount, thisHart } from "./hart";
import { sfenceVma } from "./intrinsics";
import { remoteSfenceVmaAsid } from "./sbi/rfence";

/** Physical ids that fit one mask; a hart beyond is asked by itself. */
const MASK_BITS: u64 = 64;

/**
 * Forgets `bytes` from `address` in address space `asid`: here, and on the harts of `mask` (logical numbers). No lock
 * is held, because the others answer in their firmware.
 */
export function shootDown(mask: u32, address: u32, bytes: u32, asid: u32): void {
  sfenceVma();
  const self = thisHart().index;
  let physical: u64 = 0;
  for (let i: u32 = 0; i < hartCount(); i++) {
    if (i === self || (mask & (1 << i)) === 0) continue;
    const hartid = hartAt(i).hartid;
    if (hartid < MASK_BITS) physical |= (<u64>1) << hartid;
    else remoteSfenceVmaAsid(1, hartid, address, bytes, asid);
  }
  if (physical !== 0) remoteSfenceVmaAsid(physical, 0, address, bytes, asid);
}
