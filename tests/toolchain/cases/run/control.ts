/**
 * Blocks, loops, switches, calls through the table, recursion; and what has to trap.
 */

import { attempt } from "./assembly";
import { begin, hex, line, print } from "./print";

let which: u32 = 0;
let result: u64 = 0;

function dense(value: i32): i32 {
  switch (value) {
    case 0:
      return 10;
    case 1:
    case 2:
      value += 7;
      break;
    case 3:
      value *= 2;
      break;
    case 7:
      return value + dense(value - 1);
    default:
      value = -value;
  }
  return value;
}

function nested(limit: i32): i32 {
  let sum = 0;
  for (let i = 0; i < limit; i++) {
    if (i === 5) {
      continue;
    }
    for (let j = 0; ; j++) {
      if (j > i) {
        break;
      }
      if (i * j > 40) {
        return sum;
      }
      if ((i ^ j) & 1) {
        continue;
      }
      sum += i * 10 + j;
    }
  }
  return sum;
}

function early(a: i32, b: i32): i32 {
  while (true) {
    if (a > 100) {
      return a;
    }
    if (b === 0) {
      break;
    }
    do {
      a += b;
      if (a & 1) {
        return -a;
      }
    } while (a < 50);
    b--;
  }
  return a ? (b ? 1 : 2) : b > 3 || a === 0 ? 3 : 4;
}

/** Conditions of several parts, before every kind of statement; `bits` says what is true. */
function conditions(bits: u32): u32 {
  const a = (bits & 1) !== 0;
  const b = (bits & 2) !== 0;
  const c = (bits & 4) !== 0;
  const d = (bits & 8) !== 0;
  let sum: u32 = 0;
  if (a && b) {
    sum += 1;
  }
  if (a || (b && c)) {
    sum += 2;
  } else if (!(c && d)) {
    sum += 4;
  }
  if (!(a && (b || !c)) && (d || !(a || b))) {
    sum += 8;
  }
  let turns: u32 = 0;
  while (turns < 5 && (turns < bits || (c && turns < 3))) {
    turns += 1;
    if ((a || b) && turns === 2) {
      continue;
    }
    sum += 16;
    if (c && d && turns === 4) {
      break;
    }
  }
  do {
    turns += 1;
  } while (turns < 9 && !(turns > 6 && (a || d)));
  const picked = a && (b || c) ? 1000 : !b || d ? 2000 : 3000;
  return sum + turns * 256 + picked * 65536 + ((a && b) || (c && d) ? 128 : 0);
}

function fibonacci(n: u64): u64 {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

function even(n: u32): bool {
  return n === 0 ? true : odd(n - 1);
}

function odd(n: u32): bool {
  return n === 0 ? false : even(n - 1);
}

function double(value: i32): i32 {
  return value * 2;
}

function negate(value: i32): i32 {
  return -value;
}

function wide(value: i64): i64 {
  return value * 3;
}

function apply(f: (value: i32) => i32, value: i32): i32 {
  return f(value);
}

function applyWide(f: (value: i64) => i64, value: i64): i64 {
  return f(value);
}

/** Each value of `which` is one thing that traps, or just does not. */
export function attempted(): void {
  const zero = <i32>(which >> 16);
  switch (which) {
    case 0:
      result = call_indirect<i32>(1, 21);
      break;
    case 1:
      result = call_indirect<i32>(0, 21);
      break;
    case 2:
      result = call_indirect<i32>(1000000, 21);
      break;
    case 3:
      result = call_indirect<i32>(0xffffffff, 21);
      break;
    case 4:
      result = <u64>call_indirect<i64>(1, <i64>21);
      break;
    case 5:
      call_indirect<void>(1);
      break;
    case 6:
      unreachable();
      break;
    case 7:
      result = 1 / zero;
      break;
    case 8:
      result = i32.MIN_VALUE / (zero - 1);
      break;
    case 9:
      result = i32.MIN_VALUE % (zero - 1);
      break;
    case 10:
      result = call_indirect<i32>(zero + 2, 21);
      break;
  }
}

export function main(): void {
  begin();
  for (let i = -2; i < 9; i++) {
    hex(dense(i));
  }
  line();
  for (let i = 0; i < 12; i++) {
    hex(nested(i));
  }
  line();
  for (let i = -3; i < 9; i++) {
    hex(early(i, i * 2 - 3));
  }
  line();
  for (let bits: u32 = 0; bits < 16; bits++) {
    hex(conditions(bits));
  }
  line();
  hex(fibonacci(15));
  hex(even(40) ? 1 : 2);
  hex(apply(double, 4));
  hex(apply(negate, 4));
  hex(applyWide(wide, -4));
  line();
  for (which = 0; which < 11; which++) {
    result = 0x9999;
    if (attempt()) {
      hex(result);
    } else {
      print("trap ");
    }
  }
  line();
}
