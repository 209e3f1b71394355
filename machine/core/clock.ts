/**
 * Time, counted in instructions.
 *
 * The clock is the number of instructions that all harts executed, plus the idle time that was skipped, in the same unit.
 * 32 instructions are one tick of the 10 MHz timebase. Nothing here knows the host's time.
 */

/** Instructions a tick of the 10 MHz timebase, as a power of two. */
export const TICK_SHIFT: u32 = 5;

/** A deadline that never comes. */
export const NEVER: u64 = 0xffff_ffff_ffff_ffff;

const CLOCK: usize = memory.data(16, 8);

/** Instructions executed by all harts, plus idle time skipped in the same unit. */
export function clock(): u64 {
  return load<u64>(CLOCK);
}

/** Instructions executed by all harts. */
export function retiredTotal(): u64 {
  return load<u64>(CLOCK, 8);
}

/** Accounts for `count` executed instructions. */
export function advanceClock(count: u64): void {
  store<u64>(CLOCK, load<u64>(CLOCK) + count);
  store<u64>(CLOCK, load<u64>(CLOCK, 8) + count, 8);
}

/** Skips idle time up to the tick `deadline`, if that lies ahead. */
export function skipTo(deadline: u64): void {
  const target = deadline << TICK_SHIFT;
  if (target > load<u64>(CLOCK)) {
    store<u64>(CLOCK, target);
  }
}

/** The time in ticks of 10 MHz. */
export function time(): u64 {
  return load<u64>(CLOCK) >> TICK_SHIFT;
}

/** The clock at which the run loop has to look at deadlines again; 0 for "now". */
const EVENT: usize = memory.data(8, 8);

export function eventClock(): u64 {
  return load<u64>(EVENT);
}

export function setEventClock(at: u64): void {
  store<u64>(EVENT, at);
}

/** A deadline was set, or a device was accessed: the run loop looks before the next instruction. */
export function deadlinesChanged(): void {
  store<u64>(EVENT, 0);
}
