/* Copying: a page word by word and byte by byte; with the library, records of a fixed size and bytes of unknown number. */

#include "pair.h"

/* LOOK_WORDS words are folded into the result after each step. */
enum { PAGE_BYTES = 4096, RECORDS = 64, LOOK_WORDS = 16 };

struct Quad {
  u64 words[4];
};

static void copyWords(u64 *to, const u64 *from, usize count) {
  for (usize index = 0; index < count; index++) {
    to[index] = from[index];
  }
}

/* Copies bytes and flips their lowest bit, so that the compiler cannot call the library instead. */
static void copyBytes(u8 *to, const u8 *from, usize count) {
  for (usize index = 0; index < count; index++) {
    to[index] = from[index] ^ 1;
  }
}

static void reverseQuads(struct Quad *to, const struct Quad *from) {
  for (usize index = 0; index < RECORDS; index++) {
    to[index] = from[RECORDS - 1 - index];
  }
}

void copyPrepare(u8 *memory) { fillWords((u32 *)memory, PAGE_BYTES / 4, 6); }

u32 copyWork(u8 *memory) {
  u8 *target = memory + PAGE_BYTES;
  const u32 *words = (const u32 *)target;
  copyWords((u64 *)target, (const u64 *)memory, PAGE_BYTES / 8);
  u32 sum = foldWords(words, LOOK_WORDS);
  copyBytes(target + 3, memory + 1, 1000);
  sum = sum * 31 + foldWords(words, LOOK_WORDS);
  reverseQuads((struct Quad *)target, (const struct Quad *)memory);
  sum = sum * 31 + foldWords(words, LOOK_WORDS);
  __builtin_memcpy(target + 5, memory + 8, 3000 + (sum & 511));
  return sum * 31 + foldWords(words, LOOK_WORDS);
}
