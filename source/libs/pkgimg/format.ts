/**
 * The package image as bytes (docs/storage/package-image.md), its limits, and every way to refuse one.
 *
 *     block 0      1            …              …            …              end
 *     | superblock | index      | strings      | data       | hash tree    |
 *                  64 B/entry    paths, packed   files, small hashes of all between the superblock and itself,
 *                                in index order  ones packed  its nodes 128 hashes wide
 *
 * Little-endian; all in blocks of 4 KiB. A given list of files has exactly one image: the format leaves no choice, and
 * all unused bytes are zero. host/pkgimg writes it.
 */

/** "NXPKGIMG" as a little-endian doubleword. */
export const IMAGE_MAGIC: u64 = 0x474d49474b50584e;

export const IMAGE_VERSION: u32 = 2;

/** The format before this one, with SHA-256 and a block for each file. It is refused, in words of its own. */
export const IMAGE_VERSION_BEFORE: u32 = 1;

/** Bytes of a block: what is read, hashed and verified as one. */
export const BLOCK_BYTES: u32 = 4096;

/** Blocks in an image: 1 GiB, so that any byte offset in it fits a u32. */
export const BLOCKS_MAX: u32 = 0x4_0000;

/** Files in an image. */
export const ENTRIES_MAX: u32 = 0x2_0000;

/** Bytes of one entry of the index. */
export const ENTRY_BYTES: u32 = 64;

/** Bytes of a path. */
export const PATH_BYTES_MAX: u32 = 255;

/** Parts of a path, the file's name among them. */
export const PATH_PARTS_MAX: u32 = 16;

/** Bytes of a hash: the first half of BLAKE2b-512. */
export const HASH_BYTES: u32 = 32;

/** What the byte offset of a file is a multiple of, so that what needs aligned words can be used where it lies. */
export const FILE_ALIGN: u32 = 8;

/** Bytes of a cluster: so much of a compressed file is decompressed as one. The last one of a file may be shorter. */
export const CLUSTER_BYTES: u32 = 16384;
export const CLUSTER_SHIFT: u32 = 14;

/** Bytes of a cluster's place in the table before the clusters. */
export const CLUSTER_ENTRY_BYTES: u32 = 4;

/** Hashes in a block of the tree. */
export const FANOUT: u32 = BLOCK_BYTES / HASH_BYTES;

/** Levels of the tree: 128^3 is more than BLOCKS_MAX. */
export const LEVELS_MAX: u32 = 3;

/** The superblock's first bytes are what a signature signs; those before SUPERBLOCK_BYTES have a meaning. */
export const SIGNED_BYTES: u32 = 256;
export const SUPERBLOCK_BYTES: u32 = 512;

/** Bytes of the image's name, padded with zeros. */
export const LABEL_BYTES: u32 = 32;

/** No such entry. */
export const NO_ENTRY: u32 = 0xffff_ffff;

/** Offsets in the superblock; u32 unless another type is given. */
export const enum Superblock {
  /** u64 */
  Magic = 0,
  Version = 8,
  BlockBytes = 12,
  BlockCount = 16,
  Flags = 20,
  EntryCount = 24,
  IndexBlock = 28,
  IndexBlockCount = 32,
  StringBlock = 36,
  StringBytes = 40,
  DataBlock = 44,
  DataBlockCount = 48,
  TreeBlock = 52,
  TreeBlockCount = 56,
  TreeLevels = 60,
  /** 32 bytes */
  RootHash = 64,
  /** 32 bytes of UTF-8, padded with zeros */
  Label = 96,
  /** u64: which of two images of one label is the newer, as its signer counts */
  Sequence = 128,
  /** 32 bytes: hash of all before it. It finds damage; a forger would recompute it */
  Checksum = 136,
  /** zero up to SIGNED_BYTES */
  SignedReserved = 168,
  SignatureKind = 256,
  SignatureReserved = 260,
  /** 32 bytes */
  KeyId = 264,
  /** 64 bytes */
  Signature = 296,
  /** zero up to the end of the block */
  Reserved = 360,
}

