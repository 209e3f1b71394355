/**
 * A command line as words, which spaces separate or quotation marks enclose. The words are copied here, so they outlive
 * the line's own buffer.
 */

import { LINE_BYTES_MAX } from "gen/idl/console";
import { ARGUMENT_BYTES_MAX } from "gen/idl/init";

export const WORDS_MAX: u32 = 16;

const SPACE: u8 = 0x20;
const QUOTE: u8 = 0x22;

const copy: usize = memory.data(LINE_BYTES_MAX, 8);
let copyBytes: u32 = 0;
const text: usize = memory.data(LINE_BYTES_MAX, 8);
const starts: usize = memory.data(WORDS_MAX * 4, 8);
const lengths: usize = memory.data(WORDS_MAX * 4, 8);
/** Where each word begins in the line, its quotation mark included. */
const places: usize = memory.data(WORDS_MAX * 4, 8);
let count: u32 = 0;

/** Why a line is no command. */
export const enum Flaw {
  None = 0,
  TooLong = 1,
  TooManyWords = 2,
  /** A closing quotation mark is missing. */
  OpenQuote = 3,
}

if (ARGUMENT_BYTES_MAX > LINE_BYTES_MAX) {
  ERROR("an argument fits into a line");
}

/** Splits a line into words. */
export function parse(line: usize, length: u32): Flaw {
  count = 0;
  copyBytes = 0;
  if (length > LINE_BYTES_MAX) {
    return Flaw.TooLong;
  }
  memory.copy(copy, line, length);
  copyBytes = length;
  let used: u32 = 0;
  for (let at = skipSpaces(0); at < length; at = skipSpaces(at)) {
    if (count === WORDS_MAX) {
      return Flaw.TooManyWords;
    }
    store<u32>(starts + <usize>(count << 2), used);
    store<u32>(places + <usize>(count << 2), at);
    let isQuoted = false;
    while (at < length && (isQuoted || load<u8>(copy + <usize>at) !== SPACE)) {
      const byte = load<u8>(copy + <usize>at);
      at += 1;
      if (byte === QUOTE) {
        isQuoted = !isQuoted;
        continue;
      }
      store<u8>(text + <usize>used, byte);
      used += 1;
    }
    store<u32>(lengths + <usize>(count << 2), used - load<u32>(starts + <usize>(count << 2)));
    count += 1;
    if (isQuoted) {
      return Flaw.OpenQuote;
    }
  }
  return Flaw.None;
}

function skipSpaces(from: u32): u32 {
  let at = from;
  while (at < copyBytes && load<u8>(copy + <usize>at) === SPACE) {
    at += 1;
  }
  return at;
}

export function wordCount(): u32 {
  return count;
}

/** Where word `index` is. */
export function wordStart(index: u32): usize {
  return text + <usize>load<u32>(starts + <usize>(index << 2));
}

/** Its bytes; 0 behind the last. */
export function wordLength(index: u32): u32 {
  return index < count ? load<u32>(lengths + <usize>(index << 2)) : 0;
}

/** The line as it was, from word `index` on. */
export function restStart(index: u32): usize {
  return index < count ? copy + <usize>load<u32>(places + <usize>(index << 2)) : copy + <usize>copyBytes;
}

/** Its bytes, spaces at the end not counted. */
export function restLength(index: u32): u32 {
  let end = copyBytes;
  const start = <u32>(restStart(index) - copy);
  while (end > start && load<u8>(copy + <usize>(end - 1)) === SPACE) {
    end -= 1;
  }
  return end - start;
}
