/**
 * `hw smp`, `hart stop`, `hart start`: the harts with the kernel's counters, and stopping and starting them.
 */

import { Topic } from "abi/info";
import { Refusal } from "abi/refusal";
import { Role } from "abi/startup";
import { PRODUCTION } from "gen/profile";
import { information, restartHart, result, stopHart } from "runtime/call";
import { CommandLine } from "runtime/command-line";
import { onlineHarts } from "runtime/harts";
import { print } from "runtime/log";
import { sleepFor } from "runtime/sleep";
import { slotOf } from "runtime/startup";
import { parseDecimal } from "text/bytes";
import { beginFacts, beginRow, endRow, isForPeople, number, refused, say, words } from "../answer";

/** Logical hart numbers are below this; one that did not come up leaves a gap. */
const HARTS_MAX: u32 = 4;
/** How often to look whether a hart has stopped: for five seconds in all. */
const STOP_LOOKS_MAX: u32 = 1000;
const STOP_LOOK_MILLISECONDS: u64 = 5;

/** The harts that are online, each with its counters. If that fails, prints why and returns false. */
export function answerSmp(_line: CommandLine): bool {
  const info = slotOf(Role.Info);
  const status = information(info, Topic.System, 0);
  if (status < 0) {
    return refused("asking the kernel", status);
  }
  // Printing is a system call too, so it would overwrite the results.
  const online = result(5);
  beginFacts("smp");
  number("online", 0, popcnt(online));
  endRow();
  if (PRODUCTION) {
    return true; // which harts, and how often they ticked, is for bring-up only
  }
  for (let hart: u32 = 0; hart < HARTS_MAX; hart++) {
    // The kernel has counters for harts that are not online, too.
    if (((online >> hart) & 1) !== 0 && information(info, Topic.Hart, hart) >= 0) {
      answerHart(hart);
    }
  }
  return true;
}

/** Prints the six words of Topic.Hart that were just requested, and the three of Topic.HartLimits. */
function answerHart(hart: u32): void {
  beginRow();
  number("hart", 4, hart);
  number("hartid", 6, result(0));
  number("ticks", 7, result(1));
  number("ipis_sent", 7, result(2));
  number("ipis_received", 7, result(3));
  number("switches", 8, result(4));
  number("stolen", 6, result(5));
  if (information(slotOf(Role.Info), Topic.HartLimits, hart) >= 0) {
    // A row for a person has 80 columns.
    if (!isForPeople()) {
      number("ipis_limited", 0, result(0));
      number("ipis_spared", 0, result(1));
    }
    number("idle", 7, result(2));
  }
  endRow();
}

/** `hart stop N`: its tasks go on elsewhere. Done when it is gone. */
export function stop(line: CommandLine): bool {
  const hart = hartWord(line);
  if (hart === HARTS_MAX) {
    return false;
  }
  const status = stopHart(slotOf(Role.Harts), hart);
  if (status < 0 || isGone(hart)) {
    return changed(hart, status, "stopped");
  }
  print(say("hart ").decimal(hart).text(" was asked to stop, and has not stopped yet"));
  return false;
}

/** Whether `hart` goes offline. It does so at its next trap, at the latest the next tick. */
function isGone(hart: u32): bool {
  for (let i: u32 = 0; i < STOP_LOOKS_MAX; i++) {
    if ((onlineHarts() & (1 << hart)) === 0) {
      return true;
    }
    sleepFor(STOP_LOOK_MILLISECONDS);
  }
  return false;
}

/** `hart start N`: one that was stopped comes back. */
export function restart(line: CommandLine): bool {
  const hart = hartWord(line);
  if (hart === HARTS_MAX) {
    return false;
  }
  return changed(hart, restartHart(slotOf(Role.Harts), hart), "started");
}

/** The third word of the line as the number of a hart; HARTS_MAX, after printing why, if it is none. */
function hartWord(line: CommandLine): u32 {
  const value = parseDecimal(line.wordStart(2), line.wordLength(2));
  if (value < <u64>HARTS_MAX) {
    return <u32>value;
  }
  print(say("a hart's number is needed, 0 to 3"));
  return HARTS_MAX;
}

function changed(hart: u32, status: i32, state: string): bool {
  if (status === Refusal.BadState) {
    print(
      say("hart ")
        .decimal(hart)
        .text(" cannot be ")
        .text(state)
        .text(" now: it is already, or is the last one"),
    );
    return false;
  }
  if (status < 0) {
    return refused("changing a hart", status);
  }
  if (isForPeople()) {
    print(say("hart ").decimal(hart).text(" is ").text(state));
    return true;
  }
  beginRow();
  number("hart", 0, hart);
  words("state", 0, state);
  endRow();
  return true;
}
