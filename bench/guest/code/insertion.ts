/** Insertion sort of 400 words. */
import { fillWords, foldWords } from "./input";

const COUNT: u32 = 400;

export function prepare(base: usize): void {
  fillWords(base, COUNT, 3);
}

export function work(base: usize): u32 {
  for (let index: u32 = 1; index < COUNT; index++) {
    const value = load<u32>(base + ((<usize>index) << 2));
    let at = index;
    while (at > 0 && load<u32>(base + ((<usize>(at - 1)) << 2)) > value) {
      store<u32>(base + ((<usize>at) << 2), load<u32>(base + ((<usize>(at - 1)) << 2)));
      at -= 1;
    }
    store<u32>(base + ((<usize>at) << 2), value);
  }
  return foldWords(base, COUNT);
}
