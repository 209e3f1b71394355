/** One SBI call: the error and the value. Every extension's file goes through here. */
import { sbiEcall } from "../assembly";

/** Errors of SBI 3.0, table 1. */
export const enum SbiError {
  Success = 0,
  Failed = -1,
  NotSupported = -2,
  InvalidParam = -3,
  Denied = -4,
  InvalidAddress = -5,
  AlreadyAvailable = -6,
  AlreadyStarted = -7,
  AlreadyStopped = -8,
}

/** An error in words. */
export function sbiErrorName(error: i32): string {
  switch (error) {
    case SbiError.Failed:
      return "failed";
    case SbiError.NotSupported:
      return "not supported";
    case SbiError.InvalidParam:
      return "invalid parameter";
    case SbiError.Denied:
      return "denied";
    default:
      return "no reason given";
  }
}

/** Where a call stores a value that is not read. Harts may race on it; nothing depends on it. */
const unused: usize = memory.data(8, 8);

/** Calls function `functionId` of `extension`; only the error comes back. */
export function sbiCall(extension: u64, functionId: u64, a0: u64, a1: u64, a2: u64, a3: u64, a4: u64): i32 {
  return <i32>sbiEcall(extension, functionId, a0, a1, a2, a3, a4, unused);
}

/** Calls a function that returns a value, which is stored at `valueAddress` (8 bytes). */
export function sbiQuery(extension: u64, functionId: u64, a0: u64, valueAddress: usize): i32 {
  return <i32>sbiEcall(extension, functionId, a0, 0, 0, 0, 0, valueAddress);
}
