/**
 * Breakpoints by virtual address, for every hart and every address space.
 *
 * In every page, the decoder (code/code.ts) puts an Op.Break where an instruction has the same page offset as a breakpoint.
 * Only such an op compares the whole address (execute/slow.ts), so a machine without breakpoints is not slower. A hart that
 * stopped at a breakpoint passes it when it runs again.
 */
import { clearBreaks, markBreak } from "../code/code";
import { redecode } from "../code/pages";
import { Hart } from "./hart";

export const BREAKPOINTS_MAX: u32 = 64;

/** How many breakpoints there are (u32), and the address of each (u64). */
const COUNT: usize = memory.data(4, 4);
const ADDRESSES: usize = memory.data(8 * BREAKPOINTS_MAX, 8);

/**
 * The stop that a hart passes when it goes on: the hart's number plus one (u32, 0 if there is none), and at 8 how many
 * instructions the hart had retired (u64). One is enough, because run() goes on with the turn of the hart that stopped.
 */
const PASS: usize = memory.data(16, 8);

/** Not zero after a hart came to a breakpoint. */
const STOPPED: usize = memory.data(4, 4);

/** Whether a hart stopped at a breakpoint since clearStop(). */
export function stopRequested(): bool {
  return load<u32>(STOPPED) !== 0;
}

/** The hart that came to a breakpoint last, also after clearStop(). All ones if none ever did. */
export function stoppedHart(): u32 {
  return load<u32>(PASS) - 1;
}

export function clearStop(): void {
  store<u32>(STOPPED, 0);
}

/**
 * Stops the run. The host calls this while the machine runs, from a function that the machine has called. The run ends
 * after the stretch of instructions that is being executed. It can go on later.
 */
export function requestStop(): void {
  store<u32>(STOPPED, 1);
}

function addressAt(index: u32): usize {
  return ADDRESSES + <usize>(index << 3);
}

/** Tells the decoder where breakpoints may lie; all code is decoded again. */
function rebuild(): void {
  clearBreaks();
  for (let index: u32 = 0; index < load<u32>(COUNT); index++) {
    markBreak(load<u64>(addressAt(index)));
  }
  redecode();
}

/** Adds a breakpoint; false if there are BREAKPOINTS_MAX already. */
export function addBreakpoint(address: u64): bool {
  const count = load<u32>(COUNT);
  if (count === BREAKPOINTS_MAX) {
    return false;
  }
  store<u64>(addressAt(count), address);
  store<u32>(COUNT, count + 1);
  rebuild();
  return true;
}

export function hasBreakpoints(): bool {
  return load<u32>(COUNT) !== 0;
}

/** Removes every breakpoint. */
export function clearBreakpoints(): void {
  store<u32>(COUNT, 0);
  rebuild();
}

/** Whether the hart has to stop before the instruction at hart.pc. If so, notes that it stopped there. */
export function stopsAtBreakpoint(hart: Hart): bool {
  if (load<u32>(PASS) === hart.id + 1 && load<u64>(PASS, 8) === hart.retired) {
    return false;
  }
  for (let index: u32 = 0; index < load<u32>(COUNT); index++) {
    if (load<u64>(addressAt(index)) === hart.pc) {
      store<u32>(PASS, hart.id + 1);
      store<u64>(PASS, hart.retired, 8);
      store<u32>(STOPPED, 1);
      return true;
    }
  }
  return false;
}
