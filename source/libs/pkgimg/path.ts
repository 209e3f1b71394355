/**
 * Paths inside an image: which are good, and in which order they come.
 *
 * A path is parts joined by single slashes, with none at either end: `fixtures/hello.txt`. The order is by bytes,
 * with the slash before all others, so that everything below a directory follows it at once: a file whose path is
 * another's directory stands right before it, and one pass over the index finds every such clash.
 */

import { isUtf8 } from "text/bytes";
import { ImageError, PATH_BYTES_MAX, PATH_PARTS_MAX } from "./format";

const SLASH: u8 = 0x2f;
const DOT: u8 = 0x2e;
const DELETE: u8 = 0x7f;

/** What is wrong with the `length` bytes at `path`, as a path in an image. */
export function pathError(path: usize, length: u32): ImageError {
  if (length === 0) {
    return ImageError.PathEmpty;
  }
  if (length > PATH_BYTES_MAX) {
    return ImageError.PathTooLong;
  }
  if (!isUtf8(path, length)) {
    return ImageError.PathUtf8;
  }
  let parts: u32 = 0;
  let partStart: u32 = 0;
  for (let index: u32 = 0; index <= length; index += 1) {
    const value = index < length ? load<u8>(path + <usize>index) : SLASH;
    // Names are shown on consoles: what could steer one has no place in them.
    if (value < 0x20 || value === DELETE) {
      return ImageError.PathControl;
    }
    if (value !== SLASH) {
      continue;
    }
    const partLength = index - partStart;
    if (partLength === 0) {
      return ImageError.PathPartEmpty;
    }
    if (isDots(path + <usize>partStart, partLength)) {
      return ImageError.PathPartDot;
    }
    parts += 1;
    partStart = index + 1;
  }
  return parts > PATH_PARTS_MAX ? ImageError.PathDepth : ImageError.None;
}

/** Orders two paths: negative, zero or positive. */
export function comparePaths(left: usize, leftLength: u32, right: usize, rightLength: u32): i32 {
  const common = min<u32>(leftLength, rightLength);
  for (let index: u32 = 0; index < common; index += 1) {
    const difference = rank(load<u8>(left + <usize>index)) - rank(load<u8>(right + <usize>index));
    if (difference !== 0) {
      return difference;
    }
  }
  return leftLength === rightLength ? 0 : leftLength < rightLength ? -1 : 1;
}

/** Whether `path` is below the directory `directory`: begins with it and a slash. All paths are below the empty one. */
export function isBelow(path: usize, length: u32, directory: usize, directoryLength: u32): bool {
  if (directoryLength === 0) {
    return true;
  }
  if (length <= directoryLength) {
    return false;
  }
  if (memory.compare(path, directory, <usize>directoryLength) !== 0) {
    return false;
  }
  return load<u8>(path + <usize>directoryLength) === SLASH;
}

/** Bytes from `start` up to the next slash or the end. */
export function partLength(path: usize, length: u32, start: u32): u32 {
  let end = start;
  while (end < length && load<u8>(path + <usize>end) !== SLASH) {
    end += 1;
  }
  return end - start;
}

/** A path's slash comes before every other byte; zero is not in any path. */
function rank(value: u8): i32 {
  return value === SLASH ? 0 : <i32>value;
}

/** Whether a part is `.` or `..`. */
function isDots(part: usize, length: u32): bool {
  if (load<u8>(part) !== DOT) {
    return false;
  }
  return length === 1 || (length === 2 && load<u8>(part, 1) === DOT);
}
