/**
 * A package image, opened: its superblock checked, its blocks read and verified, its entries picked one by one.
 *
 * An Image is a view over IMAGE_STATE_BYTES of the caller's memory. It reads through functions that the caller gives:
 * from a file in memory, from a sector cache, from the disk. It decides only on copies of its own: the superblock, the
 * picked entry, and one block each of index and strings are copied first, then hashed.
 *
 *     if (image.open(readBlock, blocksOnDisk) !== ImageError.None) …       one block is read
 *     if (checkIndex(image) !== ImageError.None) …                         index.ts: once, when mounting
 *     const entry = find(image, path, length);                             index.ts
 *     if (image.pick(entry) === ImageError.None) image.block(image.byteOffset / BLOCK_BYTES) …
 *
 * Used by packagefsd's mount.ts, by nexus-init for the boot bundle, and by the host's tools as Wasm.
 */

import { BLAKE2B_STATE_BYTES, Blake2b } from "blake2b/blake2b";
import { lengthToZero } from "text/bytes";
import { BLOCKS_END, FIELDS_BYTES, ImageBlocks } from "./blocks";
import {
  BLOCK_BYTES,
  BLOCKS_MAX,
  CLUSTER_ENTRY_BYTES,
  clusterCount,
  ENTRY_BYTES,
  Entry,
  HASH_BYTES,
  ImageError,
  isZero,
  LABEL_BYTES,
  NO_ENTRY,
  PATH_BYTES_MAX,
  SIGNED_BYTES,
  SignatureKind,
  SUPERBLOCK_BYTES,
  Superblock,
} from "./format";
import { superblockError } from "./superblock";
import { BlockSource } from "./verify";

export { NO_ENTRY } from "./format";

/** Where each held thing is, behind what ImageBlocks holds. */
const SUPERBLOCK_AT: usize = BLOCKS_END;
const ENTRY_AT: usize = SUPERBLOCK_AT + <usize>SUPERBLOCK_BYTES;
const PATH_AT: usize = ENTRY_AT + <usize>ENTRY_BYTES;
const KEY_AT: usize = PATH_AT + 256;
const HASHER_AT: usize = KEY_AT + 256;

/**
 *     0                   512     576    832          1088            (from BLOCKS_END on)
 *     | superblock        | entry | path | search key | BLAKE2b state |
 */
@unmanaged
@final
export class Image extends ImageBlocks {
  private picked: u32;

  // From the superblock, checked.
  private blocks: u32;
  private entries: u32;
  private stringCount: u32;

  /**
   * Reads and checks the superblock of an image whose blocks are verified here, each time they are read.
   *
   * @param source gives blocks as they are
   * @param blocksAvailable how many there are, for example the disk's size
   */
  open(source: BlockSource, blocksAvailable: u32): ImageError {
    this.begin(source, source, true);
    return this.readAndJudge(blocksAvailable);
  }

  /**
   * The same for a caller with a cache: contents come from `verified`, which has to check each block with `verify`
   * before it gives it, and may then give it again without a check. The superblock and the tree come from `source`.
   */
  openCached(source: BlockSource, verified: BlockSource, blocksAvailable: u32): ImageError {
    this.begin(source, verified, false);
    return this.readAndJudge(blocksAvailable);
  }

  /** Blocks in the image, superblock and tree included. */
  get blockCount(): u32 {
    return this.blocks;
  }

