/**
 * Waiting for time to pass.
 *
 *     sleepFor(100);
 */
import { deadlineIn, sleepUntil } from "./call";
import { startup } from "./startup";

/** Sleeps for so many milliseconds; other tasks have the hart meanwhile. Returns 0, or a Refusal. */
export function sleepFor(milliseconds: u64): i32 {
  return sleepUntil(deadlineIn(milliseconds, startup().timebase));
}
