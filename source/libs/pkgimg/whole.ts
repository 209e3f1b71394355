/**
 * A whole file, checked against the hash in its entry.
 *
 * It is an end-to-end proof that the file is the same as when the image was built, and hashes everything twice. `nx image
 * verify` uses it.
 */

import { Cluster, findCluster, readCluster } from "./clusters";
import {
  BLOCK_BYTES,
  blocksFor,
  CLUSTER_BYTES,
  clusterCount,
  HASH_BYTES,
  ImageError,
  isZero,
} from "./format";
import { Image } from "./reader";

const cluster = changetype<Cluster>(memory.data(offsetof<Cluster>(), 8));
const room: usize = memory.data(CLUSTER_BYTES, 8);
const decompressed: usize = memory.data(CLUSTER_BYTES, 8);

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
  const picked = image.pick(index);
  if (picked !== ImageError.None) {
    return picked;
  }
  image.hasher.begin();
  const error = image.isCompressed ? hashClusters(image) : ImageError.None;
  if (error !== ImageError.None) {
    return error;
  }
  const stored = hashStored(image, next);
  if (stored !== ImageError.None) {
    return stored;
  }
  image.hasher.finish(digest, HASH_BYTES);
  const matches = memory.compare(digest, image.contentHash, <usize>HASH_BYTES) === 0;
  return matches ? ImageError.None : image.refuseEntry(ImageError.ContentHash, index);
}

/** Goes over the bytes of the picked file as they are stored, and hashes them unless it is compressed; then over zeros. */
function hashStored(image: Image, next: u32): ImageError {
  const fileEnd = image.byteOffset + image.storedBytes;
  // Up to the next file, and not beyond the block in which this one ends: there is no further gap (checkIndex).
  const end = max<u32>(fileEnd, min<u32>(next, blocksFor(fileEnd) * BLOCK_BYTES));
  let at = image.isCompressed ? fileEnd : image.byteOffset;
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
  return ImageError.None;
}

/** Hashes what the picked file's clusters become. */
function hashClusters(image: Image): ImageError {
  cluster.fileStart = image.byteOffset;
  cluster.fileBytes = image.byteLength;
  cluster.fileStored = image.storedBytes;
  const count = clusterCount(image.byteLength);
  for (let number: u32 = 0; number < count; number += 1) {
    const found = findCluster(image, cluster, number);
    const error = found === ImageError.None ? readCluster(image, cluster, room, decompressed) : found;
    if (error !== ImageError.None) {
      return error;
    }
    image.hasher.update(decompressed, cluster.bytes);
  }
  return ImageError.None;
}
