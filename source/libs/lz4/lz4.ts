/**
 * LZ4 blocks (lz4_Block_format.md of the LZ4 project), decompressed into memory of a known length.
 *
 * Every length and distance is checked before a byte is copied: nothing is read outside of the block or before the
 * target's first byte, and nothing is written outside of the target. So a block may hold anything; time is bounded by the
 * bytes of block and target. host/pkgimg/lz4.ts makes blocks.
 *
 *     | token | more of the literals' length | literals | distance | more of the match's length | token | …
 */

import { outOfLine } from "./intrinsics";

/** A length in a token has four bits; this value says that bytes follow that are added, up to one that is not 255. */
const LENGTH_IN_TOKEN: u32 = 15;
const LENGTH_IN_BYTE: u32 = 255;
/** The match's length in a token counts from here. */
const MATCH_MIN: u32 = 4;

/** From this many bytes on, a call of memory.copy takes less than a loop. */
const LONG_BYTES: u32 = 24;

/** Where the block is read, and up to where. */
@unmanaged
@final
class Cursor {
  at: usize;
  end: usize;
}

const cursor = changetype<Cursor>(memory.data(offsetof<Cursor>(), 8));

/**
 * Decompresses the block of `sourceBytes` bytes at `source` to exactly `targetBytes` bytes at `target`, which the block
 * must not overlap. False: it is no such block, and what stands in the target means nothing.
 */
export function decompress(source: usize, sourceBytes: u32, target: usize, targetBytes: u32): bool {
  // Its caller's values would take the registers from it.
  outOfLine();
  const sourceEnd = source + <usize>sourceBytes;
  const targetEnd = target + <usize>targetBytes;
  let from = source;
  let to = target;
  while (from < sourceEnd) {
    const token = <u32>load<u8>(from);
    from += 1;
    let literals = token >> 4;
    if (literals === LENGTH_IN_TOKEN) {
      cursor.at = from;
      cursor.end = sourceEnd;
      literals += moreLength(<u32>(targetEnd - to));
      from = cursor.at;
    }
    if (literals > <u32>(sourceEnd - from) || literals > <u32>(targetEnd - to)) {
      return false;
    }
    copy(to, from, literals);
    from += <usize>literals;
    to += <usize>literals;
    if (from === sourceEnd) {
      // A block ends behind literals.
      return to === targetEnd;
    }
    if (sourceEnd - from < 2) {
      return false;
    }
    const distance = <u32>load<u8>(from) | ((<u32>load<u8>(from, 1)) << 8);
    from += 2;
    let length = token & LENGTH_IN_TOKEN;
    if (length === LENGTH_IN_TOKEN) {
      cursor.at = from;
      cursor.end = sourceEnd;
      length += moreLength(<u32>(targetEnd - to));
      from = cursor.at;
    }
    length += MATCH_MIN;
    if (distance === 0 || distance > <u32>(to - target) || length > <u32>(targetEnd - to)) {
      return false;
    }
    repeat(to, distance, length);
    to += <usize>length;
  }
  return false;
}

/**
 * What the bytes at the cursor add to a length. It reads no further than `most`, which is too long already, and gives more
 * than that where the block ends in between.
 */
function moreLength(most: u32): u32 {
  let length: u32 = 0;
  while (cursor.at < cursor.end && length <= most) {
    const byte = <u32>load<u8>(cursor.at);
    cursor.at += 1;
    length += byte;
    if (byte !== LENGTH_IN_BYTE) {
      return length;
    }
  }
  return most + 1;
}

/** Copies what does not overlap. */
function copy(to: usize, from: usize, length: u32): void {
  if (length >= LONG_BYTES) {
    memory.copy(to, from, <usize>length);
  } else {
    copyBytes(to, from, length);
  }
}

/** Repeats the last `distance` bytes before `to`, up to `length` bytes in all. */
function repeat(to: usize, distance: u32, length: u32): void {
  if (length < LONG_BYTES) {
    copyBytes(to, to - <usize>distance, length);
    return;
  }
  if (distance === 1) {
    memory.fill(to, load<u8>(to - 1), <usize>length);
    return;
  }
  // What is there already is copied as a whole, and each time there is more of it.
  const from = to - <usize>distance;
  let done: u32 = 0;
  while (done < length) {
    const part = min<u32>(length - done, distance + done);
    memory.copy(to + <usize>done, from, <usize>part);
    done += part;
  }
}

/** Byte by byte from the front, so that what was just written may be read. */
function copyBytes(to: usize, from: usize, length: u32): void {
  const end = to + <usize>length;
  const fours = to + <usize>(length & ~3);
  let source = from;
  let target = to;
  while (target !== fours) {
    store<u8>(target, load<u8>(source));
    store<u8>(target, load<u8>(source, 1), 1);
    store<u8>(target, load<u8>(source, 2), 2);
    store<u8>(target, load<u8>(source, 3), 3);
    source += 4;
    target += 4;
  }
  while (target !== end) {
    store<u8>(target, load<u8>(source));
    source += 1;
    target += 1;
  }
}
