/** The programs' input: numbers that are the same in each run; and a number that depends on the whole result. */

/** Fills `count` words at `words`. */
export function fillWords(words: usize, count: u32, seed: u64): void {
  let state = seed;
  for (let index: u32 = 0; index < count; index++) {
    state = state * 6364136223846793005 + 1442695040888963407;
    store<u32>(words + ((<usize>index) << 2), <u32>(state >> 33));
  }
}

/** A number that depends on each word and on its place. */
export function foldWords(words: usize, count: u32): u32 {
  let sum: u32 = 0;
  for (let index: u32 = 0; index < count; index++) {
    sum = sum * 31 + load<u32>(words + ((<usize>index) << 2));
  }
  return sum;
}
