/* Quick sort of 2,000 words, with Hoare's partition. */

#include "pair.h"

enum { COUNT = 2000 };

/* Sorts the words from `first` to `last`. */
static void sort(u32 *words, long first, long last) {
  if (first >= last) {
    return;
  }
  u32 pivot = words[(first + last) >> 1];
  long low = first;
  long high = last;
  while (low <= high) {
    while (words[low] < pivot) {
      low += 1;
    }
    while (words[high] > pivot) {
      high -= 1;
    }
    if (low <= high) {
      u32 value = words[low];
      words[low] = words[high];
      words[high] = value;
      low += 1;
      high -= 1;
    }
  }
  sort(words, first, high);
  sort(words, low, last);
}

void quickPrepare(u8 *memory) { fillWords((u32 *)memory, COUNT, 4); }

u32 quickWork(u8 *memory) {
  sort((u32 *)memory, 0, COUNT - 1);
  return foldWords((u32 *)memory, COUNT);
}
