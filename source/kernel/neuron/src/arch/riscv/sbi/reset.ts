/** SBI system reset (SBI 10): the end. */
import { sbiCall } from "./call";

export const EXTENSION_SRST: u64 = 0x53525354;
const SYSTEM_RESET: u64 = 0;
const TYPE_SHUTDOWN: u64 = 0;
const REASON_NONE: u64 = 0;
const REASON_FAILURE: u64 = 1;

/** Turns the machine off; returns only if the firmware refuses, with its SbiError. */
export function shutdown(failed: bool): i32 {
  return sbiCall(EXTENSION_SRST, SYSTEM_RESET, TYPE_SHUTDOWN, failed ? REASON_FAILURE : REASON_NONE, 0, 0, 0);
}
