/** SBI timer (SBI 6). */
import { sbiCall } from "./call";

export const EXTENSION_TIME: u64 = 0x54494d45;
const SET_TIMER: u64 = 0;

/** This hart's timer interrupt comes when time reaches `deadline` (ticks). Also clears the pending one. */
export function setTimer(deadline: u64): i32 {
  return sbiCall(EXTENSION_TIME, SET_TIMER, deadline, 0, 0, 0, 0);
}
