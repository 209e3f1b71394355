/**
 * What generated readers do with the pointers of a message that `open` found sound: a getter is one decoded word.
 * `at` is always the address of the pointer word itself. A null pointer is an empty text or list, or a struct of
 * defaults; an index past the end of a list reads as a default too.
 */
import { listCount, pointerOffset, STRUCT_BYTES_MAX, tagCount, WORD_BYTES } from "./pointer";

/** Never written. */
const DEFAULT_STRUCT: usize = memory.data(STRUCT_BYTES_MAX, 8);

/** Where the content of a text, data or list of scalars begins. Good only with a length above zero. */
export function listStart(at: usize): usize {
  return at + WORD_BYTES + ((<isize>pointerOffset(load<u64>(at))) << 3);
}

/** Bytes of a text, without the zero at its end. */
export function textLength(at: usize): u32 {
  const count = listCount(load<u64>(at));
  return count === 0 ? 0 : count - 1;
}

/** Bytes of data, or elements of a list that does not hold structs. */
export function listLength(at: usize): u32 {
  return listCount(load<u64>(at));
}

/** The address of scalar or pointer `index`, of 2^shift bytes; of a zero where there is none. */
export function listElement(at: usize, index: u32, shift: u32): usize {
  return index < listLength(at) ? listStart(at) + ((<usize>index) << shift) : DEFAULT_STRUCT;
}

/** Elements of a list of structs. */
export function structListLength(at: usize): u32 {
  return load<u64>(at) === 0 ? 0 : tagCount(load<u64>(listStart(at)));
}

/** The address of struct `index`, each of `words` words. */
export function structListElement(at: usize, index: u32, words: u32): usize {
  if (index >= structListLength(at)) {
    return DEFAULT_STRUCT;
  }
  return listStart(at) + WORD_BYTES + ((<usize>(index * words)) << 3);
}

/** The address of the struct that the pointer leads to. */
export function structAt(at: usize): usize {
  return load<u64>(at) === 0 ? DEFAULT_STRUCT : listStart(at);
}
