// The bytes of a package image (docs/storage/package-image.md).
//
// An image is written from front to back in one pass over the files. The place of each part follows from the files' sizes, so
// the data goes directly to its place, and only a hash for each 4 KiB is kept in memory. Index, tree and superblock have the
// hashes, and are written last. The image does not depend on the host: it has no times, no owners and no order of a directory.
//
// source/libs/pkgimg reads these bytes, and all numbers come from its format.ts. Tests compare the two.

import type { Hash } from "node:crypto";
import {
  BLOCK_BYTES,
  ENTRY_BYTES,
  Entry,
  HASH_BYTES,
  IMAGE_MAGIC,
  IMAGE_VERSION,
  LABEL_BYTES,
  Superblock,
} from "../../build/gen/host/source/libs/pkgimg/format.ts";
import { Problem } from "../problem.ts";
import { BlockWriter } from "./blocks.ts";
import {
  type ClusterTable,
  clustersOf,
  storedBytes,
  storedCluster,
  tableBytes,
  tableOf,
} from "./clusters.ts";
import { beginHash, endHash, imageHash } from "./hash.ts";
import type { BuiltImage, ImageFile, ImageOptions, ImageSource, ImageTarget } from "./image.ts";
import { inOrder } from "./order.ts";
import { blocksFor, type Places, placesOf } from "./places.ts";
import { imageDigest, sealSuperblock, signSuperblock } from "./sign.ts";

/** Progress is reported after this many bytes. */
const PROGRESS_BYTES = 1 << 20;

/**
 * Writes the image of `sources`, which may be in any order.
 *
 * @throws Problem if a path is not allowed or appears twice, or if there is too much
 */
export function writeImage(
  target: ImageTarget,
  sources: readonly ImageSource[],
  options: ImageOptions = {},
): BuiltImage {
  const content = contentOf(inOrder(sources), options);
  return writeOrdered(target, content, placesOf(content.files, content.storedBytes), options);
}

/** The image of files that are in memory. */
export function buildImage(files: readonly ImageFile[], options: ImageOptions = {}): Uint8Array {
  const sources = inOrder(
    files.map(({ path, content }) => ({ path, byteLength: content.length, read: () => [content] })),
  );
  const content = contentOf(sources, options);
  const places = placesOf(content.files, content.storedBytes);
  const image = new Uint8Array(places.blockCount * BLOCK_BYTES);
  writeOrdered({ write: (offset, bytes) => image.set(bytes, offset) }, content, places, options);
  return image;
}

/** The files in the image's order, and how they are stored. */
interface Content {
  readonly files: readonly ImageSource[];
  /** The tables of the compressed files, by the files' numbers. */
  readonly tables: ReadonlyMap<number, ClusterTable>;
  /** Bytes that a file takes in the image. */
  storedBytes(number: number): number;
}

function contentOf(files: readonly ImageSource[], { compress = false }: ImageOptions): Content {
  const tables = new Map<number, ClusterTable>();
  for (const [number, source] of compress ? files.entries() : []) {
    const table = tableOf(source);
    if (table !== undefined) {
      tables.set(number, table);
    }
  }
  const bytesOf = (number: number): number => {
    const table = tables.get(number);
    return table === undefined ? (files[number]?.byteLength ?? 0) : storedBytes(table);
  };
  return { files, tables, storedBytes: bytesOf };
}

function writeOrdered(
  target: ImageTarget,
  content: Content,
  places: Places,
  options: ImageOptions,
): BuiltImage {
  const { files } = content;
  // By block number. Block 0 has no hash.
  const hashes = Buffer.alloc(places.treeBlock * HASH_BYTES);
  const index = writeData(target, hashes, content, places, reporter(files, options));
  writeRegion(target, hashes, 1, index);
  writeRegion(target, hashes, places.stringBlock, Buffer.from(files.map(({ path }) => path).join("")));
  const root = writeTree(target, places, hashes.subarray(HASH_BYTES));
  const superblock = superblockOf(places, files.length, root, options);
  target.write(0, superblock);
  return { blockCount: places.blockCount, entryCount: files.length, digest: imageDigest(superblock) };
}

/** Writes all files. Returns the index, which has the hash of each. */
function writeData(
  target: ImageTarget,
  hashes: Buffer,
  { files, tables }: Content,
  places: Places,
  report: (byteCount: number) => void,
): Buffer {
  const index = Buffer.alloc(files.length * ENTRY_BYTES);
  const data = new BlockWriter(target, hashes, places.dataBlock, places.dataBlockCount);
  let pathOffset = 0;
  for (const [number, source] of files.entries()) {
    const byteOffset = places.byteOffsets[number] ?? 0;
    const pathLength = Buffer.byteLength(source.path);
    const entry = number * ENTRY_BYTES;
    index.writeUInt32LE(pathOffset, entry + Entry.PathOffset);
    index.writeUInt32LE(pathLength, entry + Entry.PathLength);
    index.writeUInt32LE(byteOffset, entry + Entry.ByteOffset);
    index.writeBigUInt64LE(BigInt(source.byteLength), entry + Entry.ByteLength);
    const table = tables.get(number);
    if (table === undefined) {
      writeContent(source, byteOffset, data, report).copy(index, entry + Entry.Hash);
    } else {
      index.writeBigUInt64LE(BigInt(storedBytes(table)), entry + Entry.StoredLength);
      writeCompressed(source, table, byteOffset, data, report).copy(index, entry + Entry.Hash);
    }
    pathOffset += pathLength;
  }
  data.end();
  return index;
}

