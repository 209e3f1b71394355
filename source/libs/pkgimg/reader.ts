// A package image, opened: its superblock checked, its blocks read and verified, its entries picked one by one.
//
// An Image is a view over IMAGE_STATE_BYTES of the caller's memory. It reads through functions that the caller
// gives: from a file in memory, from a sector cache, from the disk. What it decides on, it holds itself: the
// superblock, the entry that is picked and one block each of index and strings are copies, hashed as copies.
//
//     if (image.open(readBlock, blocksOnDisk) !== ImageError.None) …       one block is read
//     if (checkIndex(image) !== ImageError.None) …                         index.ts: once, when mounting
//     const entry = find(image, path, length);                             index.ts
//     if (image.pick(entry) === ImageError.None) image.block(image.firstBlock) …
//
// Used by packagefsd's mount.ts, by the kernel for its boot bundle, and by the host's tools as Wasm.

import { SHA256_STATE_BYTES, Sha256 } from "sha256/sha256";
import { lengthToZero } from "text/bytes";
import {
  BLOCK_BYTES,
  blocksFor,
  ENTRY_BYTES,
  Entry,
  HASH_BYTES,
  ImageError,
  isZero,
  LABEL_BYTES,
  PATH_BYTES_MAX,
  SIGNED_BYTES,
  SignatureKind,
  SUPERBLOCK_BYTES,
  Superblock,
} from "./format";
import { superblockError } from "./superblock";
import { BlockSource, HASH_TREE_STATE_BYTES, HashTree } from "./verify";

/** No such entry. */
export const NO_ENTRY: u32 = 0xffff_ffff;

/** No block is held. */
const NO_BLOCK: u32 = 0;

/** Bytes of the fields, padded for the doublewords behind them. */
const FIELDS_BYTES: usize = 96;

/** Where each held thing is, behind the fields. */
const SUPERBLOCK_AT: usize = FIELDS_BYTES;
const ENTRY_AT: usize = SUPERBLOCK_AT + <usize>SUPERBLOCK_BYTES;
const PATH_AT: usize = ENTRY_AT + <usize>ENTRY_BYTES;
const KEY_AT: usize = PATH_AT + 256;
const SHA_AT: usize = KEY_AT + 256;
const TREE_AT: usize = SHA_AT + <usize>SHA256_STATE_BYTES;
const INDEX_AT: usize = TREE_AT + <usize>HASH_TREE_STATE_BYTES;
const STRINGS_AT: usize = INDEX_AT + <usize>BLOCK_BYTES;

/**
 *     0        96           608     672    928          1184            1544
 *     | fields | superblock | entry | path | search key | SHA-256 state | hash tree | index block | strings block |
 */
@unmanaged
@final
export class Image {
  private raw: BlockSource;
  private verified: BlockSource;
  private blocksAreVerified: u32;
  private failure: ImageError;
  private failedBlock: u32;
  private failedEntry: u32;
  private heldIndexBlock: u32;
  private heldStringBlock: u32;
  private picked: u32;

  // From the superblock, checked.
  private blocks: u32;
  private entries: u32;
  private indexStart: u32;
  private stringStart: u32;
  private stringCount: u32;
  private dataStart: u32;
  private treeStart: u32;

  /**
   * Reads and checks the superblock of an image whose blocks are verified here, each time they are read.
   *
   * @param source gives blocks as they are
   * @param blocksAvailable how many there are, for example the disk's size
   */
  open(source: BlockSource, blocksAvailable: u32): ImageError {
    this.blocksAreVerified = 0;
    return this.openWith(source, source, blocksAvailable);
  }

  /**
   * The same for a caller with a cache: contents are asked of `verified`, which has to hold each block against
   * `verify` before it gives it, and may then give it again without. `source` is asked for the superblock and tree.
   */
  openCached(source: BlockSource, verified: BlockSource, blocksAvailable: u32): ImageError {
    this.blocksAreVerified = 1;
    return this.openWith(source, verified, blocksAvailable);
  }

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

  /** Blocks in the image, superblock and tree included. */
  get blockCount(): u32 {
    return this.blocks;
  }

  /** Files in the image. */
  get entryCount(): u32 {
    return this.entries;
  }

  /** The first block of the data: everything below belongs to superblock, index and strings. */
  get dataBlock(): u32 {
    return this.dataStart;
  }

  /** The first block of the hash tree: everything below, but the superblock, is content. */
  get treeBlock(): u32 {
    return this.treeStart;
  }

  /** Bytes of the string table. */
  get stringBytes(): u32 {
    return this.stringCount;
  }

  /** Where the image's name is: `labelLength` bytes of UTF-8. */
  get label(): usize {
    return this.superblock + <usize>Superblock.Label;
  }

  get labelLength(): u32 {
    return lengthToZero(this.label, LABEL_BYTES);
  }

  /** Which of two images of one label is the newer, as its signer counts; 0 in an unsigned one. */
  get sequence(): u64 {
    return load<u64>(this.superblock, Superblock.Sequence);
  }

