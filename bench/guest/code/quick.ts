/** Quick sort of 2,000 words, with Hoare's partition. */
import { fillWords, foldWords } from "./input";

const COUNT: u32 = 2000;

export function prepare(base: usize): void {
  fillWords(base, COUNT, 4);
}

export function work(base: usize): u32 {
  sort(base, 0, <i32>COUNT - 1);
  return foldWords(base, COUNT);
}

function word(words: usize, index: i32): u32 {
  return load<u32>(words + ((<usize>index) << 2));
}

/** Sorts the words from `first` to `last`. */
function sort(words: usize, first: i32, last: i32): void {
  if (first >= last) {
    return;
  }
  const pivot = word(words, (first + last) >> 1);
  let low = first;
  let high = last;
  while (low <= high) {
    while (word(words, low) < pivot) {
      low += 1;
    }
    while (word(words, high) > pivot) {
      high -= 1;
    }
    if (low <= high) {
      const value = word(words, low);
      store<u32>(words + ((<usize>low) << 2), word(words, high));
      store<u32>(words + ((<usize>high) << 2), value);
      low += 1;
      high -= 1;
    }
  }
  sort(words, first, high);
  sort(words, low, last);
}
