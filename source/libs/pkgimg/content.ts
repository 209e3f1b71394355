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
  const count = min<u32>(most, blocksFor(image.byteLength));
  for (let offset: u32 = 0; offset < count; offset += 1) {
    if (image.block(image.firstBlock + offset) === 0) {
      return image.error;
    }
  }
  return ImageError.None;
}

/**
 * Reads all blocks of entry `index` and checks content and padding; picks the entry.
 *
 * @param digest 32 bytes of the caller's for the hash that was computed
 */
export function checkContent(image: Image, index: u32, digest: usize): ImageError {
  const error = image.pick(index);
  if (error !== ImageError.None) {
    return error;
  }
  const count = blocksFor(image.byteLength);
  image.sha.begin();
  for (let offset: u32 = 0; offset < count; offset += 1) {
    const block = image.firstBlock + offset;
    const address = image.block(block);
    if (address === 0) {
      return image.error;
    }
    const used = min<u32>(BLOCK_BYTES, image.byteLength - offset * BLOCK_BYTES);
    image.sha.update(address, used);
    if (!isZero(address + <usize>used, BLOCK_BYTES - used)) {
      return image.refuseBlock(ImageError.ContentPadding, block);
    }
  }
  image.sha.finish(digest);
  const matches = memory.compare(digest, image.contentHash, <usize>HASH_BYTES) === 0;
  return matches ? ImageError.None : image.refuseEntry(ImageError.ContentHash, index);
}
