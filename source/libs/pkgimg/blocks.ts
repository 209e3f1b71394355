/**
 * The blocks of an image: where they come from, which are verified, and why the last bad one was refused.
 *
 * This is the lower half of Image (reader.ts). Contents are given out verified or not at all. The current block of the
 * index, and that of the strings, are held in memory of our own, and that copy is hashed.
 */

import { BLOCK_BYTES, ENTRY_BYTES, ImageError, NO_ENTRY } from "./format";
import { BlockSource, HASH_TREE_STATE_BYTES, HashTree } from "./verify";

/** No block is held. */
const NO_BLOCK: u32 = 0;

/** Room for the fields of this class and of Image, padded for the doublewords behind them. */
export const FIELDS_BYTES: usize = 80;

const TREE_AT: usize = FIELDS_BYTES;
const INDEX_AT: usize = TREE_AT + <usize>HASH_TREE_STATE_BYTES;
const STRINGS_AT: usize = INDEX_AT + <usize>BLOCK_BYTES;

/** Where Image's own memory starts. */
export const BLOCKS_END: usize = STRINGS_AT + <usize>BLOCK_BYTES;

/**
 *     0        80          (HASH_TREE_STATE_BYTES)     4096            4096
 *     | fields | hash tree                           | index block   | strings block | what Image holds
 */
@unmanaged
export class ImageBlocks {
  private raw: BlockSource;
  private verified: BlockSource;
  private verifiesHere: u32;
  private failure: ImageError;
  private failedBlock: u32;
  private failedEntry: u32;
  private heldIndexBlock: u32;
  private heldStringBlock: u32;
  protected indexStart: u32;
  protected stringStart: u32;
  protected dataStart: u32;
  protected treeStart: u32;

  /** The last refusal. */
  get error(): ImageError {
    return this.failure;
  }

  /** The block that the last refusal was about. */
  get errorBlock(): u32 {
    return this.failedBlock;
  }

  /** The entry that the last refusal was about; NO_ENTRY if it was not about one. */
  get errorEntry(): u32 {
    return this.failedEntry;
  }

  /** The first block of the data: everything below belongs to superblock, index and strings. */
  get dataBlock(): u32 {
    return this.dataStart;
  }

  /** The first block of the hash tree: everything below, but the superblock, is content. */
  get treeBlock(): u32 {
    return this.treeStart;
  }

  /**
   * Checks 4096 bytes at `address` against the hash tree. For a cache, on memory that only the caller can write. The
   * source may be asked for tree blocks meanwhile; `prepare` does that beforehand.
   */
  verify(block: u32, address: usize): ImageError {
    const error = this.tree.verify(block, address);
    if (error === ImageError.None) {
      return error;
    }
    return this.refuseBlock(
      error === ImageError.DataHash ? this.hashError(block) : error,
      this.tree.errorBlock,
    );
  }

  /** Reads the tree blocks that `verify` of this block will need, unless they are held. */
  prepare(block: u32): ImageError {
    const error = this.tree.prepare(block);
    return error === ImageError.None ? error : this.refuseBlock(error, this.tree.errorBlock);
  }

  /** The address of a verified content block, good until the next call; 0 if it was refused (see `error`). */
  block(block: u32): usize {
    if (block === 0 || block >= this.treeStart) {
      this.refuseBlock(ImageError.BlockOutside, block);
      return 0;
    }
    this.clearError();
    const verifiedHere = this.verifiesHere !== 0;
    if (verifiedHere && this.prepare(block) !== ImageError.None) {
      return 0;
    }
    const address = this.verified(block);
    if (address === 0) {
      // Either the block could not be read, or `verified` called `verify`, which has noted why.
      if (this.failure === ImageError.None) {
        this.refuseBlock(ImageError.Io, block);
      }
      return 0;
    }
    if (verifiedHere && this.verify(block, address) !== ImageError.None) {
      return 0;
    }
    return address;
  }

  /** Index block `block`, held and verified; 0 if it was refused. */
  holdIndex(block: u32): usize {
    const held = changetype<usize>(this) + INDEX_AT;
    if (this.heldIndexBlock === block) {
      return held;
    }
    this.heldIndexBlock = NO_BLOCK;
    if (!this.hold(block, held)) {
      return 0;
    }
    this.heldIndexBlock = block;
    return held;
  }

  /** Block `index` of the string table, held and verified; 0 if it was refused. */
  holdStrings(index: u32): usize {
    const held = changetype<usize>(this) + STRINGS_AT;
    const block = this.stringStart + index;
    if (this.heldStringBlock === block) {
      return held;
    }
    this.heldStringBlock = NO_BLOCK;
    if (!this.hold(block, held)) {
      return 0;
    }
    this.heldStringBlock = block;
    return held;
  }

  /** Notes a refusal that is about an entry, and gives it back. */
  refuseEntry(error: ImageError, entry: u32): ImageError {
    this.failure = error;
    this.failedEntry = entry;
    this.failedBlock = this.indexStart + (entry * ENTRY_BYTES) / BLOCK_BYTES;
    return error;
  }

  /** Notes a refusal that is about a block, and gives it back. */
  refuseBlock(error: ImageError, block: u32): ImageError {
    this.failure = error;
    this.failedEntry = NO_ENTRY;
    this.failedBlock = block;
    return error;
  }

  /** Forgets the last refusal. */
  clearError(): void {
    this.refuseBlock(ImageError.None, 0);
  }

  /**
   * Starts again: only the superblock can be read.
   *
   * @param verifiesHere whether contents are verified here; otherwise `verified` gives only blocks that `verify` has
   *   accepted
   */
  protected begin(raw: BlockSource, verified: BlockSource, verifiesHere: bool): void {
    this.raw = raw;
    this.verified = verified;
    this.verifiesHere = verifiesHere ? 1 : 0;
    this.heldIndexBlock = NO_BLOCK;
    this.heldStringBlock = NO_BLOCK;
    this.indexStart = 0;
    this.stringStart = 0;
    this.dataStart = 0;
    this.treeStart = 0;
    this.clearError();
  }

  /** Where the regions are, from a superblock that was checked, and the 32 bytes of the root hash. */
  protected place(index: u32, strings: u32, data: u32, tree: u32, root: usize): void {
    this.indexStart = index;
    this.stringStart = strings;
    this.dataStart = data;
    this.treeStart = tree;
    this.tree.begin(this.raw, tree, root);
  }

  /** Block 0, as it is; 0 if it could not be read. */
  protected readSuperblock(): usize {
    return this.raw(0);
  }

  /** Notes that the block could not be read while an entry was read, and returns the reason. */
  protected failIn(entry: u32): ImageError {
    this.failedEntry = entry;
    return this.failure;
  }

  protected get tree(): HashTree {
    return changetype<HashTree>(changetype<usize>(this) + TREE_AT);
  }

  /** Which part of the image a content block that does not match its hash belongs to. */
  private hashError(block: u32): ImageError {
    return block < this.stringStart
      ? ImageError.IndexHash
      : block < this.dataStart
        ? ImageError.StringHash
        : ImageError.DataHash;
  }

  /** Copies a block to `target`; what is verified here is the copy. */
  private hold(block: u32, target: usize): bool {
    const verifiedHere = this.verifiesHere !== 0;
    const address = verifiedHere ? this.raw(block) : this.block(block);
    if (address === 0) {
      if (verifiedHere) {
        this.refuseBlock(ImageError.Io, block);
      }
      return false;
    }
    memory.copy(target, address, <usize>BLOCK_BYTES);
    return !verifiedHere || this.verify(block, target) === ImageError.None;
  }
}
