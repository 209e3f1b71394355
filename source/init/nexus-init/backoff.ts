/**
 * Decides when a fallen service is started again, and when it is given up. The times of its last falls are kept. The
 * number of them in the window that ends now decides how long the next start waits, and whether there is one:
 *
 *   falls      │   │ │  │    │        │            │
 *         ─────┴───┴─┴──┴────┴────────┴────────────┴──▶ time
 *                        └────── window ───────────┘     three before this one: first delay × 2³
 *
 * A service that ran for the length of the window begins with the first delay again.
 */
import { FOREVER } from "abi/syscall";
import {
  RESTART_DELAY_MILLISECONDS_MAX,
  RESTART_FIRST_MILLISECONDS,
  RESTART_WINDOW_MILLISECONDS,
  RESTARTS_MAX,
} from "./limits";
import { PROGRAMS_MAX } from "./topology";

/** RESTARTS_MAX times of falls for each row, a ring; 0 for none. */
const falls: usize = memory.data(PROGRAMS_MAX * RESTARTS_MAX * 8, 8);
/** Falls of each row so far. */
const counts: usize = memory.data(PROGRAMS_MAX * 4, 4);

/**
 * Notes that row `row` fell at `time`. Returns when to start it again, in ticks; FOREVER: it fell too often.
 *
 * @param timebase ticks a second
 */
export function nextStart(row: u32, time: u64, timebase: u64): u64 {
  const recent = recentFalls(row, time, (RESTART_WINDOW_MILLISECONDS * timebase) / 1000);
  if (recent >= RESTARTS_MAX) {
    return FOREVER;
  }
  const at = counts + <usize>(row << 2);
  const count = load<u32>(at);
  store<u64>(fallAt(row, count % RESTARTS_MAX), time);
  store<u32>(at, count + 1);
  const delay = min<u64>(RESTART_FIRST_MILLISECONDS << (<u64>recent), RESTART_DELAY_MILLISECONDS_MAX);
  return time + (delay * timebase) / 1000;
}

function recentFalls(row: u32, time: u64, window: u64): u32 {
  let recent: u32 = 0;
  for (let i: u32 = 0; i < RESTARTS_MAX; i++) {
    const fell = load<u64>(fallAt(row, i));
    if (fell !== 0 && time - fell < window) {
      recent += 1;
    }
  }
  return recent;
}

function fallAt(row: u32, place: u32): usize {
  return falls + <usize>((row * RESTARTS_MAX + place) << 3);
}
