/**
 * Verified bytes of a file, copied to where they are wanted: out of the cache's lines, or for a compressed file out of
 * its clusters. Reached from serve.ts and shares.ts; goes on in blocks.ts and clusters.ts.
 */
import { ImageError } from "pkgimg/format";
import { ensure, findHit } from "./blocks";
import { find as findLine } from "./cache";
import { OpenFile } from "./clients";
import { deliverClusters } from "./clusters";
import { BLOCK_BYTES, BLOCK_SHIFT } from "./limits";

/**
 * Copies `bytes` bytes of a file, from `offset` on, to `target`. They must be the file's, and at most READ_BYTES_MAX. If
 * anything is wrong with them, none is copied.
 *
 * @param isSequential the client reads on from where it was, so blocks of the next reads are fetched along
 */
export function deliver(
  file: OpenFile,
  offset: u32,
  bytes: u32,
  isSequential: bool,
  target: usize,
): ImageError {
  return file.stored === 0
    ? deliverBlocks(file, offset, bytes, isSequential, target)
    : deliverClusters(file, offset, bytes, isSequential, target);
}

/** Copies them out of the lines of the cache. */
function deliverBlocks(
  file: OpenFile,
  offset: u32,
  bytes: u32,
  isSequential: bool,
  target: usize,
): ImageError {
  const begin = file.start + offset;
  let block = begin >> BLOCK_SHIFT;
  const behind = (begin + bytes + BLOCK_BYTES - 1) >> BLOCK_SHIFT;
  let from = begin & (BLOCK_BYTES - 1);
  // The usual read of a small client: one block, which is there.
  if (behind - block === 1) {
    const line = findHit(block);
    if (line !== 0) {
      memory.copy(target, line + <usize>from, <usize>bytes);
      return ImageError.None;
    }
  }
  const error = ensure(block, behind - block, isSequential ? file.endBlock : behind);
  if (error !== ImageError.None) {
    return error;
  }
  // All blocks are in the cache.
  let done: u32 = 0;
  while (done < bytes) {
    const line = findLine(block);
    assert(line !== 0);
    const part = min<u32>(bytes - done, BLOCK_BYTES - from);
    memory.copy(target + <usize>done, line + <usize>from, <usize>part);
    done += part;
    from = 0;
    block++;
  }
  return ImageError.None;
}
