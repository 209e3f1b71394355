/** A hash table of 2,048 slots with open addressing: 1,200 keys are inserted, then these and 1,200 others are looked up. */
import { fillWords } from "./input";

const KEYS: u32 = 1200;
const SLOT_BITS: u32 = 11;
const SLOTS: u32 = 1 << SLOT_BITS;

/** A slot of the table. It is empty if the key is 0. */
@unmanaged
@final
class Slot {
  key: u32;
  value: u32;
}

export function prepare(base: usize): void {
  fillWords(base, 2 * KEYS, 5);
  for (let index: u32 = 0; index < 2 * KEYS; index++) {
    const at = base + ((<usize>index) << 2);
    store<u32>(at, load<u32>(at) | 1);
  }
}

export function work(base: usize): u32 {
  const table = base + ((2 * KEYS) << 2);
  for (let index: u32 = 0; index < SLOTS; index++) {
    slotAt(table, index).key = 0;
  }
  for (let index: u32 = 0; index < KEYS; index++) {
    const key = load<u32>(base + ((<usize>index) << 2));
    const slot = find(table, key);
    slot.key = key;
    slot.value = index;
  }
  let sum: u32 = 0;
  for (let index: u32 = 0; index < 2 * KEYS; index++) {
    const slot = find(table, load<u32>(base + ((<usize>index) << 2)));
    sum = sum * 31 + (slot.key === 0 ? 1 : slot.value);
  }
  return sum;
}

function slotAt(table: usize, index: u32): Slot {
  return changetype<Slot>(table + <usize>index * offsetof<Slot>());
}

/** The slot with `key`, or the empty one where it would go. */
function find(table: usize, key: u32): Slot {
  let index = (key * 0x9e37_79b1) >> (32 - SLOT_BITS);
  let slot = slotAt(table, index);
  while (slot.key !== 0 && slot.key !== key) {
    index = (index + 1) & (SLOTS - 1);
    slot = slotAt(table, index);
  }
  return slot;
}
