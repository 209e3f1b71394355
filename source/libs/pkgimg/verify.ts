/**
 * The hash tree: is this block the one that the root hash in the superblock covers?
 *
 * Level 0 holds the hashes of all blocks between the superblock and the tree, 128 to a tree block; each level
 * above holds the hashes of the blocks below it, up to a level of one block, whose hash is the root. A hash is taken
 * over a block's 4096 bytes and nothing else. What a block has to be follows from its place, and the shape of the tree
 * from the superblock, which is trusted: so no block can stand in for another (docs/storage/package-image.md).
 *
 * A check reads one tree block a level at most: the last one of each level is kept, in this class's memory, so
 * a file that is read from front to back costs one hash a block. Tree blocks are copied before they are hashed,
 * and only the copy is used.
 */

import { BLAKE2B_STATE_BYTES, Blake2b } from "blake2b/blake2b";
import { BLOCK_BYTES, blocksFor, FANOUT, HASH_BYTES, ImageError, isZero, LEVELS_MAX } from "./format";

/**
 * Where blocks come from: gives the address of the 4096 bytes of a block, which stay as they are until the next call,
 * or 0 if they could not be read. They have to lie in memory that no device and no other task can write: the bytes are
 * checked and used there.
 */
export type BlockSource = (block: u32) => usize;

/** No tree block is kept. */
const NO_NODE: u32 = 0xffff_ffff;

/** Bytes of the fields, padded for the doublewords behind them. */
const FIELDS_BYTES: usize = (offsetof<HashTree>() + 7) & ~(<usize>7);

/** Room for the numbers of the kept nodes, one word a level, padded for the doublewords behind them. */
const KEPT_BYTES: u32 = (LEVELS_MAX * 4 + 7) & ~7;

/**
 *     0        32     64         96     112             320
 *     | fields | root | computed | kept | BLAKE2b state | node of level 0 | level 1 | level 2 |
 */
@unmanaged
@final
export class HashTree {
  private source: BlockSource;
  private treeBlock: u32;
  private leaves: u32;
  private levelCount: u32;
  private failedBlock: u32;
  // Tree blocks in each level; 0 for one that is not there.
  private count0: u32;
  private count1: u32;
  private count2: u32;

  /**
   * Readies the tree over the blocks 1 to `treeBlock` - 1.
   *
   * @param root address of the 32 bytes of the root hash, which are copied
   */
  begin(source: BlockSource, treeBlock: u32, root: usize): void {
    this.source = source;
    this.treeBlock = treeBlock;
    this.leaves = treeBlock - 1;
    this.count0 = ceilFanout(this.leaves);
    this.count1 = this.count0 > 1 ? ceilFanout(this.count0) : 0;
    this.count2 = this.count1 > 1 ? ceilFanout(this.count1) : 0;
    this.levelCount = this.count1 === 0 ? 1 : this.count2 === 0 ? 2 : 3;
    this.failedBlock = 0;
    memory.copy(this.root, root, <usize>HASH_BYTES);
    for (let level: u32 = 0; level < LEVELS_MAX; level += 1) {
      store<u32>(this.kept(level), NO_NODE);
    }
  }

  /** How many levels the tree has. */
  get levels(): u32 {
    return this.levelCount;
  }

  /** How many blocks it has. */
  get blockCount(): u32 {
    return this.count0 + this.count1 + this.count2;
  }

  /** Which block the last refusal was about. */
  get errorBlock(): u32 {
    return this.failedBlock;
  }

  /**
   * Readies the tree for `block`: reads and checks the tree blocks that cover it, unless they are kept. After this,
   * `verify` of that block asks the source for nothing.
   */
  prepare(block: u32): ImageError {
    this.failedBlock = block;
    if (block === 0 || block >= this.treeBlock) {
      return ImageError.BlockOutside;
    }
    // From the root down: each node is checked against the one above it, which was checked or kept.
    let level = this.levelCount;
    while (level > 0) {
      level -= 1;
      const error = this.keep(level, (block - 1) / span(level));
      if (error !== ImageError.None) {
        return error;
      }
    }
    return ImageError.None;
  }

