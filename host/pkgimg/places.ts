// Computes the places in a package image: of each file in the data, and then of each region.

import {
  BLOCK_BYTES,
  BLOCKS_MAX,
  ENTRY_BYTES,
  FILE_ALIGN,
  HASH_BYTES,
} from "../../build/gen/host/source/libs/pkgimg/format.ts";
import { Problem } from "../problem.ts";
import type { ImageSource } from "./image.ts";

/** How many hashes a block of the tree has. */
const fanout = BLOCK_BYTES / HASH_BYTES;

/** The places in an image. The unit is blocks, unless another is named. */
export interface Places {
  readonly indexBlockCount: number;
  readonly stringBlock: number;
  readonly stringBytes: number;
  readonly dataBlock: number;
  readonly dataBlockCount: number;
  readonly treeBlock: number;
  /** How many blocks each level of the hash tree has, from the hashes of contents up to the one block at the top. */
  readonly levelBlockCounts: readonly number[];
  readonly blockCount: number;
  /** Where each file begins in the image, in bytes, by its number in the index. */
  readonly byteOffsets: Uint32Array;
}

/**
 * The order is: index from block 1 on, strings, data, tree.
 *
 * @param files in the image's order
 * @param storedBytes how many bytes of the image each of them takes
 * @throws Problem if there is more than an image can have
 */
export function placesOf(files: readonly ImageSource[], storedBytes: (number: number) => number): Places {
  const indexBlockCount = blocksFor(files.length * ENTRY_BYTES);
  const stringBlock = 1 + indexBlockCount;
  const stringBytes = files.reduce((sum, { path }) => sum + Buffer.byteLength(path), 0);
  const dataBlock = stringBlock + blocksFor(stringBytes);

  const byteOffsets = new Uint32Array(files.length);
  let end = dataBlock * BLOCK_BYTES;
  for (const number of files.keys()) {
    const byteLength = storedBytes(number);
    const start = fileStart(end, byteLength);
    byteOffsets[number] = start;
    end = start + byteLength;
  }
  const treeBlock = blocksFor(end);

  const levelBlockCounts: number[] = [];
  let below = treeBlock - 1;
  do {
    below = Math.ceil(below / fanout);
    levelBlockCounts.push(below);
  } while (below > 1);
  const blockCount = treeBlock + levelBlockCounts.reduce((sum, count) => sum + count, 0);
  if (blockCount > BLOCKS_MAX) {
    throw new Problem(
      `an image holds up to ${BLOCKS_MAX} blocks of ${BLOCK_BYTES} bytes, and this takes ${blockCount}`,
    );
  }
  return {
    indexBlockCount,
    stringBlock,
    stringBytes,
    dataBlock,
    dataBlockCount: treeBlock - dataBlock,
    treeBlock,
    levelBlockCounts,
    blockCount,
    byteOffsets,
  };
}

/** How many blocks `byteLength` bytes take. */
export function blocksFor(byteLength: number): number {
  return Math.ceil(byteLength / BLOCK_BYTES);
}

/** Where a file begins after one that ends at `end`: in the rest of that block if it fits, otherwise in the next block. */
function fileStart(end: number, byteLength: number): number {
  const start = Math.ceil(end / FILE_ALIGN) * FILE_ALIGN;
  const inBlock = start % BLOCK_BYTES;
  return inBlock === 0 || byteLength <= BLOCK_BYTES - inBlock ? start : start - inBlock + BLOCK_BYTES;
}
