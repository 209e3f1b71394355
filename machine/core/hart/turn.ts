/**
 * One hart's turn: runs the hart for a number of instructions. It takes interrupts between two stretches of instructions.
 *
 * Reached from machine.ts; goes on in execute/loop.ts.
 */

import { Chaos, chaosMask, demote, isChaos, isWatching, turnEnds } from "../chaos/chaos";
import { drainSome } from "../chaos/store-buffer";
import { clock, eventClock, NEVER, setEventClock, TICK_SHIFT, time } from "../clock";
import { isAnyHot, serveHot } from "../code/hot";
import { busEvents, busNextEvent } from "../devices/bus";
import { Exact, FAST_MARGIN, Fast, run } from "../execute/loop";
import { hartCount, shape } from "../layout";
import { updateView } from "../memory/tlb";
import { Power, power } from "../power";
import { stopRequested } from "./breakpoints";
import { Hart, HartState, hartAt, reservers, unreserve } from "./hart";
import { takeInterrupt } from "./trap";
import { isObserving, isPutOff, putOffStop, stopAtLast } from "./watchpoints";

const STIP: u64 = 1 << 5;
const MTIP: u64 = 1 << 7;
const STCE: u64 = 1 << 63;

/** Instructions after which an LR's reservation is dropped when its hart's turn ends. */
const RESERVATION_INSTRUCTIONS_MAX: u64 = 64;
/** The same if traps keep reservations: enough for the way into a kernel, and out of it as another task. */
const KEPT_INSTRUCTIONS_MAX: u64 = 8192;

function reservationMax(): u64 {
  return isChaos(Chaos.KeepReservations) ? KEPT_INSTRUCTIONS_MAX : RESERVATION_INSTRUCTIONS_MAX;
}

/** Sets the timers' pending bits of a hart. Returns its next deadline in ticks. */
function updateTimers(hart: Hart, now: u64): u64 {
  let next = NEVER;
  if (now >= hart.mtimecmp) {
    hart.mip |= MTIP;
  } else {
    hart.mip &= ~MTIP;
    next = hart.mtimecmp;
  }
  // With the built-in firmware the supervisor's deadline is set by SBI, Sstc or not.
  if (shape().firmware === 0 && (hart.menvcfg & STCE) === 0) {
    return next;
  }
  if (now >= hart.stimecmp) {
    hart.mip |= STIP;
  } else {
    hart.mip &= ~STIP;
    if (hart.stimecmp < next) {
      next = hart.stimecmp;
    }
  }
  return next;
}

/** Does what is due, and notes the next deadline. Returns it, in ticks, or NEVER if there is none. */
export function lookAtDeadlines(): u64 {
  const now = time();
  if (now >= busNextEvent()) {
    busEvents(now);
  }
  let next = busNextEvent();
  for (let id: u32 = 0; id < hartCount(); id++) {
    const deadline = updateTimers(hartAt(id), now);
    if (deadline < next) {
      next = deadline;
    }
  }
  // A deadline that is too large for the clock is treated as none.
  setEventClock(next >> (64 - TICK_SHIFT) !== 0 ? NEVER : next << TICK_SHIFT);
  return next;
}

/**
 * What a hart does at the start of its turn, at a deadline, and after each instruction that concerns more than its registers.
 * It does nothing of this where only a budget ended, because a run must not depend on budgets.
 */
function lookAround(hart: Hart): void {
  if (clock() >= eventClock()) {
    lookAtDeadlines();
  }
  if ((hart.mip & hart.mie) !== 0) {
    takeInterrupt(hart);
  }
  // Where shared pages are watched, every store that could end another hart's reservation is out of line anyway.
  hart.guarded = !isWatching() && (reservers() & ~(1 << hart.id)) !== 0 ? 1 : 0;
  hart.pausedCode = 0;
}

/** Runs a hart of a machine with watchpoints. Returns how much of the budget it used. */
function observe(hart: Hart, budget: i32): i32 {
  const waits = isPutOff();
  const used = run<Exact>(hart, waits ? 1 : budget, hart.guarded !== 0, true);
  if (waits && used > 0) {
    stopAtLast();
  }
  return used;
}

/** What chaos does between two turns. */
function endTurn(hart: Hart): void {
  demote(hart.id);
  drainSome();
}

/**
 * Runs a hart for at most `turn` instructions, or until it waits or stops, or the machine is off; and for at most `most`
 * instructions now. Returns what is left of the turn if it is to go on later, or 0 if it is over.
 */
export function runTurn(hart: Hart, turn: i32, most: i32): i32 {
  if (hart.fetchTable === 0) {
    updateView(hart);
  }
  let left = turn;
  const rest = turn - most;
  while (left > rest && !stopRequested()) {
    if (hart.paused === 0 || clock() >= eventClock()) {
      lookAround(hart);
      putOffStop();
    }
    const ahead = eventClock() - clock();
    const budget = ahead < <u64>(left - rest) ? <i32>ahead : left - rest;
    if (isObserving()) {
      left -= observe(hart, budget);
    } else if (hart.guarded !== 0 || budget <= FAST_MARGIN) {
      left -= run<Exact>(hart, budget, hart.guarded !== 0, false);
    } else {
      left -= run<Fast>(hart, budget, false, false);
    }
    if (isAnyHot()) {
      serveHot();
    }
    if (turnEnds() || hart.state !== HartState.Running || power() !== Power.On) {
      left = 0;
    }
  }
  if (left > 0) {
    return left;
  }
  hart.paused = 0;
  hart.pausedCode = 0;
  if (chaosMask() !== 0) {
    endTurn(hart);
  }
  if (hart.reserved !== 0 && hart.retired - hart.reservedAt > reservationMax()) {
    unreserve(hart);
  }
  return 0;
}
