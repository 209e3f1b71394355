/**
 * Compressed files. A file is cut into clusters of CLUSTER_BYTES, and each is compressed by itself (libs/lz4), so that any
 * part of a file can be read without what is before it. A table says where each cluster ends.
 *
 *     file's start                          storedBytes behind it
 *     | end 0 | end 1 | … | cluster 0 | cluster 1 | … |      ends are u32, counted from the file's start
 *
 * A cluster that would not be shorter is stored as it is. All of this lies in blocks that the hash tree vouches for, so
 * nothing is decompressed that was not verified.
 *
 * Used by packagefsd's clusters.ts and by the host's tools.
 */
import { decompress } from "lz4/lz4";
import {
  BLOCK_BYTES,
  CLUSTER_BYTES,
  CLUSTER_ENTRY_BYTES,
  CLUSTER_SHIFT,
  clusterCount,
  ImageError,
} from "./format";
import { Image } from "./reader";

/** A compressed file, and one of its clusters as `findCluster` found it. */
@unmanaged
@final
export class Cluster {
  /** Where the file begins in the image, in bytes; its length, and what it takes in the image. */
  fileStart: u32;
  fileBytes: u32;
  fileStored: u32;
  /** Where the cluster begins in the image, in bytes; how many it takes there, and how many it becomes. */
  start: u32;
  stored: u32;
  bytes: u32;
}

/** Memory for what is read of a table. */
const ends: usize = memory.data(2 * CLUSTER_ENTRY_BYTES, 8);

/** Finds cluster `index`, which must be one of the file's, and notes where it is. */
export function findCluster(image: Image, cluster: Cluster, index: u32): ImageError {
  const tableBytes = clusterCount(cluster.fileBytes) * CLUSTER_ENTRY_BYTES;
  // The end of the one before it, and its own.
  const isFirst = index === 0;
  const at = isFirst ? 0 : (index - 1) * CLUSTER_ENTRY_BYTES;
  const count = isFirst ? CLUSTER_ENTRY_BYTES : 2 * CLUSTER_ENTRY_BYTES;
  const error = readStored(image, cluster.fileStart + at, count, ends);
  if (error !== ImageError.None) {
    return error;
  }
  const begin = isFirst ? tableBytes : load<u32>(ends);
  const end = load<u32>(isFirst ? ends : ends + <usize>CLUSTER_ENTRY_BYTES);
  const bytes = min<u32>(cluster.fileBytes - (index << CLUSTER_SHIFT), CLUSTER_BYTES);
  const isLast = (index << CLUSTER_SHIFT) + bytes === cluster.fileBytes;
  const holds =
    begin >= tableBytes &&
    end > begin &&
    end <= cluster.fileStored &&
    end - begin <= bytes &&
    (!isLast || end === cluster.fileStored);
  if (!holds) {
    return image.refuseBlock(ImageError.Cluster, (cluster.fileStart + at) / BLOCK_BYTES);
  }
  cluster.start = cluster.fileStart + begin;
  cluster.stored = end - begin;
  cluster.bytes = bytes;
  return ImageError.None;
}

/**
 * Puts a cluster that was found at `target`, which has room for CLUSTER_BYTES.
 *
 * @param room CLUSTER_BYTES of the caller's for the cluster as it is stored
 */
export function readCluster(image: Image, cluster: Cluster, room: usize, target: usize): ImageError {
  if (cluster.stored === cluster.bytes) {
    return readStored(image, cluster.start, cluster.stored, target);
  }
  const error = readStored(image, cluster.start, cluster.stored, room);
  if (error !== ImageError.None) {
    return error;
  }
  return decompress(room, cluster.stored, target, cluster.bytes)
    ? ImageError.None
    : image.refuseBlock(ImageError.Cluster, cluster.start / BLOCK_BYTES);
}

/** Copies `count` verified bytes from byte `start` of the image on. */
function readStored(image: Image, start: u32, count: u32, target: usize): ImageError {
  let done: u32 = 0;
  while (done < count) {
    const at = start + done;
    const inBlock = at % BLOCK_BYTES;
    const address = image.block(at / BLOCK_BYTES);
    if (address === 0) {
      return image.error;
    }
    const part = min<u32>(count - done, BLOCK_BYTES - inBlock);
    memory.copy(target + <usize>done, address + <usize>inBlock, <usize>part);
    done += part;
  }
  return ImageError.None;
}
