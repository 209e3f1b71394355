/**
 * Chaos: everything unpleasant that the architecture allows. Which kinds are on, and how often each strikes.
 *
 * Each kind is one bit. With none of them the machine is as friendly as hardware can be: other harts see stores at once,
 * changes of page tables and of code take effect at once, SC fails only for a reason. Software must not rely on any of
 * that. All chances are drawn from the seed, so a run that fails will fail again. Instructions that the loop executes
 * inline do not come through here.
 */
import { random } from "../interleave";
import { HARTS_MAX } from "../layout";

/** The kinds, as bits of the mask. */
export const enum Chaos {
  /** Turns end at the points that matter to races. Each hart has a priority that is drawn, and the highest one goes on. */
  Switch = 1,
  /** Translations stay until sfence.vma, neighbours are translated ahead, and only satp's ASID tells address spaces apart. */
  StaleTranslation = 2,
  /** Decoded code stays until fence.i. */
  StaleCode = 4,
  /** A store buffer a hart: first in, first out (TSO). */
  StoreBuffer = 8,
  /** SC fails without cause. */
  ScFails = 16,
  /** WFI ends early. */
  EarlyWake = 32,
  /** Interrupts come late and in another order. */
  LateInterrupts = 64,
  /** The store buffer drains in any order and is not drained by device accesses (RVWMO). Includes StoreBuffer. */
  WeakStores = 128,
  /** An unmapped page stays unmapped until sfence.vma, as the specification allows. */
  StaleFaults = 256,
  /** The hardware does not set A and D: a page fault asks software to set them (Svade). */
  SoftwareMarks = 512,
  /** Traps keep reservations, as the specification allows; the end of a turn rarely breaks one. */
  KeepReservations = 1024,
  /** Firmware calls that concern other harts take time, and the harts see them half done: hart-calls.ts. */
  SlowFirmware = 2048,
}

@unmanaged
@final
class State {
  mask: u32;
  /** Not zero: the turn ends at the next instruction boundary. */
  endTurn: u32;
  /** How many more points are passed until a turn ends. */
  countdown: u32;
  /** The lowest priority given so far; priorities only go down. */
  lowest: i32;
}

const state = changetype<State>(memory.data(16, 8));
const PRIORITIES: usize = memory.data(32, 8);
if (HARTS_MAX !== 8) {
  ERROR("there is a priority for each hart");
}

/** Most bits of the number of points between two switches. */
const COUNTDOWN_BITS: u64 = 12;

/** The kinds that are on. */
export function chaosMask(): u32 {
  return state.mask;
}

/** Whether one of the kinds in `kinds` is on. */
export function isChaos(kinds: u32): bool {
  return (state.mask & kinds) !== 0;
}

/** Whether pages that harts share have to be distinguished from others. */
export function isWatching(): bool {
  return (state.mask & (Chaos.Switch | Chaos.StoreBuffer | Chaos.WeakStores)) !== 0;
}

/** True with a chance of 1 in 2 to the power of `bits`. */
export function chance(bits: u32): bool {
  return random() >> (64 - <u64>bits) === 0;
}

function drawCountdown(): void {
  const bits = random() % COUNTDOWN_BITS;
  state.countdown = 1 + (<u32>random() & (((<u32>2) << (<u32>bits)) - 1));
}

/** Sets the kinds. machine.ts drops what was remembered under the kinds of before. */
export function setMask(mask: u32): void {
  state.mask = mask;
  state.endTurn = 0;
  state.lowest = 0;
  memory.fill(PRIORITIES, 0, 32);
  if (mask === 0) {
    return;
  }
  drawCountdown();
  for (let id: u32 = 0; id < HARTS_MAX; id++) {
    store<i32>(PRIORITIES + <usize>(id << 2), <i32>(random() >> 33));
  }
}

function endHere(): void {
  state.endTurn = 1;
  drawCountdown();
}

@final
export class Point {
  /** The hart has come to a point at which the interleaving matters: perhaps its turn ends here. */
  @inline
  static pass(): void {
    if ((state.mask & Chaos.Switch) !== 0) {
      const countdown = state.countdown - 1;
      state.countdown = countdown;
      if (countdown === 0) {
        endHere();
      }
    }
  }
}

/** The same, where it is not worth to have it inline. */
export function point(): void {
  Point.pass();
}

/** Another hart may have been woken: perhaps the turn ends here. */
export function pointOfWaking(): void {
  if ((state.mask & Chaos.Switch) !== 0 && chance(2)) {
    state.endTurn = 1;
  }
}

/** Whether the turn ends at the next point. */
export function endsAtPoint(): bool {
  return (state.mask & Chaos.Switch) !== 0 && state.countdown === 1;
}

/** Whether the turn is to end. */
export function turnEnds(): bool {
  return state.endTurn !== 0;
}

/** The turn has ended. Its hart gets the lowest priority. */
export function demote(id: u32): void {
  state.endTurn = 0;
  state.lowest -= 1;
  store<i32>(PRIORITIES + <usize>(id << 2), state.lowest);
}

/** Priority of a hart: of those that are awake, the one with the highest runs. */
export function priorityOf(id: u32): i32 {
  return load<i32>(PRIORITIES + <usize>(id << 2));
}

/** Which of the pending interrupts the hart sees now. Late ones it does not see yet. */
export function seenInterrupts(pending: u64): u64 {
  return (state.mask & Chaos.LateInterrupts) === 0 ? pending : pending & random();
}

/** Whether a WFI ends although nothing is pending. */
export function wakesEarly(): bool {
  return (state.mask & Chaos.EarlyWake) !== 0 && chance(2);
}

/** Whether an SC that would succeed fails. */
export function scFails(): bool {
  return (state.mask & Chaos.ScFails) !== 0 && chance(2);
}
