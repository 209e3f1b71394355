/**
 * Litmus tests: what harts may see of each other's accesses. Every line that is printed is a count of what must never
 * happen, or a sum that must be exact.
 *
 * The harts go through arrays of cells without waiting for each other, so that many pairs of accesses meet in many ways;
 * only between the rounds of a test do all of them meet at a barrier. Each cell has its own cache line.
 */

import { begin, hex, line, print } from "./print";

const HARTS: u32 = 4;
const CELLS: u32 = 512;
const ROUNDS: u32 = 12;
const CELL_BYTES: u32 = 64;

const x = memory.data(512 * 64, 64);
const y = memory.data(512 * 64, 64);
/** What each hart has read: two numbers a cell. */
const seen = memory.data(4 * 512 * 8, 64);
const counters = memory.data(64, 64);
const barrier = memory.data(64, 64);

/** All harts meet. The last one turns the generation, for which the others wait. */
function meet(): void {
  const generation = atomic.load<u32>(barrier, 4);
  if (atomic.add<u32>(barrier, 1) + 1 === HARTS) {
    atomic.store<u32>(barrier, 0);
    atomic.store<u32>(barrier, generation + 1, 4);
    return;
  }
  while (atomic.load<u32>(barrier, 4) === generation) {}
}

function cell(base: usize, index: u32): usize {
  return base + index * CELL_BYTES;
}

function note(hart: u32, index: u32, first: u32, second: u32): void {
  const at = seen + (hart * CELLS + index) * 8;
  store<u32>(at, first);
  store<u32>(at, second, 4);
}

function first(hart: u32, index: u32): u32 {
  return load<u32>(seen + (hart * CELLS + index) * 8);
}

function second(hart: u32, index: u32): u32 {
  return load<u32>(seen + (hart * CELLS + index) * 8, 4);
}

function clear(): void {
  memory.fill(x, 0, CELLS * CELL_BYTES);
  memory.fill(y, 0, CELLS * CELL_BYTES);
}

/** Message passing: a plain store before the flag's; who sees the flag sees the message. */
function messagePassing(hart: u32): void {
  for (let i: u32 = 0; i < CELLS; i++) {
    if (hart === 0) {
      store<u32>(cell(x, i), i + 1);
      atomic.store<u32>(cell(y, i), 1);
    } else {
      const flag = atomic.load<u32>(cell(y, i));
      note(hart, i, flag, load<u32>(cell(x, i)));
    }
  }
}

function messagesLost(): u32 {
  let lost: u32 = 0;
  for (let hart: u32 = 1; hart < HARTS; hart++) {
    for (let i: u32 = 0; i < CELLS; i++) {
      if (first(hart, i) === 1 && second(hart, i) !== i + 1) {
        lost++;
      }
    }
  }
  return lost;
}

/** Store buffering, in two pairs of harts: each stores, then reads the other's; one of them sees something. */
function storeBuffering(hart: u32): void {
  const own = (hart & 1) === 0 ? x : y;
  const other = (hart & 1) === 0 ? y : x;
  const offset = (hart >> 1) * 4;
  for (let i: u32 = 0; i < CELLS; i++) {
    atomic.store<u32>(cell(own, i) + offset, 1);
    note(hart, i, atomic.load<u32>(cell(other, i) + offset), 0);
  }
}

function bothMissed(): u32 {
  let missed: u32 = 0;
  for (let hart: u32 = 0; hart < HARTS; hart += 2) {
    for (let i: u32 = 0; i < CELLS; i++) {
      if (first(hart, i) === 0 && first(hart + 1, i) === 0) {
        missed++;
      }
    }
  }
  return missed;
}

/** Load buffering: each reads, then stores; they cannot both have read what the other stored afterwards. */
function loadBuffering(hart: u32): void {
  const own = (hart & 1) === 0 ? x : y;
  const other = (hart & 1) === 0 ? y : x;
  const offset = (hart >> 1) * 4;
  for (let i: u32 = 0; i < CELLS; i++) {
    const value = atomic.load<u32>(cell(other, i) + offset);
    atomic.store<u32>(cell(own, i) + offset, 1);
    note(hart, i, value, 0);
  }
}

function bothFromTheFuture(): u32 {
  let wrong: u32 = 0;
  for (let hart: u32 = 0; hart < HARTS; hart += 2) {
    for (let i: u32 = 0; i < CELLS; i++) {
      if (first(hart, i) === 1 && first(hart + 1, i) === 1) {
        wrong++;
      }
    }
  }
  return wrong;
}

/** Coherence of two reads: what was seen stays seen. One hart counts up, the others read twice. */
function coherence(hart: u32): void {
  for (let i: u32 = 0; i < CELLS; i++) {
    if (hart === 0) {
      atomic.store<u32>(x, i + 1);
    } else {
      const before = atomic.load<u32>(x);
      note(hart, i, before, atomic.load<u32>(x));
    }
  }
}

