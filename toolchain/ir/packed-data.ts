// A task's static data without its zeros. Most of it is room that starts as zeros, between a few constants, and asc decides
// the order. The ELF file would have a byte for each, to be hashed, read and copied at every start. So the file has
// records, and source/runtime/entry.S copies each to its address before the first line of the program runs:
//
//     0         4        8
//     | address | bytes  | the bytes, in words of eight |      … and so on, up to a record of no bytes
//
// Both numbers are multiples of eight. Between the records memory is zero, as the kernel hands it out.

import type { DataSegment } from "../wasm/module.ts";
import { type Layout, staticBytes } from "./data.ts";
import { byteArray } from "./text.ts";

const WORD_BYTES = 8;
const HEADER_BYTES = 8;

/** A record ends where this many words of zeros follow; a header is as long as one of them. */
const ZERO_WORDS_MIN = 2;

/** The records as one constant, `__wasm_data`. */
export function packedGlobal(segments: readonly DataSegment[], layout: Layout): string[] {
  const records = pack(staticBytes(segments, layout), layout.memoryBase);
  return [`@__wasm_data = constant ${byteArray(records)}, section ".rodata.wasm", align ${WORD_BYTES}`];
}

/** The records of the bytes that lie at `base`, which is a multiple of eight. */
export function pack(bytes: Uint8Array, base: number): Uint8Array {
  const words = new Uint8Array(Math.ceil(bytes.length / WORD_BYTES) * WORD_BYTES);
  words.set(bytes);
  const runs = findRuns(words);
  const length = runs.reduce((sum, { from, to }) => sum + HEADER_BYTES + to - from, HEADER_BYTES);
  const records = new Uint8Array(length);
  const view = new DataView(records.buffer);
  let at = 0;
  for (const { from, to } of runs) {
    view.setUint32(at, base + from, true);
    view.setUint32(at + 4, to - from, true);
    records.set(words.subarray(from, to), at + HEADER_BYTES);
    at += HEADER_BYTES + to - from;
  }
  return records;
}

interface Run {
  from: number;
  to: number;
}

/** Where there is something, in whole words, with fewer than ZERO_WORDS_MIN words of zeros inside each run. */
function findRuns(words: Uint8Array): Run[] {
  const runs: Run[] = [];
  for (let from = 0; from < words.length; from += WORD_BYTES) {
    const to = from + WORD_BYTES;
    if (words.subarray(from, to).every((byte) => byte === 0)) {
      continue;
    }
    const last = runs.at(-1);
    if (last !== undefined && from - last.to < ZERO_WORDS_MIN * WORD_BYTES) {
      last.to = to;
    } else {
      runs.push({ from, to });
    }
  }
  return runs;
}