  /**
   * Checks the 4096 bytes at `address` against the tree as block `block`. They have to stay as they are while the
   * source is asked for tree blocks; where one buffer serves for both, call `prepare` before filling it.
   *
   * @returns None, DataHash if the bytes are others, or what is wrong with the tree on the way
   */
  verify(block: u32, address: usize): ImageError {
    const error = this.prepare(block);
    if (error !== ImageError.None) {
      return error;
    }
    this.failedBlock = block;
    this.hashBlock(address);
    const expected = this.node(0) + <usize>(((block - 1) % FANOUT) * HASH_BYTES);
    return this.matches(expected) ? ImageError.None : ImageError.DataHash;
  }

  /** Makes node `index` of `level` the kept one of its level, unless it is. */
  private keep(level: u32, index: u32): ImageError {
    if (load<u32>(this.kept(level)) === index) {
      return ImageError.None;
    }
    const block = this.levelStart(level) + index;
    this.failedBlock = block;
    const source = this.source(block);
    if (source === 0) {
      return ImageError.Io;
    }
    const node = this.node(level);
    store<u32>(this.kept(level), NO_NODE);
    memory.copy(node, source, <usize>BLOCK_BYTES);

    const isTop = level + 1 === this.levelCount;
    const expected = isTop ? this.root : this.node(level + 1) + <usize>((index % FANOUT) * HASH_BYTES);
    this.hashBlock(node);
    if (!this.matches(expected)) {
      return ImageError.TreeHash;
    }

    const below = level === 0 ? this.leaves : this.countOf(level - 1);
    const used = min<u32>(FANOUT, below - index * FANOUT) * HASH_BYTES;
    if (!isZero(node + <usize>used, BLOCK_BYTES - used)) {
      return ImageError.TreePadding;
    }
    store<u32>(this.kept(level), index);
    return ImageError.None;
  }

  /** The hash of 4096 bytes, into `computed`. */
  private hashBlock(address: usize): void {
    this.hasher.begin().update(address, BLOCK_BYTES).finish(this.computed, HASH_BYTES);
  }

  private matches(expected: usize): bool {
    return memory.compare(this.computed, expected, <usize>HASH_BYTES) === 0;
  }

  private countOf(level: u32): u32 {
    return level === 0 ? this.count0 : level === 1 ? this.count1 : this.count2;
  }

  private levelStart(level: u32): u32 {
    let start = this.treeBlock;
    for (let below: u32 = 0; below < level; below += 1) {
      start += this.countOf(below);
    }
    return start;
  }

  private get root(): usize {
    return changetype<usize>(this) + FIELDS_BYTES;
  }

  private get computed(): usize {
    return this.root + <usize>HASH_BYTES;
  }

  private kept(level: u32): usize {
    return this.computed + <usize>HASH_BYTES + <usize>(level << 2);
  }

  private get hasher(): Blake2b {
    return changetype<Blake2b>(this.kept(0) + <usize>KEPT_BYTES);
  }

  private node(level: u32): usize {
    return changetype<usize>(this.hasher) + <usize>(BLAKE2B_STATE_BYTES + level * BLOCK_BYTES);
  }
}

/** How much memory a HashTree needs, in bytes (8-byte aligned). */
export const HASH_TREE_STATE_BYTES: u32 =
  <u32>FIELDS_BYTES + 2 * HASH_BYTES + KEPT_BYTES + BLAKE2B_STATE_BYTES + LEVELS_MAX * BLOCK_BYTES;

/** How many blocks of content one node of `level` stands for. */
function span(level: u32): u32 {
  return level === 0 ? FANOUT : level === 1 ? FANOUT * FANOUT : FANOUT * FANOUT * FANOUT;
}

function ceilFanout(count: u32): u32 {
  return blocksFor(count * HASH_BYTES);
}
