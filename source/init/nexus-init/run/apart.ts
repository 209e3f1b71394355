/**
 * Keeps apart what one program prints, for `./nx run` on the host. The kernel frames what is written with a badge
 * (abi/syscall.ts), and the program's badge comes from the run's random number, which the host knows and no service does.
 * How the program ended goes out by a second badge, which only nexus-init can write with: a line that looks like it can
 * be in an echo, or in what another task prints.
 */
import { Right } from "abi/handle";
import { Topic } from "abi/info";
import { Refusal } from "abi/refusal";
import { Role } from "abi/startup";
import { End } from "abi/task";
import { copySlot, drop, information, result, taskStatus } from "runtime/call";
import { line, writeTo } from "runtime/log";
import { sayEnd } from "runtime/names";
import { slotOf } from "runtime/startup";
import { Program } from "../topology";

/** The badge of the program's own bytes: never 0, which would be none. */
export function outputBadge(): u32 {
  return badgeOf(0);
}

/** Tells the host how a program ended, if its output is kept apart. Its task still has to be there. */
export function tellEnd(program: Program): void {
  if (program.consoleBadge === 0 || taskStatus(program.task) < 0) {
    return;
  }
  const words = sayEnd(line(), <End>result(1), result(2));
  if (copySlot(slotOf(Role.ConsoleOwner), Right.Write, badgeOf(1)) !== Refusal.None) {
    return;
  }
  const console = <u32>result(0);
  writeTo(console, words.address, words.length);
  drop(console);
}

/** The first 32 bits (0), or the next (1), of the run's random number; 1 for a number that is 0. */
function badgeOf(half: u32): u32 {
  if (information(slotOf(Role.Info), Topic.Nonce, 0) < 0) {
    return 1 + half;
  }
  return max<u32>(1 + half, <u32>(result(0) >> (<u64>half * 32)));
}