/** Writes a file's bytes from `byteOffset` on. Returns their hash. */
function writeContent(
  source: ImageSource,
  byteOffset: number,
  data: BlockWriter,
  report: (byteCount: number) => void,
): Buffer {
  // A small file comes in one piece. Then one call computes its hash.
  let whole: Buffer | undefined;
  let hash: Hash | undefined;
  let byteCount = 0;
  for (const piece of source.read()) {
    if (byteCount + piece.length > source.byteLength) {
      byteCount = Number.POSITIVE_INFINITY;
      break;
    }
    if (piece.length === source.byteLength) {
      whole = imageHash(piece);
    } else {
      hash ??= beginHash();
      hash.update(piece);
    }
    data.put(byteOffset + byteCount, piece);
    byteCount += piece.length;
    report(piece.length);
  }
  if (byteCount !== source.byteLength) {
    throw new Problem(`${JSON.stringify(source.path)} changed its size while it was read`);
  }
  return whole ?? endHash(hash ?? beginHash());
}

/** Writes a file's table and clusters from `byteOffset` on. Returns the hash of the file's content. */
function writeCompressed(
  source: ImageSource,
  table: ClusterTable,
  byteOffset: number,
  data: BlockWriter,
  report: (byteCount: number) => void,
): Buffer {
  const hash = beginHash();
  const head = tableBytes(table);
  data.put(byteOffset, head);
  let end = head.length;
  let number = 0;
  for (const cluster of clustersOf(source)) {
    const stored = storedCluster(cluster);
    if (end + stored.length !== table[number]) {
      break;
    }
    hash.update(cluster);
    data.put(byteOffset + end, stored);
    report(cluster.length);
    end += stored.length;
    number += 1;
  }
  if (number !== table.length) {
    throw new Problem(`${JSON.stringify(source.path)} changed while it was read`);
  }
  return endHash(hash);
}

/** A function to call for each piece that is written. It reports progress after each PROGRESS_BYTES bytes, and at the end. */
function reporter(files: readonly ImageSource[], options: ImageOptions): (byteCount: number) => void {
  const total = files.reduce((sum, { byteLength }) => sum + byteLength, 0);
  let written = 0;
  let told = 0;
  return (byteCount) => {
    written += byteCount;
    if (written - told < PROGRESS_BYTES && written < total) {
      return;
    }
    told = written;
    options.onProgress?.(written, total);
  };
}

/** Writes a region that is in memory. */
function writeRegion(target: ImageTarget, hashes: Buffer, block: number, bytes: Buffer): void {
  const region = new BlockWriter(target, hashes, block, blocksFor(bytes.length));
  region.put(block * BLOCK_BYTES, bytes);
  region.end();
}

/** Writes the tree over the hashes of the blocks from 1 on. Returns its root. */
function writeTree(target: ImageTarget, places: Places, leaves: Buffer): Buffer {
  let block = places.treeBlock;
  let hashes = leaves;
  for (const blockCount of places.levelBlockCounts) {
    const bytes = Buffer.alloc(blockCount * BLOCK_BYTES);
    hashes.copy(bytes);
    target.write(block * BLOCK_BYTES, bytes);
    block += blockCount;
    const above = Buffer.alloc(blockCount * HASH_BYTES);
    for (let index = 0; index < blockCount; index += 1) {
      imageHash(bytes.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES)).copy(
        above,
        index * HASH_BYTES,
      );
    }
    hashes = above;
  }
  return hashes;
}

/** Block 0. */
function superblockOf(places: Places, entryCount: number, root: Buffer, options: ImageOptions): Buffer {
  const label = Buffer.from(options.label ?? "", "utf8");
  if (label.length > LABEL_BYTES || /\p{Cc}/u.test(options.label ?? "")) {
    throw new Problem(
      `the label ${JSON.stringify(options.label)} is longer than ${LABEL_BYTES} bytes, or has a control character`,
    );
  }
  const superblock = Buffer.alloc(BLOCK_BYTES);
  superblock.writeBigUInt64LE(IMAGE_MAGIC, Superblock.Magic);
  const words: readonly (readonly [offset: number, word: number])[] = [
    [Superblock.Version, IMAGE_VERSION],
    [Superblock.BlockBytes, BLOCK_BYTES],
    [Superblock.BlockCount, places.blockCount],
    [Superblock.EntryCount, entryCount],
    [Superblock.IndexBlock, 1],
    [Superblock.IndexBlockCount, places.indexBlockCount],
    [Superblock.StringBlock, places.stringBlock],
    [Superblock.StringBytes, places.stringBytes],
    [Superblock.DataBlock, places.dataBlock],
    [Superblock.DataBlockCount, places.dataBlockCount],
    [Superblock.TreeBlock, places.treeBlock],
    [Superblock.TreeBlockCount, places.blockCount - places.treeBlock],
    [Superblock.TreeLevels, places.levelBlockCounts.length],
  ];
  for (const [offset, word] of words) {
    superblock.writeUInt32LE(word, offset);
  }
  root.copy(superblock, Superblock.RootHash);
  label.copy(superblock, Superblock.Label);
  superblock.writeBigUInt64LE(options.sequence ?? 0n, Superblock.Sequence);
  sealSuperblock(superblock);
  if (options.key) {
    signSuperblock(superblock, options.key);
  }
  return superblock;
}
