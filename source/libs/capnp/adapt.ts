/**
 * Copies a message whose structs have other sizes than our schema's into our sizes: an older program sends shorter
 * structs (missing fields read as their defaults), a newer one longer ones (unknown fields are left out). This is rare,
 * as all programs of one image are built from the same schemas. It keeps size checks out of the readers.
 *
 * Reached from open.ts; check.ts has found the message sound by then. The copy stands in one static page, so it is good
 * until the next message that needs one.
 */
import { MESSAGE_BYTES_MAX } from "abi/message";
import { outOfLine } from "./intrinsics";
import {
  ElementSize,
  listCount,
  listElementSize,
  listPointer,
  listWords,
  pointerOffset,
  structDataWords,
  structPointer,
  structPointerCount,
  tagCount,
  WORD_BYTES,
} from "./pointer";
import {
  PointerKind,
  shapeAt,
  shapeDataWords,
  shapeKind,
  shapeMore,
  shapePointerCount,
  shapeWords,
} from "./shape";

const COPY: usize = memory.data(MESSAGE_BYTES_MAX, 8);

let copyEnd: usize = 0;
let shapes: usize = 0;

/** Copies the segment at `segment` into the shapes of `table`: the address of the root, or 0 if there is no room. */
export function adaptMessage(segment: usize, table: usize, root: usize): usize {
  // Inlined, this rare part would keep `openMessage` from being inlined where the shapes are constants.
  outOfLine();
  copyEnd = COPY;
  shapes = table;
  const pointer = load<u64>(segment);
  const to = allocate(shapeWords(root));
  if (to === 0) {
    return 0;
  }
  const from = targetOf(segment, pointer);
  const isCopied = copyStruct(from, structDataWords(pointer), structPointerCount(pointer), to, root);
  return isCopied ? to : 0;
}

/** `words` zeroed words of the copy, or 0. */
function allocate(words: u32): usize {
  const bytes = (<usize>words) << 3;
  if (bytes > COPY + MESSAGE_BYTES_MAX - copyEnd) {
    return 0;
  }
  const at = copyEnd;
  memory.fill(at, 0, bytes);
  copyEnd += bytes;
  return at;
}

function targetOf(at: usize, pointer: u64): usize {
  return at + WORD_BYTES + ((<isize>pointerOffset(pointer)) << 3);
}

/** The offset for the pointer at `at` to lead to `to`: the copy only grows, so it is never negative. */
function offsetTo(at: usize, to: usize): u32 {
  return <u32>((to - at - WORD_BYTES) >> 3);
}

function copyStruct(from: usize, dataWords: u32, pointerCount: u32, to: usize, shape: usize): bool {
  memory.copy(to, from, (<usize>min(dataWords, shapeDataWords(shape))) << 3);
  const fromPointers = from + ((<usize>dataWords) << 3);
  const toPointers = to + ((<usize>shapeDataWords(shape)) << 3);
  const known = min(pointerCount, shapePointerCount(shape));
  for (let i: u32 = 0; i < known; i++) {
    const at = (<usize>i) << 3;
    if (!copyPointer(fromPointers + at, toPointers + at, shapeKind(shape, i), shapeMore(shape, i))) {
      return false;
    }
  }
  return true;
}

/** Copies what the pointer at `from` leads to, and writes the pointer at `to`. */
function copyPointer(from: usize, to: usize, kind: u32, more: u32): bool {
  const pointer = load<u64>(from);
  if (pointer === 0) {
    return true;
  }
  if (kind === PointerKind.StructList) {
    return copyStructList(from, pointer, to, shapeAt(shapes, more));
  }
  if (kind !== PointerKind.Struct) {
    return copyFlatList(from, pointer, to, kind);
  }
  const shape = shapeAt(shapes, more);
  const at = allocate(shapeWords(shape));
  if (at === 0) {
    return false;
  }
  store<u64>(to, structPointer(offsetTo(to, at), shapeDataWords(shape), shapePointerCount(shape)));
  return copyStruct(
    targetOf(from, pointer),
    structDataWords(pointer),
    structPointerCount(pointer),
    at,
    shape,
  );
}

function copyFlatList(from: usize, pointer: u64, to: usize, kind: u32): bool {
  const elementSize = listElementSize(pointer);
  const count = listCount(pointer);
  const words = listWords(elementSize, count);
  const at = allocate(words);
  if (at === 0) {
    return false;
  }
  const source = targetOf(from, pointer);
  store<u64>(to, listPointer(offsetTo(to, at), elementSize, count));
  if (elementSize !== ElementSize.Pointer) {
    memory.copy(at, source, (<usize>words) << 3);
    return true;
  }
  const elementKind: u32 = kind === PointerKind.TextList ? PointerKind.Text : PointerKind.Data;
  for (let i: u32 = 0; i < count; i++) {
    if (!copyPointer(source + ((<usize>i) << 3), at + ((<usize>i) << 3), elementKind, 0)) {
      return false;
    }
  }
  return true;
}

function copyStructList(from: usize, pointer: u64, to: usize, shape: usize): bool {
  const source = targetOf(from, pointer);
  const tag = load<u64>(source);
  const count = tagCount(tag);
  const stride = structDataWords(tag) + structPointerCount(tag);
  // `count` is at most the words of a message, and a struct's at most 64 (toolchain/schema): no overflow.
  const words = count * shapeWords(shape);
  const at = allocate(words + 1);
  if (at === 0) {
    return false;
  }
  store<u64>(to, listPointer(offsetTo(to, at), ElementSize.Composite, words));
  store<u64>(at, structPointer(count, shapeDataWords(shape), shapePointerCount(shape)));
  for (let i: u32 = 0; i < count; i++) {
    const element = source + WORD_BYTES + ((<usize>(i * stride)) << 3);
    const copy = at + WORD_BYTES + ((<usize>(i * shapeWords(shape))) << 3);
    if (!copyStruct(element, structDataWords(tag), structPointerCount(tag), copy, shape)) {
      return false;
    }
  }
  return true;
}
