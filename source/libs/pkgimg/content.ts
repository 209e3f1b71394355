/**
 * The content of one file. Its blocks are checked against the hash tree, which vouches for them. In addition, the whole
 * file can be checked against the hash in its entry.
 *
 * The second check is an end-to-end proof that the file is the same as when the image was built, and hashes everything
 * twice. `nx image verify` and the self-tests use it.
 */

import { BLOCK_BYTES, blocksFor, HASH_BYTES, ImageError, isZero } from "./format";
import { Image } from "./reader";

/** Checks the first `most` blocks of entry `index`, or all that it has, against the hash tree; picks the entry. */
export function checkBlocks(image: Image, index: u32, most: u32): ImageError {
  const error = image.pick(index);
  if (error !== ImageError.None) {
    return error;
  }
  const first = image.byteOffset / BLOCK_BYTES;
  // Of an empty file, there is no block to check.
  const behind = image.byteLength === 0 ? first : blocksFor(image.byteOffset + image.byteLength);
  const count = min<u32>(most, behind - first);
  for (let number: u32 = 0; number < count; number += 1) {
    if (image.block(first + number) === 0) {
      return image.error;
    }
  }
  return ImageError.None;
}

/**
 * Reads all bytes of entry `index` and those behind it that belong to no file, and checks both; picks the entry.
 *
 * @param digest 32 bytes of the caller's for the hash that was computed
 */
export function checkContent(image: Image, index: u32, digest: usize): ImageError {
  let next = image.treeBlock * BLOCK_BYTES;
  if (index < image.entryCount - 1) {
    const unreadable = image.pick(index + 1);
    if (unreadable !== ImageError.None) {
      return unreadable;
    }
    next = image.byteOffset;
  }
  const error = image.pick(index);
  if (error !== ImageError.None) {
    return error;
  }

  const fileEnd = image.byteOffset + image.byteLength;
  // Up to the next file, and not beyond the block in which this one ends: there is no further gap (checkIndex).
  const end = max<u32>(fileEnd, min<u32>(next, blocksFor(fileEnd) * BLOCK_BYTES));
  image.hasher.begin();
  let at = image.byteOffset;
  while (at < end) {
    const inBlock = at % BLOCK_BYTES;
    const address = image.block(at / BLOCK_BYTES);
    if (address === 0) {
      return image.error;
    }
    const count = min<u32>(BLOCK_BYTES - inBlock, end - at);
    const used = min<u32>(count, fileEnd - at);
    image.hasher.update(address + <usize>inBlock, used);
    if (!isZero(address + <usize>(inBlock + used), count - used)) {
      return image.refuseBlock(ImageError.ContentPadding, at / BLOCK_BYTES);
    }
    at += count;
  }
  image.hasher.finish(digest, HASH_BYTES);
  const matches = memory.compare(digest, image.contentHash, <usize>HASH_BYTES) === 0;
  return matches ? ImageError.None : image.refuseEntry(ImageError.ContentHash, index);
}
