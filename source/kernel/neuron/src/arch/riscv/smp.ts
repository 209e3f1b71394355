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

/**
 * Starts hart `index`, prepared by `initHart`, and waits until it is there. Run by `self`, another hart. False if it
 * does not come, or if some hart is being started at this moment.
 */
export function startHart(self: Hart, index: u32): bool {
  assert(index !== self.index);
  if (!starting.move(0, 1)) {
    return false;
  }
  const isThere = isOnline(index) || startAlone(self, hartAt(index));
  starting.value = 0;
  return isThere;
}

function startAlone(self: Hart, hart: Hart): bool {
  const entry = secondaryEntry();
  assert(isKernelText(entry));
  if (!awaitStopped(hart.hartid)) {
    return false;
  }
  clearMail(hart);
  hart.online.value = Online.No;
  expect(hart);
  if (hsm.hartStart(hart.hartid, entry, 0) < 0) {
    return abandon(hart);
  }
  const isThere = awaitOnline(self, hart) || abandon(hart);
  timerNow(self);
  return isThere;
}

/**
 * Waits in WFI until `hart` takes part, and looks whenever its own timer comes. False if the hart does not come in
 * time.
 */
function awaitOnline(self: Hart, hart: Hart): bool {
  const deadline = readTime() + START_SECONDS_MAX * timebaseHz();
  while (hart.online.value !== Online.Yes) {
    const time = readTime();
    if (time >= deadline) {
      return false;
    }
    timerLookAt(self, time + timebaseHz() / LOOKS_PER_SECOND);
    wfi();
  }
  return true;
}

/** Writes down for entry.S which hart is to come, and what its structure is. */
function expect(hart: Hart): void {
  const expected = changetype<ExpectedHart>(expectedHart());
  expected.hartid = hart.hartid;
  expected.structure = <u64>(<i64>(<i32>changetype<usize>(hart)));
  fence(); // before the firmware lets the hart go
}

/**
 * Whether hart `hartid` is stopped, or becomes so in time. One that is offline and still runs is on its way out, a few
 * instructions before it stops itself or inside of the firmware, and cannot be started.
 */
function awaitStopped(hartid: u64): bool {
  const deadline = readTime() + START_SECONDS_MAX * timebaseHz();
  while (isOnItsWayOut(hsm.hartStatus(hartid))) {
    if (readTime() >= deadline) {
      return false;
    }
  }
  return true;
}

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

/** Gives a hart up; true if it came up in this very moment. */
function abandon(hart: Hart): bool {
  return !hart.online.move(Online.No, Online.Abandoned);
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
