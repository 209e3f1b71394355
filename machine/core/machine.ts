/**
 * The machine: its memory, and the loop that gives the harts their turns.
 *
 * The loop does what is due, then gives a turn to the next hart that is awake. The length of the turn is drawn from the
 * seed. When all harts sleep, it skips to the next deadline. All state is in linear memory, so two machines with the same
 * memory go on in the same way.
 */

import { Chaos, chaosMask, isChaos, priorityOf, setMask } from "./chaos/chaos";
import { resetSharing } from "./chaos/sharing";
import { resetStale } from "./chaos/stale";
import { drainEverything, resetBuffers } from "./chaos/store-buffer";
import { clock, deadlinesChanged, NEVER, skipTo } from "./clock";
import { noteExtensions } from "./code/extensions";
import { defaultTranslation } from "./code/heat";
import { CODE_BYTES, CODE_PAGES, resetCode } from "./code/pages";
import { advanceCalls, areCallsOpen } from "./firmware/hart-calls";
import { clearStop, stopRequested } from "./hart/breakpoints";
import { Hart, HartState, hartAt, resetHart } from "./hart/hart";
import { lookAtDeadlines, runTurn } from "./hart/turn";
import { clearHit, putOffStop } from "./hart/watchpoints";
import { allWait } from "./host";
import { keepTurn, nextHart, seedInterleave, turnLeft, turnLength, turnOwner } from "./interleave";
import { HARTS_MAX, hartCount, PAGE_BYTES, PAGE_SHIFT, RAM_BYTES_MAX, shape } from "./layout";
import { emptyTables, TABLES_BYTES } from "./memory/tlb";
import { Power, power, turnOn } from "./power";
import { Event, trace } from "./trace";

/** Why run() returned. */
export const enum Stop {
  /** It has executed the instructions that were asked for. */
  Budget = 0,
  /** The machine was turned off, or asked for a reset: power() says. */
  Halted = 1,
  /** A hart is at a breakpoint, or an access met a watchpoint. */
  Breakpoint = 2,
  /** Every hart waits or is stopped, and nothing will ever wake one. */
  Idle = 3,
}

const WASM_PAGE_SHIFT: u64 = 16;

/** The next linear address from `at` on that is a multiple of a page. */
function place(at: u64): u32 {
  return <u32>((at + <u64>(PAGE_BYTES - 1)) & ~(<u64>(PAGE_BYTES - 1)));
}

/**
 * Makes a machine of `harts` harts (1 to HARTS_MAX) and `ramBytes` bytes of RAM (whole pages). All harts are stopped. To be
 * called once for each instance of the module. False if there is not enough memory, or the arguments are out of range.
 */
export function create(harts: u32, ramBytes: u32): bool {
  if (harts === 0 || harts > HARTS_MAX) {
    return false;
  }
  if (ramBytes === 0 || ramBytes > RAM_BYTES_MAX || ramBytes % PAGE_BYTES !== 0) {
    return false;
  }
  const pages = ramBytes >> PAGE_SHIFT;
  const layout = shape();
  layout.harts = harts;
  layout.ramBytes = ramBytes;
  layout.firmware = 1;
  layout.tables = place(<u64>__heap_base);
  layout.code = place(<u64>layout.tables + <u64>(harts * TABLES_BYTES));
  layout.pageCode = place(<u64>layout.code + <u64>(CODE_PAGES * CODE_BYTES));
  layout.pageFlags = place(<u64>layout.pageCode + ((<u64>(pages * harts)) << 2));
  layout.pageSharers = place(<u64>layout.pageFlags + <u64>pages);
  layout.ram = place(<u64>layout.pageSharers + ((<u64>pages) << 2));
  const end = <u64>layout.ram + <u64>ramBytes;
  const wanted = (end + (1 << WASM_PAGE_SHIFT) - 1) >> WASM_PAGE_SHIFT;
  if (wanted > 65536) {
    return false;
  }
  const have = <u64>memory.size();
  if (wanted > have && memory.grow(<i32>(wanted - have)) < 0) {
    return false;
  }
  for (let id: u32 = 0; id < harts; id++) {
    resetHart(id);
    emptyTables(id);
  }
  defaultTranslation();
  seedInterleave(0);
  turnOn();
  return true;
}

/**
 * Turns kinds of chaos on (bits of `Chaos`), and all others off. To be called after seedInterleave and before the first
 * instruction, because it forgets all translations and decoded code.
 */
