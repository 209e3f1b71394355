/**
 * Starting the other harts, one after another. Harts are started only here, only at the two entries in entry.S, and
 * only if the device tree named them. No task can reach SBI HSM; what it is given is checked all the same.
 *
 * A started hart takes its `online` word from No to Yes. If it does not do so in time, its starter takes the word to
 * Abandoned. One of the two wins, so a late hart finds that it is not wanted and stops again. OpenSBI answers success
 * for harts that do not exist, so this is the only way to know.
 */
import { ATOMIC_BYTES, AtomicWord } from "../../sync/atomic";
import { ExpectedHart } from "./context";
import { Hart, hartAt, isOnline, Online, onlineMask } from "./hart";
import { fence, readTime, wfi, writeSie } from "./intrinsics";
import { clearMail } from "./ipi";
import * as hsm from "./sbi/hsm";
import { __text_end, __text_start, expectedHart, parkEntry, secondaryEntry } from "./symbols";
import { timebaseHz, timerLookAt, timerNow, timerStopHart } from "./timer";

/** How long a hart may take to come up. Harts that spin in the firmware took up to 23 ms in QEMU. */
const START_SECONDS_MAX: u64 = 2;
/** How often the boot hart looks, in parts of a second. */
const LOOKS_PER_SECOND: u64 = 2000;

/** Whether `entry` lies in the kernel's text, where alone a hart may begin. */
export function isKernelText(entry: usize): bool {
  return entry >= __text_start() && entry < __text_end();
}

/** One hart is started at a time: two that start the same would undo each other's handshake. 1 while one is. */
const starting = changetype<AtomicWord>(memory.data(ATOMIC_BYTES, 4));
// Of the one that starts it:
/** Whether the firmware was asked for it. Before, it may still be on its way out. */
let isAsked: bool = false;
/** How long it is waited for. */
let startDeadline: u64 = 0;

/** How far a start has come. */
export const enum Start {
  Pending = 0,
  Done = 1,
  /** The hart did not come. */
  Failed = 2,
}

/** Begins to start a hart: `lookAtStart` has to follow until it is not pending. False if one is being started. */
export function beginStart(): bool {
  if (!starting.move(0, 1)) {
    return false;
  }
  isAsked = false;
  startDeadline = latest();
  return true;
}

function latest(): u64 {
  return readTime() + START_SECONDS_MAX * timebaseHz();
}

/** When a start should be looked at again. */
export function nextLook(): u64 {
  return readTime() + timebaseHz() / LOOKS_PER_SECOND;
}

/** Goes on with the start of hart `index`, prepared by `initHart`, as far as it comes without waiting. */
export function lookAtStart(index: u32): Start {
  const hart = hartAt(index);
  let start = isOnline(index) ? Start.Done : Start.Pending;
  const isLate = readTime() >= startDeadline;
  if (start === Start.Pending && isAsked) {
    start = isLate ? abandon(hart) : Start.Pending;
  } else if (start === Start.Pending) {
    start = isOnItsWayOut(hsm.hartStatus(hart.hartid)) ? pendingUntil(isLate) : ask(hart);
  }
  if (start !== Start.Pending) {
    starting.value = 0;
  }
  return start;
}

function pendingUntil(isLate: bool): Start {
  return isLate ? Start.Failed : Start.Pending;
}

/** Has the firmware start the hart, which is stopped. */
function ask(hart: Hart): Start {
  const entry = secondaryEntry();
  assert(isKernelText(entry));
  clearMail(hart);
  hart.online.value = Online.No;
  expect(hart);
  isAsked = true;
  startDeadline = latest();
  if (hsm.hartStart(hart.hartid, entry, 0) < 0) {
    return abandon(hart);
  }
  return isOnline(hart.index) ? Start.Done : Start.Pending; // it may have been faster than the firmware's answer
}

/**
 * Starts hart `index`, and waits in WFI until it is there, or does not come: it looks whenever its own timer comes. For
 * the boot hart, which has no task yet. False if the hart does not come.
 */
export function startHart(self: Hart, index: u32): bool {
  if (!beginStart()) {
    return false;
  }
  let start = lookAtStart(index);
  while (start === Start.Pending) {
    timerLookAt(self, nextLook());
    wfi();
    start = lookAtStart(index);
  }
  timerNow(self);
  return start === Start.Done;
}

/** Writes down for entry.S which hart is to come, and what its structure is. */
function expect(hart: Hart): void {
  const expected = changetype<ExpectedHart>(expectedHart());
  expected.hartid = hart.hartid;
  expected.structure = <u64>(<i64>(<i32>changetype<usize>(hart)));
  fence(); // before the firmware lets the hart go
}

/**
 * A hart that is offline and still runs is a few instructions before it stops itself, or inside of the firmware, and
 * cannot be started.
 */
function isOnItsWayOut(state: i32): bool {
  return state === hsm.HartState.Started || state === hsm.HartState.StopPending;
}

/** One hart stops at a time, so that what it hands over goes to one that stays. 1 while one does. */
const stopping = changetype<AtomicWord>(memory.data(ATOMIC_BYTES, 4));

/** True if no other hart is stopping; then `endStop` has to follow. */
export function beginStop(hart: Hart): bool {
  assert(hart.running === 0);
  return stopping.move(0, 1);
}

export function endStop(): void {
  stopping.value = 0;
}

/** Takes this hart's place among those online away, if it may: the last one stays. True if it has to stop now. */
export function leaveOnline(hart: Hart): bool {
  if (!hart.online.move(Online.Yes, Online.Stopping)) {
    return false;
  }
  if (onlineMask() !== 0) {
    return true;
  }
  hart.online.value = Online.Yes;
  return false;
}

/**
 * Stops this hart, which has nothing left to do. Only `startHart` brings it back, through the kernel's entry. Does not
 * return: a hart that the firmware will not stop waits for nothing.
 */
export function stopThisHart(hart: Hart): void {
  writeSie(0);
  timerStopHart(hart);
  hsm.hartStop();
  for (;;) {
    wfi();
  }
}

/** Gives a hart up, unless it came up in this very moment. */
function abandon(hart: Hart): Start {
  return hart.online.move(Online.No, Online.Abandoned) ? Start.Failed : Start.Done;
}

/** This hart is there. False if it was given up meanwhile: then it has to stop. */
export function announce(hart: Hart): bool {
  return hart.online.move(Online.No, Online.Yes);
}

/** Starts a hart that the kernel has no use for, which stops itself: one that was never started spins in OpenSBI. */
export function parkHart(hartid: u64): void {
  const entry = parkEntry();
  assert(isKernelText(entry));
  // If the hart does not start it is left alone, as if it were parked.
  hsm.hartStart(hartid, entry, 0);
}
