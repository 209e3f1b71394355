/**
 * Opens a received message: checks its frame, checks its content with check.ts, and gives the address of the root
 * struct. Generated `open` functions call this; `null` for a reader means that the message was refused.
 *
 *   the message page:   0            4             8                16
 *                      ┌────────────┬─────────────┬────────────────┬─ ─ ─ ─ ─ ─
 *                      │ 0          │ words       │ root pointer   │ structs, texts, lists …
 *                      └────────────┴─────────────┴────────────────┴─ ─ ─ ─ ─ ─
 *   (capnproto.org/encoding.html, "Serialization Over a Stream": segments less one, then the size of each)
 *
 * A reader is the address of a struct in the page, so it is good until the page gets other content: the next call,
 * the next `receive`, or the next message built there. A page is the task's own (the kernel copied the message into
 * it), so what was checked stays as it was. A message whose structs have other sizes than our schema's, from a
 * program built with an older or newer one, is copied into our sizes first (adapt.ts).
 */
import { MESSAGE_BYTES_MAX } from "abi/message";
import { adaptMessage } from "./adapt";
import { checkMessage } from "./check";
import { pointerOffset, WORD_BYTES } from "./pointer";
import { MessageRefusal } from "./refusal";

/** The words before the segment: the frame. */
const FRAME_BYTES: u32 = 8;

/**
 * Opens the message of `length` bytes at `address`; bytes after the end that its frame states are ignored.
 *
 * @param table the schema's shapes (shape.ts)
 * @param root the shape of the root struct
 * @returns the address of the root struct, in our schema's size; 0 if the message is refused (`refusalOf` says why)
 */
export function openMessage(address: usize, length: u32, table: usize, root: usize): usize {
  const refusal = examine(address, length, table, root);
  const segment = address + FRAME_BYTES;
  if (refusal === MessageRefusal.None) {
    return segment + WORD_BYTES + ((<isize>pointerOffset(load<u64>(segment))) << 3);
  }
  return refusal === MessageRefusal.OtherSizes ? adaptMessage(segment, table, root) : 0;
}

/** Why `openMessage` refuses that message; None if it does not. */
export function refusalOf(address: usize, length: u32, table: usize, root: usize): MessageRefusal {
  const refusal = examine(address, length, table, root);
  if (refusal !== MessageRefusal.OtherSizes) {
    return refusal;
  }
  return adaptMessage(address + FRAME_BYTES, table, root) === 0
    ? MessageRefusal.TooLong
    : MessageRefusal.None;
}

/** Checks the frame and what is in it. */
function examine(address: usize, length: u32, table: usize, root: usize): MessageRefusal {
  const isPlausible =
    length >= FRAME_BYTES + WORD_BYTES && length <= MESSAGE_BYTES_MAX && (address & 7) === 0;
  if (!isPlausible) {
    return MessageRefusal.BadLength;
  }
  const frame = load<u64>(address);
  const words = <u32>(frame >> 32);
  if (<u32>frame !== 0) {
    return MessageRefusal.Segmented;
  }
  if (words === 0 || words > (length - FRAME_BYTES) >> 3) {
    return MessageRefusal.BadLength;
  }
  return checkMessage(address + FRAME_BYTES, words, table, root);
}
