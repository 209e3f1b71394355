/**
 * A program like Dhrystone: records that point at each other, small procedures, branches, arrays, comparisons of texts. Most
 * of what an operating system does is of this kind.
 */

const ROUNDS: u32 = 200;
const TEXT_BYTES: u32 = 30;
/** How many numbers a row of the table has. There are as many rows. */
const ROW: u32 = 50;

const enum Choice {
  First,
  Second,
  Third,
  Fourth,
  Fifth,
}

/** A record. Its text follows the fields. */
@unmanaged
@final
class Entry {
  partner: Entry | null;
  kind: Choice;
  choice: Choice;
  number: i32;

  get text(): usize {
    return changetype<usize>(this) + offsetof<Entry>();
  }
}

/** What all procedures share. Two records, two texts, a row of numbers and a table of numbers follow it. */
@unmanaged
@final
class Shared {
  current: Entry | null;
  number: i32;
  flag: u32;
  letter: u8;
  otherLetter: u8;

  record(index: u32): Entry {
    return changetype<Entry>(changetype<usize>(this) + 64 + <usize>index * 64);
  }

  text(index: u32): usize {
    return changetype<usize>(this) + 192 + <usize>index * 32;
  }

  /** The address of a number of the row. */
  inRow(index: u32): usize {
    return changetype<usize>(this) + 256 + ((<usize>index) << 2);
  }

  /** The address of a number of the table. */
  inTable(line: u32, index: u32): usize {
    return changetype<usize>(this) + 512 + ((<usize>(line * ROW + index)) << 2);
  }
}

export function prepare(base: usize): void {
  const shared = changetype<Shared>(base);
  memory.fill(base, 0, 512 + ROW * ROW * 4);
  const first = shared.record(0);
  first.partner = shared.record(1);
  first.choice = Choice.Third;
  first.number = 40;
  shared.current = first;
  for (let index: u32 = 0; index < TEXT_BYTES; index++) {
    const letter = <u8>(65 + (index % 26));
    store<u8>(first.text + <usize>index, letter);
    store<u8>(shared.text(0) + <usize>index, letter);
    store<u8>(shared.text(1) + <usize>index, index === 25 ? 48 : letter);
  }
}

export function work(base: usize): u32 {
  const shared = changetype<Shared>(base);
  let sum: u32 = 0;
  for (let round: u32 = 0; round < ROUNDS; round++) {
    setLetters(shared);
    shared.flag = isLater(shared, shared.text(0), shared.text(1)) ? 1 : 0;
    let one: i32 = 2 + <i32>(round & 1);
    let two: i32 = 3;
    let three: i32 = 5 * one - two;
    while (one < two) {
      three = addUp(one, three);
      one += 1;
    }
    fillArrays(shared, one, three);
    const current = shared.current;
    if (current !== null) {
      follow(shared, current);
    }
    let choice = Choice.Third;
    for (let letter: u32 = 65; letter <= <u32>shared.otherLetter; letter++) {
      if (choice === byLetter(letter, 67)) {
        choice = next(shared, Choice.Second);
      } else {
        choice = next(shared, choice);
      }
    }
    two *= one;
    one = two / (three | 1);
    two = 7 * (two - three) - one;
    sum = sum * 31 + <u32>(one + two + <i32>choice + shared.number + <i32>shared.flag);
  }
  return sum * 31 + load<u32>(shared.inTable(8, 7)) + shared.record(1).number;
}

function setLetters(shared: Shared): void {
  if (shared.letter === 65) {
    shared.flag |= 1;
  }
  shared.letter = 65;
  shared.otherLetter = 67;
}

function addUp(one: i32, other: i32): i32 {
  return other + one + 2;
}

function fillArrays(shared: Shared, index: i32, value: i32): void {
  const at = <u32>(index + 5);
  store<i32>(shared.inRow(at), value);
  store<i32>(shared.inRow(at + 1), load<i32>(shared.inRow(at)));
  store<i32>(shared.inRow(at + 30), <i32>at);
  for (let each = at; each <= at + 1; each++) {
    store<i32>(shared.inTable(at, each), <i32>at);
  }
  const before = shared.inTable(at, at - 1);
  store<i32>(before, load<i32>(before) + 1);
  store<i32>(shared.inTable(at + 20, at), load<i32>(shared.inRow(at)));
  shared.number = 5;
}

/** Copies the record to its partner, except for what each procedure changes. */
function follow(shared: Shared, entry: Entry): void {
  const partner = entry.partner;
  if (partner === null) {
    return;
  }
  partner.kind = entry.kind;
  partner.choice = entry.choice;
  partner.number = 5;
  memory.copy(partner.text, entry.text, <usize>TEXT_BYTES);
  partner.partner = entry.partner;
  if (partner.kind === Choice.First) {
    partner.number = 6;
    partner.choice = next(shared, entry.choice);
    partner.number = addUp(partner.number, 10);
  } else {
    entry.kind = partner.kind;
  }
}

function next(shared: Shared, choice: Choice): Choice {
  switch (choice) {
    case Choice.First:
      return Choice.First;
    case Choice.Second:
      return shared.number > 100 ? Choice.First : Choice.Fourth;
    case Choice.Third:
      return Choice.Second;
    case Choice.Fourth:
      return Choice.Fifth;
    default:
      return Choice.Third;
  }
}

function byLetter(one: u32, other: u32): Choice {
  return one !== other ? Choice.First : Choice.Second;
}

/** Whether one text sorts after another. */
function isLater(shared: Shared, one: usize, other: usize): bool {
  let at: u32 = 2;
  while (at <= 2) {
    if (byLetter(load<u8>(one + <usize>at), load<u8>(other + <usize>(at + 1))) === Choice.First) {
      at += 1;
    } else {
      shared.letter = 66;
    }
  }
  if (compare(one, other, TEXT_BYTES) > 0) {
    shared.number += 7;
    return true;
  }
  return false;
}

function compare(one: usize, other: usize, count: u32): i32 {
  for (let index: u32 = 0; index < count; index++) {
    const difference = <i32>load<u8>(one + <usize>index) - <i32>load<u8>(other + <usize>index);
    if (difference !== 0) {
      return difference;
    }
  }
  return 0;
}
