// The events of a hart as places to go to.

import type { Model } from "./model.ts";

/** The clock of the trap of a hart after a clock, or before it. Undefined if there is none. */
export function trapClock(model: Model, hart: number, clock: number, back: boolean): number | undefined {
  const traps = model.harts[hart]?.traps;
  if (traps === undefined) {
    return undefined;
  }
  const row = back ? traps.at(clock - 1) : traps.at(clock) + 1;
  return row >= 0 && row < traps.length ? traps.clock(row) : undefined;
}
