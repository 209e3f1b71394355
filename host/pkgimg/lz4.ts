// Compresses to LZ4 blocks (lz4_Block_format.md of the LZ4 project). source/libs/lz4 decompresses them in the guest.
//
// A block is a list of sequences: a token with two lengths, then literals, then the distance of the match to copy. The compressor
// looks for the longest match at each place, among the last CHAIN_MAX places with the same four bytes. If the next place has a
// longer match, it takes that one. The same bytes give the same block on every host.

/** The format has no shorter matches. */
const MATCH_MIN = 4;
/**
 * Shorter ones are not looked for: the guest would spend more instructions on following one than on verifying the bytes that
 * it saves (docs/storage/package-image.md).
 */
const MATCH_USEFUL = 6;
/** How far back a match may lie. */
const DISTANCE_MAX = 0xffff;
/** A block ends with at least this many literals, and its last match begins at least that far before its end. */
const LAST_LITERALS = 5;
const LAST_MATCH = 12;

/** A length in a token has four bits. If it is this, bytes follow that are added to it. */
const LENGTH_IN_TOKEN = 15;
const LENGTH_IN_BYTE = 255;

/** How many places are tried for one match. With more, matches are hardly longer. */
const CHAIN_MAX = 64;
const HASH_BITS = 14;
/** 2^32 over the golden ratio. */
const HASH_FACTOR = 0x9e37_79b1;
const NOWHERE = -1;

/** The place and the length of a match. A length of 0 means that there is none. */
interface Match {
  readonly from: number;
  readonly length: number;
}

const NO_MATCH: Match = { from: 0, length: 0 };

/** The block for up to 64 KiB. Undefined if it would not be shorter than the bytes themselves. */
export function compressBlock(source: Uint8Array): Uint8Array | undefined {
  const block = new BlockBytes(source.length - 1);
  const matches = new Matches(source);
  const lastStart = source.length - LAST_MATCH;
  let literals = 0;
  for (let at = 0; at <= lastStart; ) {
    const match = matches.longest(at);
    if (match.length === 0 || (at < lastStart && matches.longest(at + 1).length > match.length)) {
      at += 1;
      continue;
    }
    if (!block.sequence(source.subarray(literals, at), at - match.from, match.length)) {
      return undefined;
    }
    at += match.length;
    literals = at;
  }
  return block.end(source.subarray(literals));
}

/** Finds matches, from front to back. It knows all places before the one that it is asked about. */
class Matches {
  readonly #source: Uint8Array;
  readonly #view: DataView;
  /** The latest place for a hash of four bytes; and for each place, the one before it with the same hash. */
  readonly #latest = new Int32Array(1 << HASH_BITS).fill(NOWHERE);
  readonly #before: Int32Array;
  /** Places before this one are known. */
  #known = 0;
  /** The last result. It is kept because each place is asked about twice. */
  #lastAt = NOWHERE;
  #last = NO_MATCH;

  constructor(source: Uint8Array) {
    this.#source = source;
    this.#view = new DataView(source.buffer, source.byteOffset, source.length);
    this.#before = new Int32Array(source.length);
  }

  /** The longest match at a place that is LAST_MATCH or more before the end. */
  longest(at: number): Match {
    if (this.#lastAt !== at) {
      this.#learn(at);
      this.#last = this.#search(at);
      this.#lastAt = at;
    }
    return this.#last;
  }

  #search(at: number): Match {
    const source = this.#source;
    const lengthMax = source.length - LAST_LITERALS - at;
    let best = NO_MATCH;
    let from = this.#latest[this.#hash(at)] ?? NOWHERE;
    for (let looked = 0; looked < CHAIN_MAX && from !== NOWHERE && at - from <= DISTANCE_MAX; looked += 1) {
      let length = 0;
      while (length < lengthMax && source[from + length] === source[at + length]) {
        length += 1;
      }
      if (length >= MATCH_USEFUL && length > best.length) {
        best = { from, length };
      }
      from = this.#before[from] ?? NOWHERE;
    }
    return best;
  }

  #learn(end: number): void {
    for (; this.#known < end; this.#known += 1) {
      const hash = this.#hash(this.#known);
      this.#before[this.#known] = this.#latest[hash] ?? NOWHERE;
      this.#latest[hash] = this.#known;
    }
  }

  #hash(at: number): number {
    return Math.imul(this.#view.getUint32(at, true), HASH_FACTOR) >>> (32 - HASH_BITS);
  }
}

/** A block that is being written. It may have up to `most` bytes. */
class BlockBytes {
  readonly #bytes: Uint8Array;
  #length = 0;

  constructor(most: number) {
    this.#bytes = new Uint8Array(Math.max(most, 0));
  }

  /** Writes literals and a match. False if there is no room for them. */
  sequence(literals: Uint8Array, distance: number, matchLength: number): boolean {
    const more = matchLength - MATCH_MIN;
    if (!this.#literals(literals, more)) {
      return false;
    }
    return this.#put(distance & 0xff) && this.#put(distance >> 8) && this.#rest(more);
  }

  /** Writes the last literals. Returns the block, or undefined if there is no room for them. */
  end(literals: Uint8Array): Uint8Array | undefined {
    return this.#literals(literals, 0) ? this.#bytes.slice(0, this.#length) : undefined;
  }

  #literals(literals: Uint8Array, more: number): boolean {
    const count = literals.length;
    const token = (Math.min(count, LENGTH_IN_TOKEN) << 4) | Math.min(more, LENGTH_IN_TOKEN);
    if (!this.#put(token) || !this.#rest(count) || this.#length + count > this.#bytes.length) {
      return false;
    }
    this.#bytes.set(literals, this.#length);
    this.#length += count;
    return true;
  }

  /** Writes the part of a length that is not in the token. */
  #rest(length: number): boolean {
    if (length < LENGTH_IN_TOKEN) {
      return true;
    }
    let rest = length - LENGTH_IN_TOKEN;
    for (; rest >= LENGTH_IN_BYTE; rest -= LENGTH_IN_BYTE) {
      if (!this.#put(LENGTH_IN_BYTE)) {
        return false;
      }
    }
    return this.#put(rest);
  }

  #put(byte: number): boolean {
    if (this.#length === this.#bytes.length) {
      return false;
    }
    this.#bytes[this.#length] = byte;
    this.#length += 1;
    return true;
  }
}
