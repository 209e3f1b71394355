/**
 * The index of an image: checked once in one pass, then searched.
 *
 * `checkIndex` streams over index and string table, each block read once. Entries are in path order, their paths follow
 * each other in the string table, and their files in the data, each at the one place that is left to it: so each rule
 * about an entry needs only the one before it, and time per entry and memory are bounded.
 *
 * `find` takes O(log n) steps. A directory is a run of entries: `firstChild` and `nextChild` go over its children,
 * past a whole sub-directory in O(log n). Reached from packagefsd (mount.ts, serve.ts) and pkgimg/host.ts.
 */

import {
  BLOCK_BYTES,
  blocksFor,
  ENTRY_BYTES,
  Entry,
  fileStart,
  ImageError,
  isZero,
  PATH_BYTES_MAX,
} from "./format";
import { comparePaths, isBelow, partLength, pathError } from "./path";
import { Image, NO_ENTRY } from "./reader";

/**
 * Checks every entry. Has to be called, once, before the image is used.
 *
 * @param scratch 256 bytes of the caller's for the path before the current one
 * @returns None, or the first thing that is wrong; `image.errorEntry` and `errorBlock` say where
 */
export function checkIndex(image: Image, scratch: usize): ImageError {
  image.clearError();
  const count = image.entryCount;
  let previousLength: u32 = 0;
  let nextPath: u32 = 0;
  // Where the file before ends, in bytes.
  let dataEnd = image.dataBlock * BLOCK_BYTES;
  for (let index: u32 = 0; index < count; index += 1) {
    const error = image.pick(index);
    if (error !== ImageError.None) {
      return error;
    }

    const order = entryError(image, nextPath, dataEnd, scratch, previousLength);
    if (order !== ImageError.None) {
      return image.refuseEntry(order, index);
    }
    nextPath += image.pathLength;
    dataEnd = image.byteOffset + image.storedBytes;
    previousLength = image.pathLength;
    memory.copy(scratch, image.path, <usize>previousLength);
  }
  if (nextPath !== image.stringBytes) {
    return image.refuseEntry(ImageError.StringUnused, count - 1);
  }
  if (blocksFor(dataEnd) !== image.treeBlock) {
    return image.refuseEntry(ImageError.DataUnused, count - 1);
  }
  return paddingError(image);
}

/**
 * The entry with exactly that path. NO_ENTRY: there is none if `image.error` is None, otherwise it could not be read.
 */
export function find(image: Image, path: usize, length: u32): u32 {
  image.clearError();
  if (length === 0 || length > PATH_BYTES_MAX) {
    return NO_ENTRY;
  }
  const index = search(image, path, length, false);
  if (index >= image.entryCount || image.pick(index) !== ImageError.None) {
    return NO_ENTRY;
  }
  return comparePaths(image.path, image.pathLength, path, length) === 0 ? index : NO_ENTRY;
}

/**
 * The first child of a directory (length 0: of the image), picked. NO_ENTRY: it has none, so it is no directory, if
 * `image.error` is None; otherwise it could not be read.
 */
export function firstChild(image: Image, directory: usize, length: u32): u32 {
  image.clearError();
  if (length > PATH_BYTES_MAX) {
    return NO_ENTRY;
  }
  let index: u32 = length === 0 ? 0 : search(image, directory, length, false);
  if (length !== 0 && index < image.entryCount) {
    // A file of that very name comes first, and has nothing below it.
    if (image.pick(index) !== ImageError.None) {
      return NO_ENTRY;
    }
    if (image.pathLength === length) {
      index += 1;
    }
  }
  return pickBelow(image, index, directory, length);
}

/**
 * The child of `directory` behind the one that is picked, picked. NO_ENTRY as above.
 */
export function nextChild(image: Image, directory: usize, length: u32): u32 {
  image.clearError();
  const index = image.pickedEntry;
  if (index === NO_ENTRY) {
    return NO_ENTRY;
  }
  const nameLength = childNameLength(image, length);
  const end = childNameStart(length) + nameLength;
  if (end >= image.pathLength) {
    return pickBelow(image, index + 1, directory, length);
  }
  // A sub-directory: on behind everything that begins with its path and a slash.
  return pickBelow(image, search(image, image.path, end + 1, true), directory, length);
}