function wentBack(): u32 {
  let wrong: u32 = 0;
  for (let hart: u32 = 1; hart < HARTS; hart++) {
    for (let i: u32 = 0; i < CELLS; i++) {
      if (second(hart, i) < first(hart, i)) {
        wrong++;
      }
      if (i > 0 && first(hart, i) < second(hart, i - 1)) {
        wrong++;
      }
    }
  }
  return wrong;
}

/** Independent reads of independent writes: two readers agree on which of two stores came first. */
function independent(hart: u32): void {
  for (let i: u32 = 0; i < CELLS; i++) {
    if (hart === 0) {
      atomic.store<u32>(cell(x, i), 1);
    } else if (hart === 1) {
      atomic.store<u32>(cell(y, i), 1);
    } else if (hart === 2) {
      const value = atomic.load<u32>(cell(x, i));
      note(hart, i, value, atomic.load<u32>(cell(y, i)));
    } else {
      const value = atomic.load<u32>(cell(y, i));
      note(hart, i, value, atomic.load<u32>(cell(x, i)));
    }
  }
}

function disagreed(): u32 {
  let wrong: u32 = 0;
  for (let i: u32 = 0; i < CELLS; i++) {
    if (first(2, i) === 1 && second(2, i) === 0 && first(3, i) === 1 && second(3, i) === 0) {
      wrong++;
    }
  }
  return wrong;
}

/** Runs a test's rounds on all harts, and prints how often the forbidden was seen. */
function rounds(name: string, hart: u32, body: (hart: u32) => void, judge: () => u32): void {
  let forbidden: u64 = 0;
  for (let round: u32 = 0; round < ROUNDS; round++) {
    if (hart === 0) {
      clear();
    }
    meet();
    body(hart);
    meet();
    if (hart === 0) {
      forbidden += judge();
    }
  }
  if (hart === 0) {
    report(name, forbidden);
  }
}

function report(name: string, value: u64): void {
  print(name);
  print(" ");
  hex(value);
  line();
}

const ADDS: u32 = 200_000;

/** Every width at once: the sum is exact, and a narrow counter's neighbours are left alone. */
function count(hart: u32): void {
  for (let i: u32 = 0; i < ADDS; i++) {
    atomic.add<u64>(counters, 3);
    atomic.add<u32>(counters, 5, 8);
    atomic.add<u16>(counters, 7, 12);
    atomic.sub<u8>(counters, 1, 14);
    atomic.xor<u8>(counters, 0xff, 15);
    // Four bytes of one word, each with one owner.
    atomic.add<u8>(counters + 16 + hart, <u8>(hart + 1));
    atomic.or<u16>(counters + 24 + hart * 2, <u16>((<u32>1) << (i & 15)));
  }
}

const LOCKED: u32 = 20_000;

/** A lock by compare-exchange around a counter that is no atomic: of a word, and of a byte in the middle of one. */
function lockWord(): void {
  for (let i: u32 = 0; i < LOCKED; i++) {
    while (atomic.cmpxchg<u32>(counters, 0, 1, 32) !== 0) {}
    store<u64>(counters, load<u64>(counters, 40) + 1, 40);
    atomic.store<u32>(counters, 0, 32);
  }
}

function lockByte(): void {
  for (let i: u32 = 0; i < LOCKED; i++) {
    while (atomic.cmpxchg<u8>(counters, 0, 1, 49) !== 0) {}
    store<u64>(counters, load<u64>(counters, 56) + 1, 56);
    atomic.store<u8>(counters, 0, 49);
  }
}

/** What every hart runs. */
export function work(hart: u32): void {
  if (hart === 0) {
    begin();
  }
  rounds("message passing", hart, messagePassing, messagesLost);
  rounds("store buffering", hart, storeBuffering, bothMissed);
  rounds("load buffering", hart, loadBuffering, bothFromTheFuture);
  rounds("coherence of reads", hart, coherence, wentBack);
  rounds("independent reads", hart, independent, disagreed);
  meet();
  count(hart);
  meet();
  lockWord();
  meet();
  lockByte();
  meet();
  if (hart !== 0) {
    return;
  }
  report("u64", load<u64>(counters));
  report("u32", load<u32>(counters, 8));
  report("u16 u8 u8", load<u32>(counters, 12));
  report("bytes of a word", load<u32>(counters, 16));
  report("halves of a word", load<u64>(counters, 24));
  report("lock, a word", load<u64>(counters, 40));
  report("lock, a byte", load<u64>(counters, 56));
  report("around it", load<u64>(counters, 48));
}
