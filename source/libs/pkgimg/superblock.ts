/**
 * Checks a superblock: every field has the value that it has to have, and all other bytes are zero.
 *
 * The regions follow from three counts (entries, bytes of strings, blocks of data); they are written down so that an
 * image can be read with a hex dump, and each is compared with its computed value.
 */

import { isUtf8, lengthToZero } from "text/bytes";
import {
  BLOCK_BYTES,
  BLOCKS_MAX,
  blocksFor,
  ENTRIES_MAX,
  ENTRY_BYTES,
  IMAGE_MAGIC,
  IMAGE_VERSION,
  IMAGE_VERSION_BEFORE,
  ImageError,
  isZero,
  LABEL_BYTES,
  SIGNED_BYTES,
  SignatureKind,
  SUPERBLOCK_BYTES,
  Superblock,
} from "./format";

/**
 * Checks the first SUPERBLOCK_BYTES of block 0, a copy at `at`. The reader that sets up the tree checks the tree's
 * size.
 *
 * @param restIsZero whether the rest of block 0 was zero
 * @param blocksAvailable how many blocks there are to read
 */
export function superblockError(at: usize, restIsZero: bool, blocksAvailable: u32): ImageError {
  if (load<u64>(at, Superblock.Magic) !== IMAGE_MAGIC) {
    return ImageError.Magic;
  }
  const version = load<u32>(at, Superblock.Version);
  if (version !== IMAGE_VERSION) {
    return version === IMAGE_VERSION_BEFORE ? ImageError.VersionBefore : ImageError.Version;
  }
  if (load<u32>(at, Superblock.BlockBytes) !== BLOCK_BYTES) {
    return ImageError.BlockSize;
  }
  const blocks = load<u32>(at, Superblock.BlockCount);
  if (blocks === 0 || blocks > BLOCKS_MAX) {
    return ImageError.BlockCount;
  }
  if (blocks > blocksAvailable) {
    return ImageError.Truncated;
  }
  if (load<u32>(at, Superblock.Flags) !== 0) {
    return ImageError.Flags;
  }
  const regions = regionsError(at, blocks);
  if (regions !== ImageError.None) {
    return regions;
  }
  if (!labelHolds(at + <usize>Superblock.Label)) {
    return ImageError.Label;
  }
  return signatureError(at, restIsZero);
}

/** Index from block 1 on, then strings, data and tree, each from where the one before ends; the tree to the end. */
function regionsError(at: usize, blocks: u32): ImageError {
  const entries = load<u32>(at, Superblock.EntryCount);
  if (entries === 0 || entries > ENTRIES_MAX) {
    return ImageError.EntryCount;
  }
  const indexBlocks = blocksFor(entries * ENTRY_BYTES);
  if (
    load<u32>(at, Superblock.IndexBlock) !== 1 ||
    load<u32>(at, Superblock.IndexBlockCount) !== indexBlocks
  ) {
    return ImageError.IndexRegion;
  }

  const stringStart = 1 + indexBlocks;
  const stringBytes = load<u32>(at, Superblock.StringBytes);
  if (load<u32>(at, Superblock.StringBlock) !== stringStart) {
    return ImageError.StringRegion;
  }
  if (stringBytes === 0 || stringBytes > BLOCKS_MAX * BLOCK_BYTES) {
    return ImageError.StringRegion;
  }

  // Every part is at most BLOCKS_MAX (or ENTRIES_MAX) by now, so the sums stay far below 2^32.
  const dataStart = stringStart + blocksFor(stringBytes);
  const dataBlocks = load<u32>(at, Superblock.DataBlockCount);
  if (load<u32>(at, Superblock.DataBlock) !== dataStart) {
    return ImageError.DataRegion;
  }
  if (dataBlocks > BLOCKS_MAX) {
    return ImageError.DataRegion;
  }

  const treeStart = dataStart + dataBlocks;
  const treeBlocks = load<u32>(at, Superblock.TreeBlockCount);
  if (load<u32>(at, Superblock.TreeBlock) !== treeStart || treeBlocks > BLOCKS_MAX) {
    return ImageError.TreeRegion;
  }
  if (treeStart + treeBlocks !== blocks) {
    return ImageError.TreeRegion;
  }
  return ImageError.None;
}

/** UTF-8 up to the first zero byte, zeros behind it. An empty label is one. */
function labelHolds(label: usize): bool {
  const length = lengthToZero(label, LABEL_BYTES);
  return isUtf8(label, length) && isZero(label + <usize>length, LABEL_BYTES - length);
}

/** Whether signature bytes are there only with a signature, and every byte without a meaning is zero. */
function signatureError(at: usize, restIsZero: bool): ImageError {
  if (!isZero(at + <usize>Superblock.SignedReserved, SIGNED_BYTES - <u32>Superblock.SignedReserved)) {
    return ImageError.SuperblockPadding;
  }
  const kind = load<u32>(at, Superblock.SignatureKind);
  if (kind !== SignatureKind.None && kind !== SignatureKind.Ed25519) {
    return ImageError.SignatureKind;
  }
  if (load<u32>(at, Superblock.SignatureReserved) !== 0) {
    return ImageError.SuperblockPadding;
  }
  const signatureBytes = <u32>Superblock.Reserved - <u32>Superblock.KeyId;
  if (kind === SignatureKind.None && !isZero(at + <usize>Superblock.KeyId, signatureBytes)) {
    return ImageError.SignatureUnused;
  }
  const tailIsZero = isZero(at + <usize>Superblock.Reserved, SUPERBLOCK_BYTES - <u32>Superblock.Reserved);
  return tailIsZero && restIsZero ? ImageError.None : ImageError.SuperblockPadding;
}
