/**
 * Checks a whole message once, when it is opened, so that afterwards every reader is a plain load.
 *
 * The walk follows only the pointers that the schema knows. Each object it reaches is charged its size in words against
 * a budget, which starts as the size of the message: a message in which every object is used once stays within, and one
 * that points at the same bytes again and again runs out. So the length of the message bounds the work of checking it
 * and of reading it, no matter what it contains.
 *
 * Reached from open.ts. Reads every word of the message at most once.
 */
import {
  ElementSize,
  listCount,
  listElementSize,
  listWords,
  PointerTag,
  pointerOffset,
  pointerTag,
  structDataWords,
  structPointerCount,
  tagCount,
} from "./pointer";
import { MessageRefusal } from "./refusal";
import { PointerKind, shapeAt, shapeDataWords, shapeKind, shapeMore, shapePointerCount } from "./shape";

/** How many structs may lie within one another. */
export const MESSAGE_DEPTH_MAX: u32 = 16;

// The message being checked. A task has one thread, and `checkMessage` sets all of them.
let segment: usize = 0;
let segmentWords: u32 = 0;
let budgetWords: u32 = 0;
let shapes: usize = 0;
let sameSizes: bool = true;

/**
 * Checks the segment of `words` words at `address`, whose root struct has the entry `root` in `table`.
 *
 * @returns None if it can be read as it is, OtherSizes if it is sound but has to be copied into our sizes first, or what
 * is wrong with it
 */
export function checkMessage(address: usize, words: u32, table: usize, root: usize): MessageRefusal {
  segment = address;
  segmentWords = words;
  budgetWords = words - 1;
  shapes = table;
  sameSizes = true;
  const word = wordAt(0);
  if (pointerTag(word) !== PointerTag.Struct) {
    return MessageRefusal.NoRoot;
  }
  const refusal = checkStruct(0, word, root, 0);
  if (refusal !== MessageRefusal.None) {
    return refusal;
  }
  return sameSizes ? MessageRefusal.None : MessageRefusal.OtherSizes;
}

function wordAt(index: u32): u64 {
  return load<u64>(segment + ((<usize>index) << 3));
}

/** Where the pointer in word `index` leads, as a word index; past the segment if it leads out of it. */
function target(index: u32, word: u64): u32 {
  // Both terms are small (below 2^13 and 2^29), so that nothing wraps; a negative sum becomes a large number.
  return <u32>(<i32>index + 1 + pointerOffset(word));
}

/** Whether `words` words from `start` on lie in the segment. */
function isInside(start: u32, words: u32): bool {
  return start <= segmentWords && words <= segmentWords - start;
}

function charge(words: u32): bool {
  if (words > budgetWords) {
    return false;
  }
  budgetWords -= words;
  return true;
}

/** Checks the struct that the pointer `word` in word `index` leads to. */
function checkStruct(index: u32, word: u64, shape: usize, depth: u32): MessageRefusal {
  const dataWords = structDataWords(word);
  const pointerCount = structPointerCount(word);
  const start = target(index, word);
  if (depth >= MESSAGE_DEPTH_MAX) {
    return MessageRefusal.TooDeep;
  }
  if (!isInside(start, dataWords + pointerCount)) {
    return MessageRefusal.OutOfBounds;
  }
  if (!charge(dataWords + pointerCount)) {
    return MessageRefusal.Amplified;
  }
  noteSizes(dataWords, pointerCount, shape);
  return checkPointers(start + dataWords, pointerCount, shape, depth);
}

function noteSizes(dataWords: u32, pointerCount: u32, shape: usize): void {
  if (dataWords !== shapeDataWords(shape) || pointerCount !== shapePointerCount(shape)) {
    sameSizes = false;
  }
}

/** Checks a struct's pointers; those that our schema does not know are never read, so they may be anything. */
function checkPointers(start: u32, count: u32, shape: usize, depth: u32): MessageRefusal {
  const known = min(count, shapePointerCount(shape));
  for (let i: u32 = 0; i < known; i++) {
    const refusal = checkPointer(start + i, shapeKind(shape, i), shapeMore(shape, i), depth);
    if (refusal !== MessageRefusal.None) {
      return refusal;
    }
  }
  return MessageRefusal.None;
}

