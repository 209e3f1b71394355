/* Insertion sort of 400 words. */

#include "pair.h"

enum { COUNT = 400 };

void insertionPrepare(u8 *memory) { fillWords((u32 *)memory, COUNT, 3); }

u32 insertionWork(u8 *memory) {
  u32 *words = (u32 *)memory;
  for (usize index = 1; index < COUNT; index++) {
    u32 value = words[index];
    usize at = index;
    while (at > 0 && words[at - 1] > value) {
      words[at] = words[at - 1];
      at -= 1;
    }
    words[at] = value;
  }
  return foldWords(words, COUNT);
}
