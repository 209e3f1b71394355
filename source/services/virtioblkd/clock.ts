/**
 * The time, asked of the kernel once in each turn of the service, however many reads the turn starts. A deadline may so be
 * a turn's length too early, of four seconds.
 */
import { now } from "runtime/call";
import { startup } from "runtime/startup";
import { READ_MILLISECONDS } from "./limits";

let time: u64 = 0;
let isKnown: bool = false;

/** The time in this turn, in ticks. */
export function turnTime(): u64 {
  if (!isKnown) {
    time = now();
    isKnown = true;
  }
  return time;
}

/** The turn ends: the service waits. */
export function endTurn(): void {
  isKnown = false;
}

/** When a try that begins now has to be answered. */
export function deadlineOfTry(): u64 {
  return turnTime() + (READ_MILLISECONDS * startup().timebase) / 1000;
}
