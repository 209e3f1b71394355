/** Where this task runs: for programs that want to be on a hart of their choice, to see what it does there. */
import { Topic } from "abi/info";
import { Role } from "abi/startup";
import { currentHart, deadlineIn, information, result, sleepUntil, yieldTo } from "./call";
import { slotOf, startup } from "./startup";

/** How often a move to another hart is asked for. Others may be given that hart first, so it need not work at once. */
const MOVES_MAX: u32 = 2000;
const PAUSE_MILLISECONDS: u64 = 2;

/** Asks to go on at `hart` until this task is there. False if it is refused, or does not come to pass. */
export function moveTo(hart: u32): bool {
  for (let i: u32 = 0; i < MOVES_MAX; i++) {
    if (currentHart() === hart) {
      return true;
    }
    if (yieldTo(hart) < 0) {
      return false;
    }
    // It is a hint only: give whoever had that hart first some time.
    if (currentHart() !== hart) {
      sleepUntil(deadlineIn(PAUSE_MILLISECONDS, startup().timebase));
    }
  }
  return false;
}

/** The harts that are online, as bits by logical number; 0 if the kernel does not say. */
export function onlineHarts(): u32 {
  return information(slotOf(Role.Info), Topic.System, 0) < 0 ? 0 : <u32>result(5);
}
