/** Copying: a page word by word and byte by byte; with the library, records of a fixed size and bytes of unknown number. */
import { fillWords, foldWords } from "./input";

const PAGE_BYTES: u32 = 4096;
const RECORDS: u32 = 64;
/** How many words are folded into the result after each step. */
const LOOK_WORDS: u32 = 16;

@unmanaged
@final
class Quad {
  w0: u64;
  w1: u64;
  w2: u64;
  w3: u64;
}

export function prepare(base: usize): void {
  fillWords(base, PAGE_BYTES >> 2, 6);
}

export function work(base: usize): u32 {
  const target = base + PAGE_BYTES;
  copyWords(target, base, PAGE_BYTES >> 3);
  let sum = foldWords(target, LOOK_WORDS);
  copyBytes(target + 3, base + 1, 1000);
  sum = sum * 31 + foldWords(target, LOOK_WORDS);
  reverseQuads(target, base);
  sum = sum * 31 + foldWords(target, LOOK_WORDS);
  memory.copy(target + 5, base + 8, <usize>(3000 + (sum & 511)));
  return sum * 31 + foldWords(target, LOOK_WORDS);
}

function copyWords(to: usize, from: usize, count: u32): void {
  for (let index: u32 = 0; index < count; index++) {
    store<u64>(to + ((<usize>index) << 3), load<u64>(from + ((<usize>index) << 3)));
  }
}

/** Copies bytes and flips their lowest bit, so that the compiler cannot call the library instead. */
function copyBytes(to: usize, from: usize, count: u32): void {
  for (let index: u32 = 0; index < count; index++) {
    store<u8>(to + <usize>index, load<u8>(from + <usize>index) ^ 1);
  }
}

function reverseQuads(to: usize, from: usize): void {
  for (let index: u32 = 0; index < RECORDS; index++) {
    copyQuad(quadAt(to, index), quadAt(from, RECORDS - 1 - index));
  }
}

function quadAt(quads: usize, index: u32): Quad {
  return changetype<Quad>(quads + <usize>index * offsetof<Quad>());
}

function copyQuad(to: Quad, from: Quad): void {
  const w0 = from.w0;
  const w1 = from.w1;
  const w2 = from.w2;
  const w3 = from.w3;
  to.w0 = w0;
  to.w1 = w1;
  to.w2 = w2;
  to.w3 = w3;
}
