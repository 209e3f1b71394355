/**
 * Checks bytes that came from outside: is this range that word, is it a number, is it UTF-8?
 *
 * A range is an address and a length; nothing here reads past it, and nothing allocates.
 */

/** What `parseDecimal` returns for anything that is not a decimal number below it. */
export const NOT_A_NUMBER: u64 = u64.MAX_VALUE;

/** Whether the `length` bytes at `start` are exactly the ASCII string `words`. */
export function equals(start: usize, length: u32, words: string): bool {
  return length === <u32>words.length && startsWith(start, length, words);
}

/** Whether the `length` bytes at `start` begin with the ASCII string `words`. */
export function startsWith(start: usize, length: u32, words: string): bool {
  const count = <u32>words.length;
  if (length < count) {
    return false;
  }
  const source = changetype<usize>(words);
  for (let index: u32 = 0; index < count; index += 1) {
    if (<u16>load<u8>(start + <usize>index) !== load<u16>(source + <usize>(index << 1))) {
      return false;
    }
  }
  return true;
}

/** Orders two byte ranges as memcmp does, a prefix before what it begins: negative, zero or positive. */
export function compare(left: usize, leftLength: u32, right: usize, rightLength: u32): i32 {
  const common = min<u32>(leftLength, rightLength);
  for (let index: u32 = 0; index < common; index += 1) {
    const difference = <i32>load<u8>(left + <usize>index) - <i32>load<u8>(right + <usize>index);
    if (difference !== 0) {
      return difference;
    }
  }
  return leftLength === rightLength ? 0 : leftLength < rightLength ? -1 : 1;
}

/** The length of the string that starts at `start`, up to a zero byte; `lengthMax` if there is none before it. */
export function lengthToZero(start: usize, lengthMax: u32): u32 {
  let length: u32 = 0;
  while (length < lengthMax && load<u8>(start + <usize>length) !== 0) {
    length += 1;
  }
  return length;
}

/** The number that the bytes spell in decimal digits and nothing else, or NOT_A_NUMBER (also when too large). */
export function parseDecimal(start: usize, length: u32): u64 {
  if (length === 0) {
    return NOT_A_NUMBER;
  }
  let value: u64 = 0;
  for (let index: u32 = 0; index < length; index += 1) {
    const digit = <u32>load<u8>(start + <usize>index) - 0x30;
    if (digit > 9) {
      return NOT_A_NUMBER;
    }
    // (2^64 - 2 - digit) / 10 is the largest value that stays below NOT_A_NUMBER with this digit behind it.
    if (value > (NOT_A_NUMBER - 1 - <u64>digit) / 10) {
      return NOT_A_NUMBER;
    }
    value = value * 10 + <u64>digit;
  }
  return value;
}

/**
 * Whether the bytes are well-formed UTF-8: no overlong form, no surrogate, nothing above U+10FFFF, no
 * sequence cut off (Unicode 15, table 3-7).
 */
export function isUtf8(start: usize, length: u32): bool {
  let index: u32 = 0;
  while (index < length) {
    const lead = <u32>load<u8>(start + <usize>index);
    index += 1;
    if (lead < 0x80) {
      continue;
    }
    // The range of the second byte is what rules out overlong forms, surrogates and too large values.
    let following: u32 = 0;
    let secondMin: u32 = 0x80;
    let secondMax: u32 = 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf) {
      following = 1;
    } else if (lead >= 0xe0 && lead <= 0xef) {
      following = 2;
      if (lead === 0xe0) {
        secondMin = 0xa0;
      }
      if (lead === 0xed) {
        secondMax = 0x9f;
      }
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      following = 3;
      if (lead === 0xf0) {
        secondMin = 0x90;
      }
      if (lead === 0xf4) {
        secondMax = 0x8f;
      }
    } else {
      return false;
    }
    if (length - index < following) {
      return false;
    }
    const second = <u32>load<u8>(start + <usize>index);
    if (second < secondMin || second > secondMax) {
      return false;
    }
    for (let offset: u32 = 1; offset < following; offset += 1) {
      if ((load<u8>(start + <usize>(index + offset)) & 0xc0) !== 0x80) {
        return false;
      }
    }
    index += following;
  }
  return true;
}
