/**
 * SBI inter-processor interrupts (SBI 7): a supervisor software interrupt on other harts. Reached from
 * arch/riscv/ipi.ts.
 */
import { sbiCall } from "./call";

export const EXTENSION_IPI: u64 = 0x735049;
const SEND_IPI: u64 = 0;

/** Interrupts the harts `base` + n for each bit n of `mask` (physical ids). An SbiError. */
export function sendIpi(mask: u64, base: u64): i32 {
  return sbiCall(EXTENSION_IPI, SEND_IPI, mask, base, 0, 0, 0);
}