  /** Where the signed part of the superblock (SIGNED_BYTES, a copy) is, to verify a signature over it. */
  get signedPart(): usize {
    return this.superblock;
  }

  get signatureKind(): SignatureKind {
    return load<u32>(this.superblock, Superblock.SignatureKind);
  }

  /** Where the 32 bytes that name the signing key are. */
  get keyId(): usize {
    return this.superblock + <usize>Superblock.KeyId;
  }

  /** Where the 64 bytes of the signature are. */
  get signature(): usize {
    return this.superblock + <usize>Superblock.Signature;
  }

  /**
   * Stores the image's digest, SHA-256 of the superblock's signed part, at `target`. As the root hash is in it,
   * two images with one digest have the same contents, byte for byte.
   */
  digest(target: usize): void {
    this.sha.begin().update(this.signedPart, SIGNED_BYTES).finish(target);
  }

  /**
   * Holds 4096 bytes at `address` against the hash tree. For a cache, on memory that only the caller can write. The
   * source may be asked for tree blocks meanwhile; `prepare` does that beforehand.
   */
  verify(block: u32, address: usize): ImageError {
    const error = this.tree.verify(block, address);
    if (error === ImageError.None) return error;
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
    const verifiedHere = this.blocksAreVerified === 0;
    if (verifiedHere && this.prepare(block) !== ImageError.None) return 0;
    const address = this.verified(block);
    if (address === 0) {
      // Either the block could not be read, or `verified` asked `verify`, and that has said why.
      if (this.failure === ImageError.None) this.refuseBlock(ImageError.Io, block);
      return 0;
    }
    if (verifiedHere && this.verify(block, address) !== ImageError.None) return 0;
    return address;
  }

  /**
   * Makes entry `index` the picked one, which the getters below speak of. Its bounds are checked each time, so
   * its path and blocks can be used whether or not the whole index was checked.
   */
  pick(index: u32): ImageError {
    this.picked = NO_ENTRY;
    if (index >= this.entries) return this.refuseEntry(ImageError.EntryOutside, index);
    const offset = index * ENTRY_BYTES;
    const held = this.holdIndex(this.indexStart + offset / BLOCK_BYTES);
    if (held === 0) return this.failIn(index);
    memory.copy(this.entry, held + <usize>(offset % BLOCK_BYTES), <usize>ENTRY_BYTES);

    const length = this.pathLength;
    if (length === 0) return this.refuseEntry(ImageError.PathEmpty, index);
    if (length > PATH_BYTES_MAX) return this.refuseEntry(ImageError.PathTooLong, index);
    const start = this.pathOffset;
    if (start > this.stringCount || this.stringCount - start < length) {
      return this.refuseEntry(ImageError.PathOffset, index);
    }
    const dataBytes = (this.treeStart - this.dataStart) * BLOCK_BYTES;
    const byteLength = load<u64>(this.entry, Entry.ByteLength);
    const first = this.firstBlock;
    if (byteLength > <u64>dataBytes || first < this.dataStart || first > this.treeStart) {
      return this.refuseEntry(ImageError.BlobOutside, index);
    }
    if (blocksFor(<u32>byteLength) > this.treeStart - first) {
      return this.refuseEntry(ImageError.BlobOutside, index);
    }
    if (!this.copyPath(start, length)) return this.failIn(index);
    this.picked = index;
    return ImageError.None;
  }

  /** Which entry is picked; NO_ENTRY if the last `pick` was refused. */
  get pickedEntry(): u32 {
    return this.picked;
  }

  /** Where the picked entry's path is (a copy): `pathLength` bytes. */
  get path(): usize {
    return changetype<usize>(this) + PATH_AT;
  }

  /** Room for a path that index.ts searches for: 256 bytes. */
  get searchKey(): usize {
    return changetype<usize>(this) + KEY_AT;
  }

  get pathLength(): u32 {
    return load<u32>(this.entry, Entry.PathLength);
  }

  get pathOffset(): u32 {
    return load<u32>(this.entry, Entry.PathOffset);
  }

  /** The picked file's first block. It has blocksFor(byteLength) of them. */
  get firstBlock(): u32 {
    return load<u32>(this.entry, Entry.FirstBlock);
  }

  /** Bytes of the picked file. */
  get byteLength(): u32 {
    return <u32>load<u64>(this.entry, Entry.ByteLength);
  }

  /** Where the SHA-256 of the picked file's content is: 32 bytes. */
  get contentHash(): usize {
    return this.entry + <usize>Entry.Hash;
  }

  /** The picked entry's 64 bytes as they are in the index (a copy). */
  get entry(): usize {
    return changetype<usize>(this) + ENTRY_AT;
  }

  /** Index block `block`, held and verified; 0 if it was refused. */
  holdIndex(block: u32): usize {
    const held = changetype<usize>(this) + INDEX_AT;
    if (this.heldIndexBlock === block) return held;
    this.heldIndexBlock = NO_BLOCK;
    if (!this.hold(block, held)) return 0;
    this.heldIndexBlock = block;
    return held;
  }

