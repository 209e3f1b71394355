/**
 * The history: the last HISTORY_LINES lines that were entered. The oldest is dropped first. An empty line, or one that
 * repeats the line before it, is not kept.
 */
import { LINE_BYTES_MAX } from "gen/idl/console";
import { compare } from "text/bytes";
import { HISTORY_LINES } from "./limits";

const lines: usize = memory.data(HISTORY_LINES * LINE_BYTES_MAX, 8);
const lengths: usize = memory.data(HISTORY_LINES * 4, 8);
/** How many lines were ever kept. */
let total: u32 = 0;

/** How many lines the history holds. */
export function historyCount(): u32 {
  return min<u32>(total, HISTORY_LINES);
}

/** The address of the line that was entered `back` lines ago; 1 is the last one, `historyCount()` the oldest. */
export function historyLine(back: u32): usize {
  return lines + <usize>(indexOf(back) * LINE_BYTES_MAX);
}

export function historyLength(back: u32): u32 {
  return load<u32>(lengths + <usize>(indexOf(back) << 2));
}

/** Keeps a line of at most LINE_BYTES_MAX bytes. */
export function remember(start: usize, length: u32): void {
  if (length === 0) {
    return;
  }
  if (total > 0 && compare(start, length, historyLine(1), historyLength(1)) === 0) {
    return;
  }
  total += 1;
  memory.copy(historyLine(1), start, length);
  store<u32>(lengths + <usize>(indexOf(1) << 2), length);
}

function indexOf(back: u32): u32 {
  assert(back > 0 && back <= historyCount());
  return (total - back) % HISTORY_LINES;
}
