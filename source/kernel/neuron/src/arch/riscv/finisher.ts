/**
 * The test finisher of `virt` (SiFive's test device): a store ends the machine with an exit code. The kernel uses it only
 * for failures, whose code the firmware may swallow: OpenSBI 1.1 ends the machine with 0 for every reason of SBI SRST.
 */
import { volatileStore32 } from "./intrinsics";

/** As QEMU defines it: the low half says that it failed, the high half is the code. */
const FAIL: u32 = 0x3333;
const CODE_SHIFT: u32 = 16;
/** What ends the machine with exit code 1. */
export const FAILURE: u32 = FAIL | (1 << CODE_SHIFT);

let base: usize = 0;

/** Kernel address of the register. Until this is called there is none. */
export function useFinisher(address: usize): void {
  base = address;
}

/** Ends the machine with exit code 1, where it has the device. */
export function finishWithFailure(): void {
  if (base !== 0) {
    volatileStore32(base, FAILURE);
  }
}