/** Where in the picked path the child's name starts, for a directory of that length. */
export function childNameStart(directoryLength: u32): u32 {
  return directoryLength === 0 ? 0 : directoryLength + 1;
}

/** Bytes of the child's name. */
export function childNameLength(image: Image, directoryLength: u32): u32 {
  return partLength(image.path, image.pathLength, childNameStart(directoryLength));
}

/** Whether the child is a directory: its path goes on behind its name. */
export function childIsDirectory(image: Image, directoryLength: u32): bool {
  return childNameStart(directoryLength) + childNameLength(image, directoryLength) < image.pathLength;
}

/** What is wrong with the picked entry, next to the one before it. */
function entryError(
  image: Image,
  nextPath: u32,
  dataEnd: u32,
  previous: usize,
  previousLength: u32,
): ImageError {
  if (load<u32>(image.entry, Entry.Flags) !== 0) {
    return ImageError.EntryReserved;
  }
  if (image.pathOffset !== nextPath) {
    return ImageError.PathOffset;
  }
  const path = pathError(image.path, image.pathLength);
  if (path !== ImageError.None) {
    return path;
  }

  const order = comparePaths(previous, previousLength, image.path, image.pathLength);
  if (order > 0) {
    return ImageError.PathOrder;
  }
  if (order === 0) {
    return ImageError.PathTwice;
  }
  // With no path before it, `previous` is the empty one, below which all are.
  if (previousLength !== 0 && isBelow(image.path, image.pathLength, previous, previousLength)) {
    return ImageError.PathThroughFile;
  }

  if (image.byteOffset < dataEnd) {
    return ImageError.BlobOverlap;
  }
  const start = fileStart(dataEnd, image.storedBytes);
  return image.byteOffset === start ? ImageError.None : ImageError.BlobPlace;
}

/** The last block of index and of strings ends in zeros. Both are held from the pass that has just ended. */
function paddingError(image: Image): ImageError {
  const indexBytes = image.entryCount * ENTRY_BYTES;
  const indexUsed = indexBytes % BLOCK_BYTES;
  const indexBlock = blocksFor(indexBytes);
  const heldIndex = image.holdIndex(indexBlock);
  if (heldIndex === 0) {
    return image.error;
  }
  if (indexUsed !== 0 && !isZero(heldIndex + <usize>indexUsed, BLOCK_BYTES - indexUsed)) {
    return image.refuseBlock(ImageError.IndexPadding, indexBlock);
  }

  const stringsUsed = image.stringBytes % BLOCK_BYTES;
  const heldStrings = image.holdStrings(blocksFor(image.stringBytes) - 1);
  if (heldStrings === 0) {
    return image.error;
  }
  if (stringsUsed !== 0 && !isZero(heldStrings + <usize>stringsUsed, BLOCK_BYTES - stringsUsed)) {
    return image.refuseBlock(ImageError.StringPadding, image.dataBlock - 1);
  }
  return ImageError.None;
}

/**
 * The first entry whose path is not before `path`; with `behind`, the first whose path neither is before it nor
 * begins with it. entryCount if there is none, or if an entry could not be read.
 */
function search(image: Image, path: usize, length: u32, behind: bool): u32 {
  // `path` may be the picked path itself, which the search overwrites.
  const key = image.searchKey;
  memory.copy(key, path, <usize>length);
  let low: u32 = 0;
  let high = image.entryCount;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (image.pick(middle) !== ImageError.None) {
      return image.entryCount;
    }
    const compared = behind ? min<u32>(image.pathLength, length) : image.pathLength;
    const order = comparePaths(image.path, compared, key, length);
    if (order < 0 || (behind && order === 0)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/** Picks entry `index` if it is below the directory. */
function pickBelow(image: Image, index: u32, directory: usize, length: u32): u32 {
  if (index >= image.entryCount || image.pick(index) !== ImageError.None) {
    return NO_ENTRY;
  }
  return isBelow(image.path, image.pathLength, directory, length) ? index : NO_ENTRY;
}
