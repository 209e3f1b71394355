/**
 * Every hart ticks, and every hart's interrupt reaches every other.
 *
 * Ticks: each hart's counter is read, then read again until all have grown. The values are the proof. IPIs: this task
 * moves itself to hart a and asks from there to continue on hart b. That is a wake-up across harts, so hart a has to
 * interrupt hart b. After all ordered pairs the kernel's matrix of taken IPIs has no zero off its diagonal.
 */

import { Topic } from "abi/info";
import { Role } from "abi/startup";
import { PRODUCTION } from "gen/profile";
import { information, result, yieldTo } from "runtime/call";
import { moveTo } from "runtime/harts";
import { refusalName } from "runtime/names";
import { sleepFor } from "runtime/sleep";
import { slotOf } from "runtime/startup";
import { Line } from "text/line";
import { fail, failed, passedOnHarts, proofData } from "./report";

/** Logical hart numbers are below this; a hart that did not come up leaves a gap. */
const HARTS_MAX: u32 = 4;

/** How long all counters may take to grow: a hundred milliseconds at most on a machine that is not overloaded. */
const TICK_ROUNDS_MAX: u32 = 1200;
const TICK_ROUND_MILLISECONDS: u64 = 50;

/** How often all pairs are tried again: a hart that is already awake, or was already told, needs no IPI. */
const PAIR_ROUNDS_MAX: u32 = 200;
const PAUSE_MILLISECONDS: u64 = 2;

const firstTicks: usize = memory.data(HARTS_MAX * 8, 8);
const secondTicks: usize = memory.data(HARTS_MAX * 8, 8);
/** Which harts are online, a byte each. */
const online: usize = memory.data(HARTS_MAX, 8);

if (HARTS_MAX !== 4) {
  ERROR("IpiRow tells of four harts");
}

/** `SELFTEST: smp per-hart ticks ok`. */
export function testTicks(): bool {
  if (!findHarts()) {
    return false;
  }
  readTicks(firstTicks);
  for (let round: u32 = 0; round < TICK_ROUNDS_MAX; round++) {
    pause(TICK_ROUND_MILLISECONDS);
    readTicks(secondTicks);
    if (haveAllGrown()) {
      return passedOnHarts("smp per-hart ticks", "smp-ticks", ticksData());
    }
  }
  const words = failed("smp-ticks").text("no tick within a minute on");
  for (let hart: u32 = 0; hart < HARTS_MAX; hart++) {
    if (isOnline(hart) && !hasGrown(hart)) {
      nameHart(words.text(" "), hart);
    }
  }
  return fail(words);
}

/** `SELFTEST: smp ipi ok`. With one hart there is no pair, and no data to prove. */
export function testIpis(): bool {
  if (!findHarts()) {
    return false;
  }
  for (let round: u32 = 0; round < PAIR_ROUNDS_MAX; round++) {
    for (let a: u32 = 0; a < HARTS_MAX; a++) {
      for (let b: u32 = 0; b < HARTS_MAX; b++) {
        if (!isPair(a, b)) {
          continue;
        }
        if (!moveTo(a)) {
          return cannotMove(a);
        }
        const status = yieldTo(b);
        if (status < 0) {
          return fail(failed("smp-ipi").text("yieldTo was refused: ").text(refusalName(status)));
        }
      }
    }
    if (!moveTo(0)) {
      return cannotMove(0);
    }
    if (firstQuietPair() === NO_PAIR) {
      return passedOnHarts("smp ipi", "smp-ipi", ipisData());
    }
    pause(PAUSE_MILLISECONDS);
  }
  const quiet = firstQuietPair();
  const words = nameHart(failed("smp-ipi").text("no IPI arrived from "), quiet / HARTS_MAX);
  return fail(nameHart(words.text(" at "), quiet % HARTS_MAX));
}

