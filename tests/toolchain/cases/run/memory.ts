/**
 * Every width of load and store, aligned and not, with static offsets; memory.copy and memory.fill at every small
 * length and misalignment, forwards and backwards; strings and mutable globals.
 */

import { begin, hex, line, print } from "./print";

const AREA_BYTES: usize = 1024;
const area = memory.data(1024, 16);

let counter: i64 = 5;

/** Fills the area with bytes that differ from their neighbours. */
function prepare(): void {
  for (let i: usize = 0; i < AREA_BYTES; i++) {
    store<u8>(area + i, <u8>(i * 151 + 43));
  }
}

/** One number for all bytes of the area. */
function sum(): u64 {
  let value: u64 = 0xcbf29ce484222325;
  for (let i: usize = 0; i < AREA_BYTES; i++) {
    value = (value ^ load<u8>(area + i)) * 0x100000001b3;
  }
  return value;
}

function loads(at: usize): void {
  hex(<u64>load<i8>(at));
  hex(load<u8>(at));
  hex(<u64>load<i16>(at, 0, 1));
  hex(load<u16>(at, 0, 1));
  hex(<u64>load<i32>(at, 0, 1));
  hex(load<u32>(at, 0, 1));
  hex(load<u64>(at, 0, 1));
  hex(<u64>load<i64>(at, 8, 1));
  hex(<u64>(<i32>load<i8>(at, 17)));
  hex(load<u32>(at, 100, 1));
  line();
}

function stores(at: usize, value: u64): void {
  store<u8>(at, <u8>value);
  store<u16>(at, <u16>value, 1, 1);
  store<u32>(at, <u32>value, 3, 1);
  store<u64>(at, value, 7, 1);
  store<i8>(at, <i8>value, 15);
  store<i64>(at, -1, 16, 1);
  store<u8>(at, 200, 24);
  hex(sum());
  line();
}

/** Aligned accesses: these may become single instructions. */
function aligned(): void {
  for (let i: usize = 0; i < 8; i++) {
    store<u16>(area + i * 2, load<u16>(area + 64 + i * 2) + 1);
    store<u32>(area + 128 + (i << 2), load<u32>(area + 256 + (i << 2)) ^ 0x55);
    store<u64>(area + 512 + (i << 3), load<u64>(area + 640 + (i << 3)) - 3);
  }
  hex(sum());
  line();
}

function copies(): void {
  for (let from: usize = 0; from < 9; from++) {
    for (let to: usize = 0; to < 9; to++) {
      prepare();
      for (let length: usize = 0; length < 40; length++) {
        memory.copy(area + to + 64, area + from, length);
      }
      for (let length: usize = 0; length < 40; length += 3) {
        memory.copy(area + to + 300, area + from + 304, length);
      }
      for (let length: usize = 0; length < 140; length += 7) {
        memory.copy(area + to + 500, area + from + 496, length);
      }
      memory.copy(area + to + 700, area + from + 700, 200);
      hex(sum());
    }
    line();
  }
}

/** Lengths that are constants: these may become single instructions where both ends are aligned. */
function constantLengths(): void {
  for (let from: usize = 0; from < 9; from++) {
    for (let to: usize = 0; to < 9; to++) {
      prepare();
      memory.copy(area + to, area + from + 64, 15);
      memory.copy(area + to + 16, area + from + 128, 16);
      memory.copy(area + to + 40, area + from + 160, 30);
      memory.copy(area + to + 200, area + from + 208, 32);
      memory.copy(area + to + 308, area + from + 300, 63);
      memory.copy(area + to + 400, area + from + 416, 64);
      memory.copy(area + to + 600, area + from + 640, 65);
      memory.fill(area + to + 700, 7, 16);
      memory.fill(area + from + 750, <u8>0x1ff, 37);
      memory.fill(area + from + 800, 0, 64);
      hex(sum());
    }
    line();
  }
}

function fills(): void {
  for (let to: usize = 0; to < 9; to++) {
    prepare();
    for (let length: usize = 0; length < 180; length += 11) {
      memory.fill(area + to + length, <u8>(length + 3), length);
    }
    memory.fill(area + to + 800, <u8>0x1ff, 100);
    hex(sum());
  }
  line();
}

/** Insertion sort: signed compares, addresses from indices that run down. */
function sort(count: i32): void {
  for (let i = 1; i < count; i++) {
    const value = load<i32>(area + ((<usize>i) << 2));
    let j = i - 1;
    while (j >= 0 && load<i32>(area + ((<usize>j) << 2)) > value) {
      store<i32>(area + ((<usize>(j + 1)) << 2), load<i32>(area + ((<usize>j) << 2)));
      j--;
    }
    store<i32>(area + ((<usize>(j + 1)) << 2), value);
  }
  hex(sum());
  line();
}

/** Addresses that are made of numbers whose sum wraps: what counts is the 32-bit result. */
function wrapped(): void {
  const page = area >> 12;
  hex(load<u32>((page << 12) + (area & 4095)));
  hex(load<u32>(area + 0x80000000 - 0x80000000));
  hex(load<u32>(<usize>(<u64>area | 0xfffffff00000000)));
  hex(load<u32>(area - 0x7fffffff + 0x7fffffff));
  hex(load<u32>((area ^ 0x80000000) | 0x80000000));
  // Two counters that run round, two steps apart.
  let behind: u32 = 0x7fffffff;
  const ahead = behind + <u32>load<u8>(area) * 0 + 2;
  behind += <u32>load<u8>(area) * 0;
  hex(load<u32>(area + ((ahead - behind) << 2)));
  line();
}

export function main(): void {
  begin();
  prepare();
  for (let i: usize = 0; i < 9; i++) {
    loads(area + i);
  }
  for (let i: usize = 0; i < 9; i++) {
    stores(area + i, 0x8182838485868788 + i);
  }
  aligned();
  copies();
  constantLengths();
  fills();
  prepare();
  sort(200);
  wrapped();
  print("text in static data");
  counter = counter * 3 + 1;
  hex(counter);
  line();
}
