/** Why a message was not opened. Input from outside is refused, never asserted. */
export const enum MessageRefusal {
  None = 0,
  /** Shorter than its own header says, longer than a message page, or not aligned to 8 bytes. */
  BadLength = 1,
  /** Of more than one segment. */
  Segmented = 2,
  /** No root struct. */
  NoRoot = 3,
  /** A pointer leads out of the message. */
  OutOfBounds = 4,
  /** A pointer is of another type than the schema says, or a text has no zero at its end. */
  BadPointer = 5,
  /** Reading it would touch more words than it has: parts of it are used twice. */
  Amplified = 6,
  /** Structs within structs, beyond MESSAGE_DEPTH_MAX. */
  TooDeep = 7,
  /** Of another version of the schema, and too long when its structs are copied into our sizes. */
  TooLong = 8,
  /** Of another version of the schema. Opening such a message copies it, so only check.ts and open.ts see this value. */
  OtherSizes = 9,
}
