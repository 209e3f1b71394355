/**
 * Builds a message in place, front to back: `begin` puts the frame and the root struct at the start of the page,
 * texts and lists follow in the order in which they are set, `finishMessage` gives the length. Nothing is copied
 * twice, and only what a struct occupies is zeroed.
 *
 * Content that does not fit is not written: the builder then hands out memory that is never read (the spill), remembers
 * that, and `finishMessage` gives 0. So a service checks once, at the end. After the first spill no pointer is
 * followed, as the spill holds the value that was set last. One message is built at a time.
 */
import { MESSAGE_BYTES_MAX } from "abi/message";
import {
  ElementSize,
  listPointer,
  listWords,
  STRUCT_BYTES_MAX,
  structDataWords,
  structPointer,
  structPointerCount,
  tagCount,
  WORD_BYTES,
} from "./pointer";
import { listElement, listLength, listStart, structListLength } from "./read";

/** Written, never read. */
const SPILL: usize = memory.data(STRUCT_BYTES_MAX, 8);

let frame: usize = 0;
let end: usize = 0;
let limit: usize = 0;
let isSpilled: bool = false;

/** Begins a message of up to `capacity` bytes at `address` (a multiple of 8), and gives the root struct's address. */
export function beginMessage(address: usize, capacity: u32, dataWords: u32, pointerCount: u32): usize {
  frame = address;
  end = address;
  limit = address + (min(capacity, MESSAGE_BYTES_MAX) & ~7);
  isSpilled = false;
  const head = allocate(2);
  return allocateStruct(head + WORD_BYTES, dataWords, pointerCount);
}

/** Completes the frame. The length of the message in bytes, or 0 if something did not fit. */
export function finishMessage(): u32 {
  if (isSpilled) {
    return 0;
  }
  const length = <u32>(end - frame);
  store<u64>(frame, (<u64>((length >> 3) - 1)) << 32);
  return length;
}

/**
 * The bytes that are still free. A text takes its bytes and a zero, in whole words; a list of structs one more word.
 */
export function messageRoom(): u32 {
  return isSpilled ? 0 : <u32>(limit - end);
}

/** `words` words, not zeroed, or the spill. */
function allocate(words: u32): usize {
  const bytes = (<u64>words) << 3;
  if (isSpilled || bytes > <u64>(limit - end)) {
    return spill();
  }
  const at = end;
  end += <usize>bytes;
  return at;
}

/** For the pointer at `at` to lead to `to`, which lies behind it. */
function offsetTo(at: usize, to: usize): u32 {
  return <u32>((to - at - WORD_BYTES) >> 3);
}

/** Makes a struct of zeros for the pointer at `at`, and gives its address. */
export function allocateStruct(at: usize, dataWords: u32, pointerCount: u32): usize {
  const words = dataWords + pointerCount;
  const to = allocate(words);
  memory.fill(to, 0, (<usize>words) << 3);
  // A struct of no size "is" its pointer word, since a pointer of all zeros would mean that there is none.
  const offset = words === 0 ? <u32>-1 : offsetTo(at, to);
  if (!isSpilled) {
    store<u64>(at, structPointer(offset, dataWords, pointerCount));
  }
  return to;
}

/** Makes a list of zeros for the pointer at `at`: `count` elements of a scalar's or pointer's size. */
export function allocateList(at: usize, elementSize: u32, count: u32): void {
  const words = count < MESSAGE_BYTES_MAX ? listWords(elementSize, count) : MESSAGE_BYTES_MAX;
  const to = allocate(words);
  if (isSpilled) {
    return;
  }
  memory.fill(to, 0, (<usize>words) << 3);
  store<u64>(at, listPointer(offsetTo(at, to), elementSize, count));
}

/** Makes a list of `count` structs of zeros for the pointer at `at`. */
export function allocateStructList(at: usize, dataWords: u32, pointerCount: u32, count: u32): void {
  const words = count < MESSAGE_BYTES_MAX ? count * (dataWords + pointerCount) : MESSAGE_BYTES_MAX;
  const to = allocate(words + 1);
  if (isSpilled) {
    return;
  }
  memory.fill(to + WORD_BYTES, 0, (<usize>words) << 3);
  store<u64>(to, structPointer(count, dataWords, pointerCount));
  store<u64>(at, listPointer(offsetTo(at, to), ElementSize.Composite, words));
}

/** Keeps only the first `count` structs of the list at `at`; what the others occupied stays unused. */
export function shortenStructList(at: usize, count: u32): void {
  if (isSpilled || load<u64>(at) === 0) {
    return;
  }
  const tagAt = listStart(at);
  const tag = load<u64>(tagAt);
  if (count < tagCount(tag)) {
    store<u64>(tagAt, structPointer(count, structDataWords(tag), structPointerCount(tag)));
  }
}

/** The address of struct `index` of the list at `at`; past its end, the spill. */
export function builtStruct(at: usize, index: u32): usize {
  if (isSpilled || index >= structListLength(at)) {
    return spill();
  }
  const tagAt = listStart(at);
  const tag = load<u64>(tagAt);
  const words = structDataWords(tag) + structPointerCount(tag);
  return tagAt + WORD_BYTES + ((<usize>(index * words)) << 3);
}

/** The address of scalar or pointer `index` of the list at `at`, of 2^shift bytes; past its end, the spill. */
export function builtElement(at: usize, index: u32, shift: u32): usize {
  return isSpilled || index >= listLength(at) ? spill() : listElement(at, index, shift);
}

function spill(): usize {
  isSpilled = true;
  return SPILL;
}

/** Copies `length` bytes of UTF-8 from `from` as a text. They must not lie in the page of this message. */
export function writeText(at: usize, from: usize, length: u32): void {
  const to = allocateBytes(at, length, 1);
  if (to !== 0) {
    memory.copy(to, from, length);
  }
}

/** Copies `length` bytes from `from` as data. They must not lie in the page of this message. */
export function writeData(at: usize, from: usize, length: u32): void {
  const to = allocateBytes(at, length, 0);
  if (to !== 0) {
    memory.copy(to, from, length);
  }
}

/** Writes a string constant as a text. For ASCII: each other UTF-16 unit becomes `?`. */
export function writeString(at: usize, text: string): void {
  const length = <u32>text.length;
  const to = allocateBytes(at, length, 1);
  if (to === 0) {
    return;
  }
  for (let i: u32 = 0; i < length; i++) {
    const unit = load<u16>(changetype<usize>(text) + ((<usize>i) << 1));
    store<u8>(to + i, unit < 0x80 ? unit : 0x3f);
  }
}

/** A list of `length` bytes and `zeros` zero bytes, what is left of its last word zeroed; 0 if it did not fit. */
function allocateBytes(at: usize, length: u32, zeros: u32): usize {
  const count = length < MESSAGE_BYTES_MAX ? length + zeros : MESSAGE_BYTES_MAX;
  const words = listWords(ElementSize.Byte, count);
  const to = allocate(words);
  if (isSpilled) {
    return 0;
  }
  if (words !== 0) {
    store<u64>(to + ((<usize>(words - 1)) << 3), 0);
  }
  store<u64>(at, listPointer(offsetTo(at, to), ElementSize.Byte, count));
  return to;
}
