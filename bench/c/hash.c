/* A hash table of 2,048 slots with open addressing: 1,200 keys are inserted, then these and 1,200 others are looked up. */

#include "pair.h"

enum { KEYS = 1200, SLOT_BITS = 11, SLOTS = 1 << SLOT_BITS };

/* A slot of the table. It is empty if the key is 0. */
struct Slot {
  u32 key;
  u32 value;
};

/* The slot with `key`, or the empty one where it would go. */
static struct Slot *find(struct Slot *table, u32 key) {
  u32 index = (key * 0x9e3779b1u) >> (32 - SLOT_BITS);
  struct Slot *slot = &table[index];
  while (slot->key != 0 && slot->key != key) {
    index = (index + 1) & (SLOTS - 1);
    slot = &table[index];
  }
  return slot;
}

void hashPrepare(u8 *memory) {
  u32 *keys = (u32 *)memory;
  fillWords(keys, 2 * KEYS, 5);
  for (usize index = 0; index < 2 * KEYS; index++) {
    keys[index] |= 1;
  }
}

u32 hashWork(u8 *memory) {
  const u32 *keys = (const u32 *)memory;
  struct Slot *table = (struct Slot *)(memory + 2 * KEYS * sizeof(u32));
  for (usize index = 0; index < SLOTS; index++) {
    table[index].key = 0;
  }
  for (u32 index = 0; index < KEYS; index++) {
    struct Slot *slot = find(table, keys[index]);
    slot->key = keys[index];
    slot->value = index;
  }
  u32 sum = 0;
  for (usize index = 0; index < 2 * KEYS; index++) {
    const struct Slot *slot = find(table, keys[index]);
    sum = sum * 31 + (slot->key == 0 ? 1 : slot->value);
  }
  return sum;
}
