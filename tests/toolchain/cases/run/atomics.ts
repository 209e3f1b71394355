/**
 * Every atomic of every width, on one thread: what it gives, and what it leaves in memory.
 */

import { begin, hex, line } from "./print";

const area = memory.data(64, 16);

function prepare(): void {
  store<u64>(area, 0x8182838485868788);
  store<u64>(area, 0x1112131415161718, 8);
}

function left(value: u64): void {
  hex(value);
  hex(load<u64>(area));
  hex(load<u64>(area, 8));
  line();
}

function all<T>(operand: T): void {
  prepare();
  left(<u64>atomic.load<T>(area, 8));
  atomic.store<T>(area, operand, 8);
  left(0);
  left(<u64>atomic.add<T>(area, operand));
  left(<u64>atomic.sub<T>(area, operand, 8));
  left(<u64>atomic.and<T>(area, operand));
  left(<u64>atomic.or<T>(area, operand, 8));
  left(<u64>atomic.xor<T>(area, operand));
  left(<u64>atomic.xchg<T>(area, operand, 8));
  prepare();
  left(<u64>atomic.cmpxchg<T>(area, operand, operand));
  left(<u64>atomic.cmpxchg<T>(area, atomic.load<T>(area), operand));
  left(<u64>atomic.cmpxchg<T>(area + 8, operand, <T>1));
}

/** The narrow forms next to each other: none may touch its neighbours. */
function neighbours(): void {
  prepare();
  for (let i: usize = 0; i < 16; i++) {
    hex(atomic.add<u8>(area + i, 0x7f));
    hex(atomic.cmpxchg<u8>(area + i, load<u8>(area + i), <u8>i));
  }
  for (let i: usize = 0; i < 16; i += 2) {
    hex(atomic.xchg<u16>(area + i, <u16>(i * 4099)));
  }
  left(0);
}

export function main(): void {
  begin();
  all<u8>(0x91);
  all<i8>(-3);
  all<u16>(0x9123);
  all<i16>(-3);
  all<u32>(0x91234567);
  all<i32>(-3);
  all<u64>(0x9123456789abcdef);
  all<i64>(-3);
  neighbours();
}
