/**
 * This hart's timer. Each hart programs only its own: `stimecmp` where the device tree offers Sstc, SBI otherwise. The
 * tick counts time for the scheduler; between two ticks an earlier deadline of a sleeper may be programmed.
 *
 * Reached from trap.ts, sched/wake.ts and sched/deadline.ts.
 */
import { FOREVER } from "abi/syscall";
import { SIE_STIE } from "./csr";
import { Hart } from "./hart";
import { readTime, setSie, writeStimecmp } from "./intrinsics";
import { refillIpiTokens } from "./ipi";
import { setTimer } from "./sbi/time";

/** Ticks of the scheduler in a second. */
export const TICKS_PER_SECOND: u32 = 100;

let timebase: u64 = 0;
let tickInterval: u64 = 0;
let hasSstc: bool = false;

/** Once, on the boot hart: the timebase in Hz and whether `stimecmp` is there. */
export function timerInit(timebaseHz: u64, sstc: bool): void {
  timebase = timebaseHz;
  tickInterval = timebaseHz / TICKS_PER_SECOND;
  hasSstc = sstc;
}

/** Ticks of the timebase in a second. */
export function timebaseHz(): u64 {
  return timebase;
}

/** From one tick to the next, in ticks of the timebase. */
export function tickTime(): u64 {
  return tickInterval;
}

function program(hart: Hart, deadline: u64): void {
  hart.deadline = deadline;
  if (hasSstc) {
    writeStimecmp(deadline);
  } else {
    setTimer(deadline);
  }
}

/** Starts the tick of this hart. */
export function timerStartHart(hart: Hart): void {
  hart.nextTick = readTime() + tickInterval;
  program(hart, hart.nextTick);
  setSie(SIE_STIE);
}

/** No tick and no deadline any more: this hart stops. */
export function timerStopHart(hart: Hart): void {
  program(hart, FOREVER);
}

/** Makes sure that the timer comes no later than `deadline`. */
export function timerBefore(hart: Hart, deadline: u64): void {
  if (deadline < hart.deadline) {
    program(hart, deadline);
  }
}

/** Sets the timer to `time`, over any other deadline: this hart waits for something, and `timerNow` follows. */
export function timerLookAt(hart: Hart, time: u64): void {
  program(hart, time);
}

/**
 * The timer comes at once: trap.ts then looks at ticks and sleepers and programs what is next. After it was used for
 * something else.
 */
export function timerNow(hart: Hart): void {
  program(hart, readTime());
}

/** Whether a tick is due at `time`; if so it is counted, and the next is laid out in the future. */
export function takeTick(hart: Hart, time: u64): bool {
  if (time < hart.nextTick) {
    return false;
  }
  hart.ticks++;
  // Ticks that were missed (the host took the processor away) are not made up for.
  hart.nextTick += tickInterval * ((time - hart.nextTick) / tickInterval + 1);
  refillIpiTokens(TICKS_PER_SECOND);
  return true;
}

/**
 * At a tick: whether what runs since `since` has had its share of the hart, which is at least half of what a tick is
 * worth.
 */
export function hasHadShare(since: u64, time: u64): bool {
  return time - since >= tickInterval >> 1;
}

/** After a timer interrupt: programs the next tick or `earliest`, the earliest deadline of a sleeper. */
export function timerProgramNext(hart: Hart, earliest: u64): void {
  program(hart, earliest < hart.nextTick ? earliest : hart.nextTick);
}