/** Offsets in an entry of the index. */
export const enum Entry {
  PathOffset = 0,
  PathLength = 4,
  /** Where the file begins in the image, in bytes: `fileStart` */
  ByteOffset = 8,
  Flags = 12,
  /** u64: of the file, whether it is compressed or not */
  ByteLength = 16,
  /** u64: bytes that a compressed file takes in the image; 0 for one that is stored as it is */
  StoredLength = 24,
  /** 32 bytes: hash of the file */
  Hash = 32,
}

/** How the superblock is signed. */
export const enum SignatureKind {
  None = 0,
  Ed25519 = 1,
}

/** Why an image, or a request about it, was refused. `Image.errorBlock` and `errorEntry` say where. */
export const enum ImageError {
  None,
  // Asking for something
  Io,
  BlockOutside,
  EntryOutside,
  // Superblock
  Magic,
  Version,
  BlockSize,
  BlockCount,
  Truncated,
  Flags,
  EntryCount,
  IndexRegion,
  StringRegion,
  DataRegion,
  TreeRegion,
  Label,
  SignatureKind,
  SignatureUnused,
  SuperblockPadding,
  SuperblockHash,
  // Trust
  Unsigned,
  UnknownKey,
  SignatureWrong,
  SignatureNotWanted,
  OtherDigest,
  // Hash tree
  TreeHash,
  TreePadding,
  IndexHash,
  StringHash,
  DataHash,
  // Index
  EntryReserved,
  PathOffset,
  PathEmpty,
  PathTooLong,
  PathUtf8,
  PathControl,
  PathPartEmpty,
  PathPartDot,
  PathDepth,
  PathOrder,
  PathTwice,
  PathThroughFile,
  BlobOverlap,
  BlobPlace,
  BlobOutside,
  StringUnused,
  DataUnused,
  IndexPadding,
  StringPadding,
  // Content
  ContentHash,
  ContentPadding,
  // Found later. An audit record has the number of an error, so those above keep theirs.
  /** The medium is smaller than one block. */
  NoBlock,
  /** The image has the format before this one. */
  VersionBefore,
  /** A compressed file takes more bytes than it may, or fewer than its table. */
  StoredLength,
  /** A cluster is not where it has to be, or does not become the bytes that it has to be. */
  Cluster,
  /** The image is older than one that was mounted before, or than the build accepts. */
  RolledBack,
}

