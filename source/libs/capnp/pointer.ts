/**
 * The pointer word of a Cap'n Proto message: how to decode and to build it. (capnproto.org/encoding.html, "Structs" and
 * "Lists")
 *
 *   struct   63          48 47          32 31                           2 1 0
 *           ┌──────────────┬──────────────┬──────────────────────────────┬───┐
 *           │ pointers     │ data words   │ offset, signed, in words     │ 0 │
 *           └──────────────┴──────────────┴──────────────────────────────┴───┘
 *   list     63                     35 34 32 31                         2 1 0
 *           ┌─────────────────────────┬─────┬────────────────────────────┬───┐
 *           │ elements (or words)     │ size│ offset, signed, in words   │ 1 │
 *           └─────────────────────────┴─────┴────────────────────────────┴───┘
 *
 * The offset counts from the end of the pointer word. A list of structs (size 7) gives its length in words; before
 * its first element stands a tag, which has a struct pointer's form with the number of elements as its offset.
 * The word 0 is null: an empty text or list, a struct of defaults.
 */
export const WORD_BYTES: u32 = 8;
/** The largest struct: `structWordsMax` (toolchain/schema/layout.ts) words. */
export const STRUCT_BYTES_MAX: u32 = 64 * WORD_BYTES;

export const enum PointerTag {
  Struct = 0,
  List = 1,
  Far = 2,
  Other = 3,
}

/** The size field of a list pointer. */
export const enum ElementSize {
  Void = 0,
  Bit = 1,
  Byte = 2,
  TwoBytes = 3,
  FourBytes = 4,
  EightBytes = 5,
  Pointer = 6,
  Composite = 7,
}

export function pointerTag(word: u64): u32 {
  return <u32>word & 3;
}

/** In words, from the end of the pointer word: -2^29 to 2^29 - 1. */
export function pointerOffset(word: u64): i32 {
  return <i32>word >> 2;
}

export function structDataWords(word: u64): u32 {
  return <u32>(word >> 32) & 0xffff;
}

export function structPointerCount(word: u64): u32 {
  return <u32>(word >> 48);
}

export function listElementSize(word: u64): u32 {
  return <u32>(word >> 32) & 7;
}

/** How many elements; of a list of structs, how many words after the tag. Below 2^29. */
export function listCount(word: u64): u32 {
  return <u32>(word >> 35);
}

/** From the tag of a list of structs: how many elements. Below 2^30. */
export function tagCount(tag: u64): u32 {
  return <u32>tag >> 2;
}

/** `offset` in words from the end of the pointer word. As a tag: the number of elements. */
export function structPointer(offset: u32, dataWords: u32, pointerCount: u32): u64 {
  return ((<u64>pointerCount) << 48) | ((<u64>dataWords) << 32) | <u64>(offset << 2);
}

export function listPointer(offset: u32, elementSize: u32, count: u32): u64 {
  return ((<u64>count) << 35) | ((<u64>elementSize) << 32) | <u64>((offset << 2) | PointerTag.List);
}

/** The bytes of one element of a list of scalars, as a shift: size 2 is one byte, size 5 eight. */
export function elementShift(elementSize: u32): u32 {
  return elementSize - ElementSize.Byte;
}

/** How many words `count` elements take. No overflow: `count` is below 2^29. */
export function listWords(elementSize: u32, count: u32): u32 {
  if (elementSize === ElementSize.Void) {
    return 0;
  }
  if (elementSize === ElementSize.Bit) {
    return (count + 63) >> 6;
  }
  if (elementSize >= <u32>ElementSize.EightBytes) {
    return count;
  }
  return <u32>((((<u64>count) << elementShift(elementSize)) + 7) >> 3);
}
