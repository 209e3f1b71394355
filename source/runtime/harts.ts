/** The hart that this task runs on: for programs that choose their hart, to measure or test something there. */

import { Topic } from "abi/info";
import { Role } from "abi/startup";
import { currentHart, information, result, yieldTo } from "./call";
import { sleepFor } from "./sleep";
import { slotOf } from "./startup";

/**
 * How often a move to another hart is asked for. Other tasks may get that hart first, so one request may not be enough.
 */
const MOVES_MAX: u32 = 2000;
const PAUSE_MILLISECONDS: u64 = 2;

/**
 * Asks to continue on `hart` until this task is there. False if the kernel refuses, or MOVES_MAX requests were not
 * enough.
 */
export function moveTo(hart: u32): bool {
  for (let i: u32 = 0; i < MOVES_MAX; i++) {
    if (currentHart() === hart) {
      return true;
    }
    if (yieldTo(hart) < 0) {
      return false;
    }
    // It is only a hint: the task that got the hart first needs some time.
    if (currentHart() !== hart) {
      sleepFor(PAUSE_MILLISECONDS);
    }
  }
  return false;
}

/** The harts that are online, as bits by logical number; 0 if the kernel does not say. */
export function onlineHarts(): u32 {
  return information(slotOf(Role.Info), Topic.System, 0) < 0 ? 0 : <u32>result(5);
}
