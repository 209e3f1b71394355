/**
 * What the machine's benchmark runs in U-mode: a mix of hashing, checksums, sorting, searching and copying.
 *
 * Everything works in the memory that it is given, so any number of harts can run it side by side.
 */

const WORDS: u32 = 64;

function rotate(value: u32, by: u32): u32 {
  return (value >> by) | (value << (32 - by));
}

/** Eight rounds of mixing for each word of a block, in the manner of SHA-256. */
function hash(block: usize, state: u32): u32 {
  let a = state;
  let b: u32 = 0x6a09e667;
  let c: u32 = 0xbb67ae85;
  for (let index: u32 = 0; index < WORDS; index++) {
    const word = load<u32>(block + <usize>(index << 2));
    const sum = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    c = b;
    b = a;
    a = sum + word + (rotate(b, 6) ^ rotate(b, 11) ^ rotate(b, 25));
  }
  return a ^ b ^ c;
}

function makeTable(table: usize): void {
  for (let index: u32 = 0; index < 256; index++) {
    let value = index;
    for (let bit = 0; bit < 8; bit++) {
      value = (value & 1) !== 0 ? (value >> 1) ^ 0xedb88320 : value >> 1;
    }
    store<u32>(table + <usize>(index << 2), value);
  }
}

function checksum(table: usize, bytes: usize, count: u32): u32 {
  let sum: u32 = 0xffff_ffff;
  for (let index: u32 = 0; index < count; index++) {
    const at = (sum ^ <u32>load<u8>(bytes + <usize>index)) & 255;
    sum = (sum >> 8) ^ load<u32>(table + <usize>(at << 2));
  }
  return ~sum;
}

function sort(words: usize): void {
  for (let index: u32 = 1; index < WORDS; index++) {
    const value = load<u32>(words + <usize>(index << 2));
    let at = index;
    while (at > 0 && load<u32>(words + <usize>((at - 1) << 2)) > value) {
      store<u32>(words + <usize>(at << 2), load<u32>(words + <usize>((at - 1) << 2)));
      at -= 1;
    }
    store<u32>(words + <usize>(at << 2), value);
  }
}

function search(words: usize, value: u32): u32 {
  let low: u32 = 0;
  let high = WORDS;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (load<u32>(words + <usize>(middle << 2)) < value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

function fill(words: usize, seed: u64): u64 {
  let state = seed;
  for (let index: u32 = 0; index < WORDS; index++) {
    state = state * 6364136223846793005 + 1442695040888963407;
    store<u32>(words + <usize>(index << 2), <u32>(state >> 33));
  }
  return state;
}

/** Works for `rounds` rounds in the 64 KiB at `base`. Returns a number that depends on all of the work. */
export function work(base: usize, rounds: u32): u32 {
  const table = base;
  const words = base + 4096;
  const copies = base + 8192;
  let state: u64 = 1;
  let result: u32 = 0;
  makeTable(table);
  for (let round: u32 = 0; round < rounds; round++) {
    state = fill(words, state);
    result = hash(words, result);
    sort(words);
    for (let index: u32 = 0; index < WORDS; index++) {
      result += search(words, result >> 1);
    }
    const copy = copies + <usize>((round & 127) << 8);
    memory.copy(copy, words, WORDS << 2);
    result ^= checksum(table, copy, WORDS << 2);
    result += <u32>(state / <u64>(result | 1));
  }
  return result;
}
