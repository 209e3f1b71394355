/**
 * Breakpoints by virtual address, for every hart and every address space.
 *
 * Decoded code has an Op.Break where the page offset of a breakpoint lies, in any page, and nothing elsewhere, so a
 * machine without breakpoints pays nothing. A hart that stopped at one passes it when it is run again.
 */
import { breakBits, resetCode } from "../code/code";
import { Hart } from "./hart";

export const BREAKPOINTS_MAX: u32 = 64;

/** Count, then addresses. */
const COUNT: usize = memory.data(8, 8);
const ADDRESSES: usize = memory.data(512, 8);

/** Instruction that a stopped hart passes once: its number plus one, and the count of retired instructions. */
const PASS: usize = memory.data(16, 8);

/** Not zero after a hart came to a breakpoint. */
const STOPPED: usize = memory.data(4, 4);

/** Whether a hart stopped at a breakpoint since clearStop(). */
export function stopRequested(): bool {
  return load<u32>(STOPPED) !== 0;
}

/** The hart that came to a breakpoint last; all ones: none did. */
export function stoppedHart(): u32 {
  return load<u32>(PASS) - 1;
}

export function clearStop(): void {
  store<u32>(STOPPED, 0);
}

/** The host, from inside a call of the machine: the run ends where the machine looks next, and can go on later. */
export function requestStop(): void {
  store<u32>(STOPPED, 1);
}

function addressAt(index: u32): usize {
  return ADDRESSES + <usize>(index << 3);
}

function rebuild(): void {
  memory.fill(breakBits(), 0, 256);
  for (let index: u32 = 0; index < load<u32>(COUNT); index++) {
    const offset = <u32>load<u64>(addressAt(index)) & 0xffe;
    const bit = (offset >> 1) & 7;
    const at = breakBits() + <usize>(offset >> 4);
    store<u8>(at, <u8>(<u32>load<u8>(at) | ((<u32>1) << bit)));
  }
  resetCode();
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

/** Whether the hart, about to execute the instruction at hart.pc, has to stop there. */
export function isBreakpoint(hart: Hart): bool {
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