/** Notes which harts are online. Prints why and returns false if the kernel's count differs. */
function findHarts(): bool {
  const info = slotOf(Role.Info);
  const status = information(info, Topic.System, 0);
  if (status < 0) {
    return fail(failed("smp").text("no information: ").text(refusalName(status)));
  }
  const told = <u32>result(0);
  const mask = <u32>result(5);
  for (let hart: u32 = 0; hart < HARTS_MAX; hart++) {
    store<u8>(online + <usize>hart, <u8>((mask >> hart) & 1));
  }
  if (popcnt(mask) === told && mask >> HARTS_MAX === 0 && isOnline(0)) {
    return true;
  }
  const words = failed("smp").decimal(told).text(" harts are said to be online, and ");
  return fail(words.decimal(popcnt(mask)).text(" are named"));
}

function isOnline(hart: u32): bool {
  return load<u8>(online + <usize>hart) !== 0;
}

function isPair(a: u32, b: u32): bool {
  return a !== b && isOnline(a) && isOnline(b);
}

function readTicks(table: usize): void {
  for (let hart: u32 = 0; hart < HARTS_MAX; hart++) {
    if (!isOnline(hart)) {
      continue;
    }
    information(slotOf(Role.Info), Topic.Hart, hart);
    store<u64>(table + <usize>(hart << 3), result(1));
  }
}

function ticksIn(table: usize, hart: u32): u64 {
  return load<u64>(table + <usize>(hart << 3));
}

function hasGrown(hart: u32): bool {
  return ticksIn(secondTicks, hart) > ticksIn(firstTicks, hart);
}

function haveAllGrown(): bool {
  for (let hart: u32 = 0; hart < HARTS_MAX; hart++) {
    if (isOnline(hart) && !hasGrown(hart)) {
      return false;
    }
  }
  return true;
}

/** `0:12>45 1:10>43`. */
function ticksData(): Line {
  const data = proofData();
  for (let hart: u32 = 0; hart < HARTS_MAX; hart++) {
    if (!isOnline(hart)) {
      continue;
    }
    if (data.length !== 0) {
      data.text(" ");
    }
    data
      .decimal(hart)
      .text(":")
      .decimal(ticksIn(firstTicks, hart))
      .text(">")
      .decimal(ticksIn(secondTicks, hart));
  }
  return data;
}

function cannotMove(hart: u32): bool {
  return fail(nameHart(failed("smp-ipi").text("this task cannot get to "), hart));
}

/** Which hart is for bring-up only. */
function nameHart(words: Line, hart: u32): Line {
  return PRODUCTION ? words.text("a hart") : words.text("hart").decimal(hart);
}

/** How many IPIs from hart `a` hart `b` has taken. */
function taken(a: u32, b: u32): u64 {
  return information(slotOf(Role.Info), Topic.IpiRow, a) < 0 ? 0 : result(b);
}

const NO_PAIR: u32 = 0xffff_ffff;

/** The first ordered pair without an IPI, as a * HARTS_MAX + b, or NO_PAIR. */
function firstQuietPair(): u32 {
  for (let a: u32 = 0; a < HARTS_MAX; a++) {
    for (let b: u32 = 0; b < HARTS_MAX; b++) {
      if (isPair(a, b) && taken(a, b) === 0) {
        return a * HARTS_MAX + b;
      }
    }
  }
  return NO_PAIR;
}

/** `0>1:3 0>2:1 …`. */
function ipisData(): Line {
  const data = proofData();
  for (let a: u32 = 0; a < HARTS_MAX; a++) {
    for (let b: u32 = 0; b < HARTS_MAX; b++) {
      if (!isPair(a, b)) {
        continue;
      }
      if (data.length !== 0) {
        data.text(" ");
      }
      data.decimal(a).text(">").decimal(b).text(":").decimal(taken(a, b));
    }
  }
  return data;
}

function pause(milliseconds: u64): void {
  sleepFor(milliseconds);
}
