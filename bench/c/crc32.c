/* CRC-32 of 4 KiB, with a table of 256 words. */

#include "pair.h"

enum { BYTES = 4096 };

void crc32Prepare(u8 *memory) {
  fillWords((u32 *)memory, BYTES / 4, 2);
  u32 *table = (u32 *)(memory + BYTES);
  for (u32 index = 0; index < 256; index++) {
    u32 value = index;
    for (int bit = 0; bit < 8; bit++) {
      value = (value & 1) != 0 ? value >> 1 ^ 0xedb88320 : value >> 1;
    }
    table[index] = value;
  }
}

u32 crc32Work(u8 *memory) {
  const u32 *table = (const u32 *)(memory + BYTES);
  u32 sum = 0xffffffff;
  for (usize index = 0; index < BYTES; index++) {
    sum = sum >> 8 ^ table[(sum ^ memory[index]) & 255];
  }
  return ~sum;
}