/** The refusal in words. */
export function imageErrorText(error: ImageError): string {
  switch (error) {
    case ImageError.None:
      return "no error";
    case ImageError.Io:
      return "block could not be read";
    case ImageError.BlockOutside:
      return "block is outside the image";
    case ImageError.EntryOutside:
      return "entry is outside the index";
    case ImageError.Magic:
      return "not a package image";
    case ImageError.VersionBefore:
      return "written in format 1, which is no longer read: build it again (./nx image build)";
    case ImageError.Version:
      return "unknown version";
    case ImageError.BlockSize:
      return "block size is not 4096";
    case ImageError.BlockCount:
      return "block count is zero or over the limit";
    case ImageError.Truncated:
      return "image is longer than its disk or file";
    case ImageError.Flags:
      return "unknown flags";
    case ImageError.EntryCount:
      return "entry count is zero or over the limit";
    case ImageError.IndexRegion:
      return "index is not where it has to be";
    case ImageError.StringRegion:
      return "string table is not where it has to be";
    case ImageError.DataRegion:
      return "data is not where it has to be";
    case ImageError.TreeRegion:
      return "hash tree is not where it has to be";
    case ImageError.Label:
      return "label is not UTF-8 padded with zeros";
    case ImageError.SignatureKind:
      return "unknown kind of signature";
    case ImageError.SignatureUnused:
      return "signature bytes without a signature";
    case ImageError.SuperblockPadding:
      return "unused bytes of the superblock are not zero";
    case ImageError.SuperblockHash:
      return "superblock does not match its hash";
    case ImageError.Unsigned:
      return "not signed";
    case ImageError.UnknownKey:
      return "signed by a key that is not trusted";
    case ImageError.SignatureWrong:
      return "signature does not verify";
    case ImageError.SignatureNotWanted:
      return "signed, but the image of this build is not";
    case ImageError.OtherDigest:
      return "not the image of this build";
    case ImageError.TreeHash:
      return "hash tree does not match its root";
    case ImageError.TreePadding:
      return "unused bytes of the hash tree are not zero";
    case ImageError.IndexHash:
      return "index does not match its hash";
    case ImageError.StringHash:
      return "string table does not match its hash";
    case ImageError.DataHash:
      return "data does not match its hash";
    case ImageError.EntryReserved:
      return "unused bytes of the entry are not zero";
    case ImageError.PathOffset:
      return "path does not follow the one before it in the string table";
    case ImageError.PathEmpty:
      return "path is empty";
    case ImageError.PathTooLong:
      return "path is too long";
    case ImageError.PathUtf8:
      return "path is not UTF-8";
    case ImageError.PathControl:
      return "path has a control character";
    case ImageError.PathPartEmpty:
      return "path has an empty part (a slash at its start or end, or two in a row)";
    case ImageError.PathPartDot:
      return "path has a part that is '.' or '..'";
    case ImageError.PathDepth:
      return "path has too many parts";
    case ImageError.PathOrder:
      return "paths are not in order";
    case ImageError.PathTwice:
      return "path is there twice";
    case ImageError.PathThroughFile:
      return "path leads through a file";
    case ImageError.BlobOverlap:
      return "file overlaps the one before it";
    case ImageError.BlobPlace:
      return "file is not where it has to be behind the one before it";
    case ImageError.BlobOutside:
      return "file reaches outside the data";
    case ImageError.StringUnused:
      return "string table is longer than its paths";
    case ImageError.DataUnused:
      return "data is longer than its files";
    case ImageError.IndexPadding:
      return "unused bytes of the index are not zero";
    case ImageError.StringPadding:
      return "unused bytes of the string table are not zero";
    case ImageError.ContentHash:
      return "file does not match its hash";
    case ImageError.ContentPadding:
      return "unused bytes behind the file are not zero";
    case ImageError.StoredLength:
      return "compressed file is as long as it would be without, or shorter than its table";
    case ImageError.Cluster:
      return "compressed file cannot be decompressed";
    case ImageError.RolledBack:
      return "older than one that was mounted before, or than this build accepts";
    case ImageError.NoBlock:
      return "its disk or file is smaller than one block of 4096 bytes";
    default:
      return "unknown error";
  }
}

/** How many blocks so many bytes take; for bytes up to 1 GiB. */
export function blocksFor(bytes: u32): u32 {
  return (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES;
}

/** How many clusters so many bytes have; for bytes up to 1 GiB. */
export function clusterCount(bytes: u32): u32 {
  return (bytes + CLUSTER_BYTES - 1) >> CLUSTER_SHIFT;
}

/**
 * Where a file begins, in bytes, behind one that ends at `end`. It goes into the rest of a block if it fits, and begins
 * on a block of its own otherwise. So a file of up to a block lies in one block, and a larger one wastes none.
 */
export function fileStart(end: u32, storedBytes: u32): u32 {
  const start = (end + FILE_ALIGN - 1) & ~(FILE_ALIGN - 1);
  const inBlock = start % BLOCK_BYTES;
  return inBlock === 0 || storedBytes <= BLOCK_BYTES - inBlock ? start : start - inBlock + BLOCK_BYTES;
}

/** Whether `length` bytes at `start` are all zero. */
export function isZero(start: usize, length: u32): bool {
  for (let index: u32 = 0; index < length; index += 1) {
    if (load<u8>(start + <usize>index) !== 0) {
      return false;
    }
  }
  return true;
}
