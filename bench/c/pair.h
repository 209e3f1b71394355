/* What the C twins of bench/guest/code share. Each is written in ordinary C: pointers, arrays, structures, sizes of 64 bits. */

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;
typedef unsigned long usize;

/* Fills `count` words. */
static inline void fillWords(u32 *words, usize count, u64 seed) {
  u64 state = seed;
  for (usize index = 0; index < count; index++) {
    state = state * 6364136223846793005ul + 1442695040888963407ul;
    words[index] = (u32)(state >> 33);
  }
}

/* A number that depends on each word and on its place. */
static inline u32 foldWords(const u32 *words, usize count) {
  u32 sum = 0;
  for (usize index = 0; index < count; index++) {
    sum = sum * 31 + words[index];
  }
  return sum;
}
