/**
 * Rounds: nexus-init will end a service in a moment, and this task goes on reading until that has happened. Then all
 * files have to be read completely and correctly. The delay differs from round to round, so that the end falls into
 * every part of a read.
 */

import { Topic } from "abi/info";
import { Role } from "abi/startup";
import { RunStatus } from "gen/idl/init";
import { deadlineIn, information, now, result, sleepUntil } from "runtime/call";
import { line, print } from "runtime/log";
import { killServiceNamed, runStatusName } from "runtime/programs";
import { sleepFor } from "runtime/sleep";
import { slotOf, startup } from "runtime/startup";
import { takeAll } from "./greed";
import { checkFile, checkSectors, errors, fileCount, openAll, reads } from "./reads";

/** The services that a run of rounds ends. */
export const enum Victims {
  Virtioblkd = 0,
  Packagefsd = 1,
  Consoled = 2,
  Both = 3,
  /** One after another, while this task has taken all that its job may have. */
  Greedy = 4,
  Count = 5,
}

/** The name in the program's argument, which is also the service's name. */
export function nameOf(victims: Victims): string {
  if (victims === Victims.Virtioblkd) {
    return "virtioblkd";
  }
  if (victims === Victims.Packagefsd) {
    return "packagefsd";
  }
  if (victims === Victims.Consoled) {
    return "consoled";
  }
  return victims === Victims.Both ? "both" : "greedy";
}

/** The longest time that a round reads before the end comes. */
const DELAY_MICROSECONDS_MAX: u32 = 30_000;
/** The time between the ends of two services: the second ends while the first is starting again. */
const BETWEEN_MICROSECONDS: u64 = 3_000;
/** Rounds are so far apart that no service is given up (source/init/nexus-init/limits.ts). */
const PACE_MILLISECONDS: u64 = 1_400;
/** How often the end of a service is requested while it is not running, and how long each pause is. */
const KILL_TRIES_MAX: u32 = 2_000;
const PAUSE_MILLISECONDS: u64 = 2;
/** How often a whole file is tried after an end. */
const TRIES_MAX: u32 = 10;
/** Rounds before memory is measured: by then, services have all the memory that they need once. */
const WARM_ROUNDS: u32 = 2;

/** How many services there are to end: those before `Both`. */
const EACH: u32 = Victims.Both;

/** Numbers that look random, the same in every run (a linear congruence; Knuth 2, 3.3.4). */
let seed: u32 = 12_345;

function random(below: u32): u32 {
  seed = seed * 1_664_525 + 1_013_904_223;
  return (seed >> 8) % below;
}

/** Prints `chaos: ok rounds=…`; or prints what failed and returns false. */
export function runRounds(victims: Victims, rounds: u32): bool {
  if (!openAll() || (victims === Victims.Greedy && !takeAll())) {
    return false;
  }
  let freeBefore: u64 = 0;
  for (let round: u32 = 0; round < rounds + WARM_ROUNDS; round++) {
    if (round === WARM_ROUNDS) {
      freeBefore = freeBytes();
    }
    const next = deadlineIn(PACE_MILLISECONDS, startup().timebase);
    if (!runRound(victims === Victims.Greedy ? <Victims>(round % EACH) : victims)) {
      return false;
    }
    sleepUntil(next);
  }
  const words = line().text("chaos: ok rounds=").decimal(rounds).text(" reads=").decimal(reads());
  words.text(" errors=").decimal(errors()).text(" free_before=").decimal(freeBefore);
  print(words.text(" free_after=").decimal(freeBytes()));
  return true;
}

function runRound(victims: Victims): bool {
  const delay = <u64>random(DELAY_MICROSECONDS_MAX);
  if (!plan(victims === Victims.Both ? "virtioblkd" : nameOf(victims), delay)) {
    return false;
  }
  if (!readUntil(delay)) {
    return false;
  }
  if (victims === Victims.Both) {
    if (!plan("packagefsd", BETWEEN_MICROSECONDS) || !readUntil(BETWEEN_MICROSECONDS)) {
      return false;
    }
  }
  return readAll();
}

/** Asks nexus-init to end a service in `delay` microseconds. Waits for a service that is just starting again. */
function plan(name: string, delay: u64): bool {
  let outcome: i32 = RunStatus.ok;
  for (let i: u32 = 0; i < KILL_TRIES_MAX; i++) {
    outcome = killServiceNamed(slotOf(Role.InitService), name, delay);
    if (outcome === RunStatus.ok) {
      return true;
    }
    if (outcome !== RunStatus.busy && outcome !== RunStatus.badName) {
      break;
    }
    sleepFor(PAUSE_MILLISECONDS);
  }
  const why = outcome < 0 ? "nexus-init does not answer" : runStatusName(outcome);
  print(line().text("chaos: ").text(name).text(" cannot be ended: ").text(why));
  return false;
}

/** Goes on reading for so many microseconds. Errors are allowed; for anything else it prints why and returns false. */
function readUntil(microseconds: u64): bool {
  const until = now() + (microseconds * startup().timebase) / 1_000_000;
  do {
    for (let file: u32 = 0; file < fileCount() && now() <= until; file++) {
      if (checkFile(file) < 0) {
        return false;
      }
    }
    if (checkSectors() < 0) {
      return false;
    }
  } while (now() <= until);
  return true;
}

/** Reads every file and the sectors, which must be complete and right. A file whose read failed is opened again. */
function readAll(): bool {
  for (let file: u32 = 0; file < fileCount(); file++) {
    if (!insist(file)) {
      return false;
    }
  }
  return insist(SECTORS);
}

const SECTORS: u32 = 0xffff_ffff;

function insist(file: u32): bool {
  for (let i: u32 = 0; i < TRIES_MAX; i++) {
    const verdict = file === SECTORS ? checkSectors() : checkFile(file);
    if (verdict !== 0) {
      return verdict > 0;
    }
  }
  print(line().text("chaos: reads did not recover"));
  return false;
}

function freeBytes(): u64 {
  return information(slotOf(Role.Info), Topic.System, 0) < 0 ? 0 : result(4);
}
