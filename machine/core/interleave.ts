/**
 * Which hart runs, and for how long: drawn from the seed.
 *
 * Harts take turns in a circle. The length of a turn is drawn in two steps, first its order of magnitude, so that turns
 * of a few instructions are as common as long ones: races need both. setTurns() fixes the length instead.
 */

/**
 *     0       8       12        16       20       24
 *     | state | last  | fixed   | left   |        |
 */
@unmanaged
@final
class Interleave {
  state: u64;
  /** The hart that had the last turn. */
  last: u32;
  /** Length of every turn, 0 to draw it. */
  fixed: u32;
  /** What is left of that turn when a run ends in the middle of it. The way a host slices a run must not change the run. */
  left: i32;
}

const interleave = changetype<Interleave>(memory.data(24, 8));

/** Turns are at most 2 to this power of instructions long. */
const TURN_BITS: u64 = 13;

/** Starts the generator. The same seed always gives the same sequence. */
export function seedInterleave(seed: u64): void {
  interleave.state = seed;
  interleave.last = 0;
  interleave.left = 0;
}

/** Gives every turn the same length; 0 draws lengths again. */
export function setTurns(length: u32): void {
  interleave.fixed = length;
}

/** The next 64 bits of the machine's only source of randomness (SplitMix64). */
export function random(): u64 {
  const state = interleave.state + 0x9e37_79b9_7f4a_7c15;
  interleave.state = state;
  let z = state;
  z = (z ^ (z >> 30)) * 0xbf58_476d_1ce4_e5b9;
  z = (z ^ (z >> 27)) * 0x94d0_49bb_1331_11eb;
  return z ^ (z >> 31);
}

/** The hart whose turn the end of a run interrupted, if turnLeft() is not 0. */
export function turnOwner(): u32 {
  return interleave.last;
}

/** What is left of a turn that the end of a run interrupted. */
export function turnLeft(): i32 {
  return interleave.left;
}

/** Keeps what is left of a turn for the next run; 0: the turn is over. */
export function keepTurn(left: i32): void {
  interleave.left = left;
}

/** The hart that has the next turn, if it is awake. */
export function nextHart(harts: u32): u32 {
  const next = interleave.last + 1;
  return next >= harts ? 0 : next;
}

/** The length of hart `id`'s turn, which begins now. */
export function turnLength(id: u32): i32 {
  interleave.last = id;
  if (interleave.fixed !== 0) {
    return <i32>interleave.fixed;
  }
  const drawn = random();
  const bits = (drawn >> 32) % TURN_BITS;
  return 1 + <i32>(drawn & (((<u64>2) << bits) - 1));
}
