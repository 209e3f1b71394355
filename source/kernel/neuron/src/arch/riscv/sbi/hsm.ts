/**
 * SBI hart state management (SBI 9). Only the kernel can reach it: an ecall of a task goes to the kernel, never to the
 * firmware. Hart ids and entry points are checked by the caller, arch/riscv/smp.ts, against the device tree and the
 * kernel's text.
 */
import { sbiCall, sbiQuery } from "./call";

export const EXTENSION_HSM: u64 = 0x48534d;

const HART_START: u64 = 0;
export const HART_STOP: u64 = 1;
const HART_GET_STATUS: u64 = 2;

/** States of SBI 9, table 2. */
export const enum HartState {
  Started = 0,
  Stopped = 1,
  StartPending = 2,
  StopPending = 3,
}

const state: usize = memory.data(8, 8);

/** Starts hart `hartid` at physical address `entry`, paging off, with a0 = its id and a1 = `opaque`. An SbiError. */
export function hartStart(hartid: u64, entry: u64, opaque: u64): i32 {
  return sbiCall(EXTENSION_HSM, HART_START, hartid, entry, opaque, 0, 0);
}

/** Stops the calling hart. Returns only on an error. */
export function hartStop(): i32 {
  return sbiCall(EXTENSION_HSM, HART_STOP, 0, 0, 0, 0, 0);
}

/** The state of a hart, or an SbiError (negative). Called by one hart at a time. */
export function hartStatus(hartid: u64): i32 {
  const error = sbiQuery(EXTENSION_HSM, HART_GET_STATUS, hartid, state);
  return error < 0 ? error : <i32>load<u64>(state);
}
