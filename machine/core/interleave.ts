// Which hart runs, and for how long: drawn from the seed.

const STATE: usize = memory.data(64, 8);

/** Starts the generator. The same seed gives the same sequence for ever. */
export function seedInterleave(seed: u64): void {
  store<u64>(STATE, seed);
}

/** The next 64 bits of the machine's only source of randomness (SplitMix64). */
export function random(): u64 {
  const state = load<u64>(STATE) + 0x9e37_79b9_7f4a_7c15;
  store<u64>(STATE, state);
  let z = state;
  z = (z ^ (z >> 30)) * 0xbf58_476d_1ce4_e5b9;
  z = (z ^ (z >> 27)) * 0x94d0_49bb_1331_11eb;
  return z ^ (z >> 31);
}
