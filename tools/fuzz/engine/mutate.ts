// Changes an input a little: what most fuzzers do with bytes, and words that the target itself compares with.

import type { Random } from "./random.ts";

/** Changes in a row: 1, 2, 4, 8 or 16 of them. */
const CHANGES_EXPONENT_MAX = 5;
/** The longest piece that is copied, removed or filled at once; longer ones are rare in one change in eight. */
const PIECE_BYTES_MAX = 64;
const LONG_PIECE_BYTES_MAX = 4096;
const NUDGE_MAX = 16;

/** Numbers at which readers tend to go wrong. */
const edges: readonly number[] = [
  0, 1, 2, 3, 4, 7, 8, 16, 63, 64, 127, 128, 255, 256, 4095, 4096, 65_535, 65_536, 0x7fff_ffff, 0x8000_0000,
  0xffff_fff8, 0xffff_ffff,
];

/** What changes draw from. */
export interface MutationSource {
  readonly random: Random;
  /** Words of the format. */
  readonly dictionary: readonly Uint8Array[];
  /** Another input, for pieces of it. */
  readonly other: Uint8Array;
  readonly bytesMax: number;
  /** The input is text: bytes are written as printable characters more often than not. */
  readonly isText: boolean;
}

/** A changed copy of the input, `bytesMax` bytes long at most. */
export function mutate(input: Uint8Array, source: MutationSource): Uint8Array {
  const changes = 1 << source.random.below(CHANGES_EXPONENT_MAX);
  let changed = input;
  for (let change = 0; change < changes; change++) {
    changed = changeOnce(changed, source).subarray(0, source.bytesMax);
  }
  return Uint8Array.from(changed);
}

function changeOnce(input: Uint8Array, source: MutationSource): Uint8Array {
  const { random, dictionary, other } = source;
  const at = random.below(input.length + 1);
  switch (random.below(10)) {
    case 0:
      return overwrite(input, at, [(input[at] ?? 0) ^ (1 << random.below(8))]);
    case 1:
      return overwrite(input, at, [letter(source)]);
    case 2:
      return nudge(input, random);
    case 3:
      return overwrite(input, aligned(at, random), number(random.pick(edges), random));
    case 4: {
      const word = dictionary.length > 0 ? random.pick(dictionary) : number(random.word(), random);
      return random.below(2) === 0 ? overwrite(input, aligned(at, random), word) : insert(input, at, word);
    }
    case 5:
      return remove(input, at, pieceLength(random));
    case 6:
      return insert(input, random.below(input.length + 1), piece(input, random));
    case 7:
      return overwrite(input, at, piece(input, random));
    case 8:
      return insert(input, at, piece(other, random));
    default:
      return random.below(4) === 0 ? splice(input, other, random) : insert(input, at, [letter(source)]);
  }
}

function letter({ random, isText }: MutationSource): number {
  return isText && random.below(8) !== 0 ? 0x20 + random.below(0x5f) : random.below(256);
}

/** Half of the places are rounded down to a word, because most formats have words. */
function aligned(at: number, random: Random): number {
  return random.below(2) === 0 ? at : at & ~3;
}

/** A number of 1, 2, 4 or 8 bytes, in either order. */
function number(value: number, random: Random): Uint8Array {
  const bytes = new Uint8Array(1 << random.below(4));
  for (let index = 0; index < Math.min(4, bytes.length); index++) {
    bytes[index] = value >>> (8 * index);
  }
  return random.below(2) === 0 ? bytes : bytes.reverse();
}

/** Adds a small number to a word, in either order. */
function nudge(input: Uint8Array, random: Random): Uint8Array {
  const bytes = Math.min(1 << random.below(3), input.length);
  const at = random.below(input.length - bytes + 1);
  const step = 1 + random.below(NUDGE_MAX);
  let carry = random.below(2) === 0 ? step : -step;
  const isBig = random.below(2) === 0;
  const changed = Uint8Array.from(input);
  for (let index = 0; index < bytes; index++) {
    const place = isBig ? at + bytes - 1 - index : at + index;
    const sum = (changed[place] ?? 0) + carry;
    changed[place] = sum;
    carry = sum >> 8;
  }
  return changed;
}

function pieceLength(random: Random): number {
  return 1 + random.below(random.below(8) === 0 ? LONG_PIECE_BYTES_MAX : PIECE_BYTES_MAX);
}

function piece(from: Uint8Array, random: Random): Uint8Array {
  const start = random.below(from.length);
  return from.subarray(start, start + pieceLength(random));
}

/** The beginning of one input, then the end of another. */
function splice(input: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const head = input.subarray(0, random.below(input.length + 1));
  return insert(head, head.length, other.subarray(random.below(other.length + 1)));
}

function overwrite(input: Uint8Array, at: number, bytes: ArrayLike<number>): Uint8Array {
  const changed = new Uint8Array(Math.max(input.length, at + bytes.length));
  changed.set(input);
  changed.set(bytes, at);
  return changed;
}

function insert(input: Uint8Array, at: number, bytes: ArrayLike<number>): Uint8Array {
  const changed = new Uint8Array(input.length + bytes.length);
  changed.set(input.subarray(0, at));
  changed.set(bytes, at);
  changed.set(input.subarray(at), at + bytes.length);
  return changed;
}

function remove(input: Uint8Array, at: number, count: number): Uint8Array {
  const changed = new Uint8Array(Math.max(at, input.length - count));
  changed.set(input.subarray(0, at));
  changed.set(input.subarray(at + count, at + count + changed.length - at), at);
  return changed;
}
