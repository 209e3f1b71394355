/** SBI remote fences (SBI 8): what another hart's TLB may still hold. */
import { sbiCall } from "./call";

export const EXTENSION_RFENCE: u64 = 0x52464e43;
const REMOTE_SFENCE_VMA_ASID: u64 = 2;

/** sfence.vma for `bytes` from `address` in address space `asid` on harts `base` + n for each bit n of `mask`. */
export function remoteSfenceVmaAsid(mask: u64, base: u64, address: u64, bytes: u64, asid: u64): i32 {
  return sbiCall(EXTENSION_RFENCE, REMOTE_SFENCE_VMA_ASID, mask, base, address, bytes, asid);
}