function checkPointer(index: u32, kind: u32, more: u32, depth: u32): MessageRefusal {
  const word = wordAt(index);
  if (word === 0) {
    return MessageRefusal.None;
  }
  if (kind === PointerKind.Struct) {
    if (pointerTag(word) !== PointerTag.Struct) {
      return MessageRefusal.BadPointer;
    }
    return checkStruct(index, word, shapeAt(shapes, more), depth + 1);
  }
  if (pointerTag(word) !== PointerTag.List) {
    return MessageRefusal.BadPointer;
  }
  if (kind === PointerKind.StructList) {
    return checkStructList(index, word, shapeAt(shapes, more), depth + 1);
  }
  return checkFlatList(index, word, kind, more, depth);
}

/** Checks a list of anything but structs. */
function checkFlatList(index: u32, word: u64, kind: u32, more: u32, depth: u32): MessageRefusal {
  const elementSize = listElementSize(word);
  const count = listCount(word);
  const start = target(index, word);
  const words = listWords(elementSize, count);
  if (elementSize !== elementSizeOf(kind, more)) {
    return MessageRefusal.BadPointer;
  }
  if (!isInside(start, words)) {
    return MessageRefusal.OutOfBounds;
  }
  if (!charge(words)) {
    return MessageRefusal.Amplified;
  }
  if (kind === PointerKind.Text) {
    return checkEnd(start, count);
  }
  if (elementSize !== ElementSize.Pointer) {
    return MessageRefusal.None;
  }
  const elementKind: u32 = kind === PointerKind.TextList ? PointerKind.Text : PointerKind.Data;
  for (let i: u32 = 0; i < count; i++) {
    const refusal = checkPointer(start + i, elementKind, 0, depth);
    if (refusal !== MessageRefusal.None) {
      return refusal;
    }
  }
  return MessageRefusal.None;
}

/** A text's bytes end with a zero, which is counted. */
function checkEnd(start: u32, count: u32): MessageRefusal {
  if (count === 0) {
    return MessageRefusal.BadPointer;
  }
  const last = load<u8>(segment + ((<usize>start) << 3) + count - 1);
  return last === 0 ? MessageRefusal.None : MessageRefusal.BadPointer;
}

function elementSizeOf(kind: u32, more: u32): u32 {
  if (kind === PointerKind.Text || kind === PointerKind.Data) {
    return ElementSize.Byte;
  }
  return kind === PointerKind.ScalarList ? more : <u32>ElementSize.Pointer;
}

function checkStructList(index: u32, word: u64, shape: usize, depth: u32): MessageRefusal {
  const words = listCount(word);
  const start = target(index, word);
  if (listElementSize(word) !== ElementSize.Composite) {
    return MessageRefusal.BadPointer;
  }
  if (depth >= MESSAGE_DEPTH_MAX) {
    return MessageRefusal.TooDeep;
  }
  // One more for the tag; `words` is below 2^29.
  if (!isInside(start, words + 1)) {
    return MessageRefusal.OutOfBounds;
  }
  if (!charge(words + 1)) {
    return MessageRefusal.Amplified;
  }

  const tag = wordAt(start);
  const count = tagCount(tag);
  const dataWords = structDataWords(tag);
  const pointerCount = structPointerCount(tag);
  const stride = dataWords + pointerCount;
  if (pointerTag(tag) !== PointerTag.Struct) {
    return MessageRefusal.BadPointer;
  }
  if (<u64>count * <u64>stride > <u64>words) {
    return MessageRefusal.OutOfBounds;
  }
  // Elements of no size take no room in a message, but a reader still iterates over them.
  if (stride === 0 && !charge(count)) {
    return MessageRefusal.Amplified;
  }
  noteSizes(dataWords, pointerCount, shape);
  if (pointerCount === 0) {
    return MessageRefusal.None;
  }
  for (let i: u32 = 0; i < count; i++) {
    const pointers = start + 1 + i * stride + dataWords;
    const refusal = checkPointers(pointers, pointerCount, shape, depth);
    if (refusal !== MessageRefusal.None) {
      return refusal;
    }
  }
  return MessageRefusal.None;
}
