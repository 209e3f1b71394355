/** The blocks of one file, checked against the hash tree, which vouches for them. whole.ts checks more. */

import { BLOCK_BYTES, blocksFor, ImageError } from "./format";
import { Image } from "./reader";

/** Checks the first `most` blocks of entry `index`, or all that it has, against the hash tree; picks the entry. */
export function checkBlocks(image: Image, index: u32, most: u32): ImageError {
  const error = image.pick(index);
  if (error !== ImageError.None) {
    return error;
  }
  const first = image.byteOffset / BLOCK_BYTES;
  // Of an empty file, there is no block to check.
  const behind = image.byteLength === 0 ? first : blocksFor(image.byteOffset + image.storedBytes);
  const count = min<u32>(most, behind - first);
  for (let number: u32 = 0; number < count; number += 1) {
    if (image.block(first + number) === 0) {
      return image.error;
    }
  }
  return ImageError.None;
}