  /** Files in the image. */
  get entryCount(): u32 {
    return this.entries;
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
   * Stores the image's digest, the hash of the superblock's signed part, at `target`. As the root hash is in it,
   * two images with one digest have the same contents, byte for byte.
   */
  digest(target: usize): void {
    this.hasher.begin().update(this.signedPart, SIGNED_BYTES).finish(target, HASH_BYTES);
  }

  /**
   * Makes entry `index` the picked one, which the getters below describe. Its bounds are checked each time, so its path
   * and content can be used whether or not the whole index was checked.
   */
  pick(index: u32): ImageError {
    this.picked = NO_ENTRY;
    if (index >= this.entries) {
      return this.refuseEntry(ImageError.EntryOutside, index);
    }
    const place = index * ENTRY_BYTES;
    const held = this.holdIndex(this.indexStart + place / BLOCK_BYTES);
    if (held === 0) {
      return this.failIn(index);
    }
    memory.copy(this.entry, held + <usize>(place % BLOCK_BYTES), <usize>ENTRY_BYTES);

    const length = this.pathLength;
    if (length === 0) {
      return this.refuseEntry(ImageError.PathEmpty, index);
    }
    if (length > PATH_BYTES_MAX) {
      return this.refuseEntry(ImageError.PathTooLong, index);
    }
    const start = this.pathOffset;
    if (start > this.stringCount || this.stringCount - start < length) {
      return this.refuseEntry(ImageError.PathOffset, index);
    }
    const dataEnd = this.treeStart * BLOCK_BYTES;
    const offset = this.byteOffset;
    if (offset < this.dataStart * BLOCK_BYTES || offset > dataEnd) {
      return this.refuseEntry(ImageError.BlobOutside, index);
    }
    let bytes = load<u64>(this.entry, Entry.ByteLength);
    const stored = load<u64>(this.entry, Entry.StoredLength);
    if (stored !== 0) {
      if (!storedLengthHolds(bytes, stored)) {
        return this.refuseEntry(ImageError.StoredLength, index);
      }
      bytes = stored;
    }
    if (bytes > <u64>(dataEnd - offset)) {
      return this.refuseEntry(ImageError.BlobOutside, index);
    }
    if (!this.copyPath(start, length)) {
      return this.failIn(index);
    }
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

  /** Where the picked file begins in the image, in bytes; its `storedBytes` bytes lie one after another. */
  get byteOffset(): u32 {
    return load<u32>(this.entry, Entry.ByteOffset);
  }

  /** Bytes of the picked file. */
  get byteLength(): u32 {
    return <u32>load<u64>(this.entry, Entry.ByteLength);
  }

  /** Whether the picked file is compressed: then clusters.ts reads it. */
  get isCompressed(): bool {
    return load<u64>(this.entry, Entry.StoredLength) !== 0;
  }

  /** Bytes that the picked file takes in the image: its own, if it is not compressed. */
  get storedBytes(): u32 {
    const stored = <u32>load<u64>(this.entry, Entry.StoredLength);
    return stored === 0 ? this.byteLength : stored;
  }

  /** Where the hash of the picked file's content is: 32 bytes. */
  get contentHash(): usize {
    return this.entry + <usize>Entry.Hash;
  }

  /** The picked entry's 64 bytes as they are in the index (a copy). */
  get entry(): usize {
    return changetype<usize>(this) + ENTRY_AT;
  }

  private readAndJudge(blocksAvailable: u32): ImageError {
    this.picked = NO_ENTRY;
    this.blocks = 0;
    this.entries = 0;
    if (blocksAvailable === 0) {
      return this.refuseBlock(ImageError.NoBlock, 0);
    }
    const block = this.readSuperblock();
    if (block === 0) {
      return this.refuseBlock(ImageError.Io, 0);
    }

    memory.copy(this.superblock, block, <usize>SUPERBLOCK_BYTES);
    const restIsZero = isZero(block + <usize>SUPERBLOCK_BYTES, BLOCK_BYTES - SUPERBLOCK_BYTES);
    const error = superblockError(this.superblock, restIsZero, blocksAvailable);
    if (error !== ImageError.None) {
      return this.refuseBlock(error, 0);
    }
    if (!this.checksumHolds(this.superblock)) {
      return this.refuseBlock(ImageError.SuperblockHash, 0);
    }
    return this.adopt(this.superblock);
  }

  /** The superblock's own hash finds damage. Only its digest tells whether it is the right superblock. */
  private checksumHolds(superblock: usize): bool {
    this.hasher
      .begin()
      .update(superblock, <u32>Superblock.Checksum)
      .finish(this.searchKey, HASH_BYTES);
    return memory.compare(this.searchKey, superblock + <usize>Superblock.Checksum, <usize>HASH_BYTES) === 0;
  }

  /** Takes over the fields of a superblock that was checked, and the tree that they describe. */
  private adopt(superblock: usize): ImageError {
    this.place(
      load<u32>(superblock, Superblock.IndexBlock),
      load<u32>(superblock, Superblock.StringBlock),
      load<u32>(superblock, Superblock.DataBlock),
      load<u32>(superblock, Superblock.TreeBlock),
      superblock + <usize>Superblock.RootHash,
    );
    const treeHolds =
      this.tree.blockCount === load<u32>(superblock, Superblock.TreeBlockCount) &&
      this.tree.levels === load<u32>(superblock, Superblock.TreeLevels);
    if (!treeHolds) {
      return this.refuseBlock(ImageError.TreeRegion, 0);
    }
    this.blocks = load<u32>(superblock, Superblock.BlockCount);
    this.entries = load<u32>(superblock, Superblock.EntryCount);
    this.stringCount = load<u32>(superblock, Superblock.StringBytes);
    return ImageError.None;
  }

  /** Copies a path out of the string table, where it may lie across two blocks. */
  private copyPath(start: u32, length: u32): bool {
    let copied: u32 = 0;
    while (copied < length) {
      const offset = start + copied;
      const held = this.holdStrings(offset / BLOCK_BYTES);
      if (held === 0) {
        return false;
      }
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

  /** A BLAKE2b of the image's own, beside the tree's; content.ts uses it too. */
  get hasher(): Blake2b {
    return changetype<Blake2b>(changetype<usize>(this) + HASHER_AT);
  }
}

/** Whether a file of `bytes` may take `stored` bytes as a compressed one: fewer, but more than its table. */
function storedLengthHolds(bytes: u64, stored: u64): bool {
  return (
    bytes <= <u64>BLOCKS_MAX * BLOCK_BYTES &&
    stored < bytes &&
    stored > <u64>clusterCount(<u32>bytes) * CLUSTER_ENTRY_BYTES
  );
}

/** How much memory an Image needs, in bytes (8-byte aligned). */
export const IMAGE_STATE_BYTES: u32 = <u32>HASHER_AT + BLAKE2B_STATE_BYTES;

if (offsetof<Image>() > FIELDS_BYTES) {
  ERROR("Image has outgrown FIELDS_BYTES");
}
