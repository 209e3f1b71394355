/*
 * A program like Dhrystone: records that point at each other, small procedures, branches, arrays, comparisons of texts. Most
 * of what an operating system does is of this kind.
 */

#include "pair.h"

/* ROW is how many numbers a row of the table has. There are as many rows. */
enum { ROUNDS = 200, TEXT_BYTES = 30, ROW = 50 };

enum Choice { FIRST, SECOND, THIRD, FOURTH, FIFTH };

struct Entry {
  struct Entry *partner;
  enum Choice kind;
  enum Choice choice;
  int number;
  u8 text[TEXT_BYTES];
};

/* What all procedures share. */
struct Shared {
  struct Entry *current;
  int number;
  u32 flag;
  u8 letter;
  u8 otherLetter;
  struct Entry records[2];
  u8 texts[2][TEXT_BYTES];
  int row[ROW];
  int table[ROW][ROW];
};

static void setLetters(struct Shared *shared) {
  if (shared->letter == 'A') {
    shared->flag |= 1;
  }
  shared->letter = 'A';
  shared->otherLetter = 'C';
}

static int addUp(int one, int other) { return other + one + 2; }

static void fillArrays(struct Shared *shared, int index, int value) {
  usize at = (usize)(index + 5);
  shared->row[at] = value;
  shared->row[at + 1] = shared->row[at];
  shared->row[at + 30] = (int)at;
  for (usize each = at; each <= at + 1; each++) {
    shared->table[at][each] = (int)at;
  }
  shared->table[at][at - 1] += 1;
  shared->table[at + 20][at] = shared->row[at];
  shared->number = 5;
}

static enum Choice next(const struct Shared *shared, enum Choice choice) {
  switch (choice) {
    case FIRST:
      return FIRST;
    case SECOND:
      return shared->number > 100 ? FIRST : FOURTH;
    case THIRD:
      return SECOND;
    case FOURTH:
      return FIFTH;
    default:
      return THIRD;
  }
}

/* Copies the record to its partner, except for what each procedure changes. */
static void follow(struct Shared *shared, struct Entry *entry) {
  struct Entry *partner = entry->partner;
  if (partner == 0) {
    return;
  }
  partner->kind = entry->kind;
  partner->choice = entry->choice;
  partner->number = 5;
  __builtin_memcpy(partner->text, entry->text, TEXT_BYTES);
  partner->partner = entry->partner;
  if (partner->kind == FIRST) {
    partner->number = 6;
    partner->choice = next(shared, entry->choice);
    partner->number = addUp(partner->number, 10);
  } else {
    entry->kind = partner->kind;
  }
}

static enum Choice byLetter(u32 one, u32 other) { return one != other ? FIRST : SECOND; }

static int compare(const u8 *one, const u8 *other, usize count) {
  for (usize index = 0; index < count; index++) {
    int difference = one[index] - other[index];
    if (difference != 0) {
      return difference;
    }
  }
  return 0;
}

/* Whether one text sorts after another. */
static int isLater(struct Shared *shared, const u8 *one, const u8 *other) {
  usize at = 2;
  while (at <= 2) {
    if (byLetter(one[at], other[at + 1]) == FIRST) {
      at += 1;
    } else {
      shared->letter = 'B';
    }
  }
  if (compare(one, other, TEXT_BYTES) > 0) {
    shared->number += 7;
    return 1;
  }
  return 0;
}

void recordsPrepare(u8 *memory) {
  struct Shared *shared = (struct Shared *)memory;
  __builtin_memset(shared, 0, sizeof *shared);
  struct Entry *first = &shared->records[0];
  first->partner = &shared->records[1];
  first->choice = THIRD;
  first->number = 40;
  shared->current = first;
  for (usize index = 0; index < TEXT_BYTES; index++) {
    u8 letter = (u8)('A' + index % 26);
    first->text[index] = letter;
    shared->texts[0][index] = letter;
    shared->texts[1][index] = index == 25 ? '0' : letter;
  }
}

u32 recordsWork(u8 *memory) {
  struct Shared *shared = (struct Shared *)memory;
  u32 sum = 0;
  for (u32 round = 0; round < ROUNDS; round++) {
    setLetters(shared);
    shared->flag = isLater(shared, shared->texts[0], shared->texts[1]) ? 1 : 0;
    int one = 2 + (int)(round & 1);
    int two = 3;
    int three = 5 * one - two;
    while (one < two) {
      three = addUp(one, three);
      one += 1;
    }
    fillArrays(shared, one, three);
    if (shared->current != 0) {
      follow(shared, shared->current);
    }
    enum Choice choice = THIRD;
    for (u32 letter = 'A'; letter <= shared->otherLetter; letter++) {
      if (choice == byLetter(letter, 'C')) {
        choice = next(shared, SECOND);
      } else {
        choice = next(shared, choice);
      }
    }
    two *= one;
    one = two / (three | 1);
    two = 7 * (two - three) - one;
    sum = sum * 31 + (u32)(one + two + (int)choice + shared->number + (int)shared->flag);
  }
  return sum * 31 + (u32)shared->table[8][7] + (u32)shared->records[1].number;
}