export function setChaos(mask: u32): void {
  if (mask === 0 && chaosMask() === 0) {
    return;
  }
  setMask(mask);
  resetBuffers();
  resetSharing();
  resetStale();
  for (let id: u32 = 0; id < hartCount(); id++) {
    emptyTables(id);
  }
  resetCode();
}

/** Gives the harts these extensions (bits of `Extension`) and no others. To be called before the first instruction. */
export function setExtensions(mask: u32): void {
  noteExtensions(mask);
  resetCode();
}

/**
 * Starts every hart in machine mode at `address`, with its number in a0, and with `a1` and `a2`. For firmware that was
 * loaded into RAM, and for bare programs. The built-in firmware is off then.
 */
export function powerOn(address: u64, a1: u64, a2: u64): void {
  shape().firmware = 0;
  for (let id: u32 = 0; id < hartCount(); id++) {
    resetHart(id);
    const hart = hartAt(id);
    hart.pc = address;
    hart.x10 = <u64>id;
    hart.x11 = a1;
    hart.x12 = a2;
    hart.state = HartState.Running;
  }
  deadlinesChanged();
}

/** Whether a hart can have a turn; wakes it if an interrupt that it enabled is pending. */
function isAwake(hart: Hart): bool {
  if (hart.state === HartState.Waiting && (hart.mip & hart.mie) !== 0) {
    hart.state = HartState.Running;
    trace(Event.Wake, hart.id, hart.mip & hart.mie, 0);
  }
  return hart.state === HartState.Running;
}

/** No hart runs: skips to the next deadline. False if there is none. */
function skipIdle(until: u64): bool {
  drainEverything();
  const deadline = lookAtDeadlines();
  for (let id: u32 = 0; id < hartCount(); id++) {
    if (isAwake(hartAt(id))) {
      return true;
    }
  }
  allWait();
  if (deadline === NEVER) {
    return false;
  }
  skipTo(deadline);
  lookAtDeadlines();
  return clock() <= until || until === NEVER;
}

/** The next hart in the circle that is awake, or `count`. */
function nextAwake(count: u32): u32 {
  let id = nextHart(count);
  for (let tried: u32 = 0; tried < count; tried++) {
    if (isAwake(hartAt(id))) {
      return id;
    }
    id = id + 1 === count ? 0 : id + 1;
  }
  return count;
}

/** The hart of highest priority that is awake, or `count`. */
function mostUrgent(count: u32): u32 {
  let urgent = count;
  for (let id: u32 = 0; id < count; id++) {
    if (isAwake(hartAt(id)) && (urgent === count || priorityOf(id) > priorityOf(urgent))) {
      urgent = id;
    }
  }
  return urgent;
}

/** Gives a hart a turn, or the part of it that comes before `until`. */
function giveTurn(id: u32, turn: i32, until: u64): void {
  const rest = until - clock();
  keepTurn(runTurn(hartAt(id), turn, rest < <u64>turn ? <i32>rest : turn));
}

/** Runs the machine until its clock has advanced by `instructions`, or something stops it. Returns a `Stop`. */
export function run(instructions: u64): u32 {
  const until = clock() + instructions < clock() ? NEVER : clock() + instructions;
  clearStop();
  clearHit();
  while (clock() < until || stopRequested()) {
    if (power() !== Power.On) {
      return Stop.Halted;
    }
    if (stopRequested()) {
      return Stop.Breakpoint;
    }
    if (turnLeft() !== 0) {
      giveTurn(turnOwner(), turnLeft(), until);
      continue;
    }
    const count = hartCount();
    const mayAdvance = areCallsOpen() && advanceCalls();
    const id = isChaos(Chaos.Switch) ? mostUrgent(count) : nextAwake(count);
    if (id === count) {
      if (mayAdvance) {
        continue;
      }
      const before = clock();
      const goesOn = skipIdle(until);
      if (clock() === before) {
        putOffStop();
      }
      if (!goesOn && !stopRequested()) {
        return clock() >= until ? Stop.Budget : Stop.Idle;
      }
      continue;
    }
    giveTurn(id, turnLength(id), until);
  }
  if (power() !== Power.On) {
    return Stop.Halted;
  }
  return stopRequested() ? Stop.Breakpoint : Stop.Budget;
}