  /** Block `index` of the string table, held and verified; 0 if it was refused. */
  holdStrings(index: u32): usize {
    const held = changetype<usize>(this) + STRINGS_AT;
    const block = this.stringStart + index;
    if (this.heldStringBlock === block) return held;
    this.heldStringBlock = NO_BLOCK;
    if (!this.hold(block, held)) return 0;
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

  /** Forgets the last refusal: what follows starts anew. */
  clearError(): void {
    this.refuseBlock(ImageError.None, 0);
  }

  /** The block could not be had while entry `index` was read: says so, and gives the reason back. */
  private failIn(index: u32): ImageError {
    this.failedEntry = index;
    return this.failure;
  }

  private openWith(source: BlockSource, verified: BlockSource, blocksAvailable: u32): ImageError {
    this.raw = source;
    this.verified = verified;
    this.heldIndexBlock = NO_BLOCK;
    this.heldStringBlock = NO_BLOCK;
    this.picked = NO_ENTRY;
    this.blocks = 0;
    this.entries = 0;
    this.indexStart = 0;
    this.treeStart = 0;
    this.clearError();
    if (blocksAvailable === 0) return this.refuseBlock(ImageError.Truncated, 0);
    const block = this.raw(0);
    if (block === 0) return this.refuseBlock(ImageError.Io, 0);

    memory.copy(this.superblock, block, <usize>SUPERBLOCK_BYTES);
    const restIsZero = isZero(block + <usize>SUPERBLOCK_BYTES, BLOCK_BYTES - SUPERBLOCK_BYTES);
    const error = superblockError(this.superblock, restIsZero, blocksAvailable);
    if (error !== ImageError.None) return this.refuseBlock(error, 0);
    if (!this.checksumHolds(this.superblock)) return this.refuseBlock(ImageError.SuperblockHash, 0);
    return this.adopt(this.superblock);
  }

  /** The superblock's own hash finds what is damaged; that it is the right superblock, only its digest says. */
  private checksumHolds(superblock: usize): bool {
    this.sha
      .begin()
      .update(superblock, <u32>Superblock.Checksum)
      .finish(this.searchKey);
    return memory.compare(this.searchKey, superblock + <usize>Superblock.Checksum, <usize>HASH_BYTES) === 0;
  }

  /** Takes over the fields of a superblock that was checked, and the tree that they describe. */
  private adopt(superblock: usize): ImageError {
    const treeStart = load<u32>(superblock, Superblock.TreeBlock);
    this.tree.begin(this.raw, treeStart, superblock + <usize>Superblock.RootHash);
    const treeHolds =
      this.tree.blockCount === load<u32>(superblock, Superblock.TreeBlockCount) &&
      this.tree.levels === load<u32>(superblock, Superblock.TreeLevels);
    if (!treeHolds) return this.refuseBlock(ImageError.TreeRegion, 0);
    this.blocks = load<u32>(superblock, Superblock.BlockCount);
    this.entries = load<u32>(superblock, Superblock.EntryCount);
    this.indexStart = load<u32>(superblock, Superblock.IndexBlock);
    this.stringStart = load<u32>(superblock, Superblock.StringBlock);
    this.stringCount = load<u32>(superblock, Superblock.StringBytes);
    this.dataStart = load<u32>(superblock, Superblock.DataBlock);
    this.treeStart = treeStart;
    return ImageError.None;
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
    const verifiedHere = this.blocksAreVerified === 0;
    const address = verifiedHere ? this.raw(block) : this.block(block);
    if (address === 0) {
      if (verifiedHere) this.refuseBlock(ImageError.Io, block);
      return false;
    }
    memory.copy(target, address, <usize>BLOCK_BYTES);
    return !verifiedHere || this.verify(block, target) === ImageError.None;
  }

  /** Copies a path out of the string table, where it may lie across two blocks. */
  private copyPath(start: u32, length: u32): bool {
    let copied: u32 = 0;
    while (copied < length) {
      const offset = start + copied;
      const held = this.holdStrings(offset / BLOCK_BYTES);
      if (held === 0) return false;
      const inBlock = offset % BLOCK_BYTES;
      const count = min<u32>(length - copied, BLOCK_BYTES - inBlock);
      memory.copy(this.path + <usize>copied, held + <usize>inBlock, <usize>count);
      copied += count;
    }
    return true;
  }

  private get superblock(): usize {
    return changetype<usize>(this) + SUPERBLOCK_AT;
  }

  /** A SHA-256 of the image's own, beside the tree's; content.ts uses it too. */
  get sha(): Sha256 {
    return changetype<Sha256>(changetype<usize>(this) + SHA_AT);
  }

  private get tree(): HashTree {
    return changetype<HashTree>(changetype<usize>(this) + TREE_AT);
  }
}

/** How much memory an Image needs, in bytes (8-byte aligned). */
export const IMAGE_STATE_BYTES: u32 = <u32>STRINGS_AT + BLOCK_BYTES;

if (offsetof<Image>() > FIELDS_BYTES) ERROR("Image has outgrown FIELDS_BYTES");
