// Where everything goes in a package image, and its bytes (docs/storage/package-image.md).
//
// An image is written front to back in one pass over the files: their sizes say where each part is, so the data
// goes straight to its place, and only a hash for each 4 KiB is kept in memory. Index, tree and superblock, which
// hold the hashes, are written last. Nothing of the host gets in: no time, no owner, no order of a directory.
//
// The same bytes are read by source/libs/pkgimg, whose format.ts names every offset; tests hold one against the other.

import { createHash } from "node:crypto";
import { Problem } from "../problem.ts";
import type { ImageKey } from "./keys.ts";
import { pathProblem } from "./paths.ts";
import { imageDigest, sealSuperblock, signSuperblock } from "./sign.ts";

export const BLOCK_BYTES = 4096;
export const BLOCKS_MAX = 0x4_0000;
export const ENTRIES_MAX = 0x2_0000;

const ENTRY_BYTES = 64;
const HASH_BYTES = 32;
const fanout = BLOCK_BYTES / HASH_BYTES;
const LABEL_BYTES = 32;
/** How often progress is told. */
const PROGRESS_BYTES = 1 << 20;
const FORMAT_VERSION = 1;
const magic = Buffer.from("NXPKGIMG", "latin1");

/** A file for the image, whose bytes come in pieces when they are asked for. */
export interface ImageSource {
  /** Path in the image, such as `fixtures/hello.txt`. */
  readonly path: string;
  readonly byteLength: number;
  /** All `byteLength` bytes in order, in pieces of any size. */
  read(): Iterable<Uint8Array>;
}

/** A file for the image that is in memory. */
export interface ImageFile {
  readonly path: string;
  readonly content: Uint8Array;
}

/** What an image is called. */
export interface ImageOptions {
  /** A name of up to 32 bytes of UTF-8, by which images are told apart. */
  readonly label?: string;
  /** Which of two images of one label is the newer; 0 unless it is signed. */
  readonly sequence?: bigint;
  /** Whose private half signs it; unsigned without one. */
  readonly key?: ImageKey;
  /** Told how many bytes of files are written, now and then, and at the end. */
  onProgress?(writtenBytes: number, totalBytes: number): void;
}

/** Takes bytes at an offset, and is done with them when it returns. What is never written has to be zero. */
export interface ImageTarget {
  write(offset: number, bytes: Uint8Array): void;
}

/** What was built. */
export interface BuiltImage {
  readonly blockCount: number;
  readonly entryCount: number;
  /** What `imageDigest` gives. */
  readonly digest: string;
}

/** The places in an image, in blocks. */
interface Layout {
  readonly indexBlockCount: number;
  readonly stringBlock: number;
  readonly stringBytes: number;
  readonly dataBlock: number;
  readonly dataBlockCount: number;
  readonly treeBlock: number;
  /** Blocks of each level of the hash tree, from the hashes of contents up to the one block at the top. */
  readonly levelBlockCounts: readonly number[];
  readonly blockCount: number;
}

/** A source with what is known of it. */
interface Placed {
  readonly source: ImageSource;
  readonly pathBytes: Buffer;
}

/**
 * Writes the image of `sources`, in whatever order they come.
 *
 * @throws Problem if a path is not allowed or there twice, or there is too much
 */
export function writeImage(
  target: ImageTarget,
  sources: readonly ImageSource[],
  options: ImageOptions = {},
): BuiltImage {
  const files = inOrder(sources);
  const layout = layOut(files);
  // By block number; block 0 has none.
  const leaves = Buffer.alloc(layout.treeBlock * HASH_BYTES);
  const writeBlocks = (block: number, bytes: Uint8Array): void => {
    writeHashed(target, leaves, block, bytes);
  };
  const report = reporter(files, options);

  const index = Buffer.alloc(layout.indexBlockCount * BLOCK_BYTES);
  let pathOffset = 0;
  let firstBlock = layout.dataBlock;
  for (const [number, { source, pathBytes }] of files.entries()) {
    const entry = index.subarray(number * ENTRY_BYTES, (number + 1) * ENTRY_BYTES);
    entry.writeUInt32LE(pathOffset, 0);
    entry.writeUInt32LE(pathBytes.length, 4);
    entry.writeUInt32LE(firstBlock, 8);
    entry.writeBigUInt64LE(BigInt(source.byteLength), 16);
    writeContent(source, firstBlock, writeBlocks, report).copy(entry, 32);
    pathOffset += pathBytes.length;
    firstBlock += blocksFor(source.byteLength);
  }
  writeBlocks(1, index);
  const strings = Buffer.alloc(blocksFor(layout.stringBytes) * BLOCK_BYTES);
  Buffer.concat(files.map(({ pathBytes }) => pathBytes)).copy(strings);
  writeBlocks(layout.stringBlock, strings);

  const root = writeTree(target, layout, leaves.subarray(HASH_BYTES));
  const superblock = superblockOf(layout, files.length, root, options);
  target.write(0, superblock);
  return { blockCount: layout.blockCount, entryCount: files.length, digest: imageDigest(superblock) };
}

/** The image of files that are in memory. */
export function buildImage(files: readonly ImageFile[], options: ImageOptions = {}): Uint8Array {
  const sources = files.map(({ path, content }) => ({
    path,
    byteLength: content.length,
    read: () => [content],
  }));
  const image = new Uint8Array(layOut(inOrder(sources)).blockCount * BLOCK_BYTES);
  writeImage({ write: (offset, bytes) => image.set(bytes, offset) }, sources, options);
  return image;
}

/** The sources in path order, each path judged. */
function inOrder(sources: readonly ImageSource[]): Placed[] {
  const files = sources.map((source) => ({ source, pathBytes: Buffer.from(source.path, "utf8") }));
  for (const { source } of files) {
    const problem = pathProblem(source.path);
    if (problem) {
      throw new Problem(`${JSON.stringify(source.path)} cannot be in an image: ${problem}`);
    }
  }
  files.sort((left, right) => comparePaths(left.pathBytes, right.pathBytes));
  for (const [number, file] of files.entries()) {
    const before = files[number - 1];
    if (!before) {
      continue;
    }
    if (before.pathBytes.equals(file.pathBytes)) {
      throw new Problem(`${JSON.stringify(file.source.path)} is there twice`);
    }
    if (file.source.path.startsWith(`${before.source.path}/`)) {
      throw new Problem(
        `${JSON.stringify(before.source.path)} is a file, so ${JSON.stringify(file.source.path)} cannot be below it`,
      );
    }
  }
  return files;
}

/** By bytes, the slash before all others: everything below a directory follows it at once. */
function comparePaths(left: Uint8Array, right: Uint8Array): number {
  const rank = (value: number | undefined): number => (value === undefined ? -1 : value === 0x2f ? 0 : value);
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = rank(left[index]) - rank(right[index]);
    if (difference !== 0) {
      return difference;
    }
  }
  return 0;
}

/** Index from block 1 on, then strings, data, tree. */
function layOut(files: readonly Placed[]): Layout {
  if (files.length === 0) {
    throw new Problem("an image needs at least one file");
  }
  if (files.length > ENTRIES_MAX) {
    throw new Problem(`an image holds up to ${ENTRIES_MAX} files, not ${files.length}`);
  }
  const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0);

  const indexBlockCount = blocksFor(files.length * ENTRY_BYTES);
  const stringBlock = 1 + indexBlockCount;
  const stringBytes = sum(files.map(({ pathBytes }) => pathBytes.length));
  const dataBlock = stringBlock + blocksFor(stringBytes);
  const dataBlockCount = sum(files.map(({ source }) => blocksFor(source.byteLength)));
  const treeBlock = dataBlock + dataBlockCount;

  const levelBlockCounts: number[] = [];
  let below = treeBlock - 1;
  do {
    below = Math.ceil(below / fanout);
    levelBlockCounts.push(below);
  } while (below > 1);
  const blockCount = treeBlock + sum(levelBlockCounts);
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
    dataBlockCount,
    treeBlock,
    levelBlockCounts,
    blockCount,
  };
}

/** Writes a file's bytes from `firstBlock` on, the last block filled up with zeros; gives their SHA-256. */
function writeContent(
  source: ImageSource,
  firstBlock: number,
  writeBlocks: (block: number, bytes: Uint8Array) => void,
  report: (byteCount: number) => void,
): Buffer {
  const hash = createHash("sha256");
  const pending = Buffer.alloc(BLOCK_BYTES);
  let pendingBytes = 0;
  let byteCount = 0;
  let block = firstBlock;
  for (const piece of source.read()) {
    hash.update(piece);
    byteCount += piece.length;
    if (byteCount > source.byteLength) {
      break;
    }
    for (let offset = 0; offset < piece.length; ) {
      const taken = Math.min(BLOCK_BYTES - pendingBytes, piece.length - offset);
      pending.set(piece.subarray(offset, offset + taken), pendingBytes);
      pendingBytes += taken;
      offset += taken;
      if (pendingBytes < BLOCK_BYTES) {
        continue;
      }
      writeBlocks(block, pending);
      block += 1;
      pendingBytes = 0;
    }
    report(piece.length);
  }
  if (byteCount !== source.byteLength) {
    throw new Problem(`${JSON.stringify(source.path)} changed its size while it was read`);
  }
  if (pendingBytes > 0) {
    writeBlocks(block, pending.fill(0, pendingBytes));
  }
  return hash.digest();
}

/** What a file calls for each piece that is written: tells of progress whenever `progressBytes` more are, and at the end. */
function reporter(files: readonly Placed[], options: ImageOptions): (byteCount: number) => void {
  const total = files.reduce((sum, { source }) => sum + source.byteLength, 0);
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

/** Writes whole blocks and keeps the hash of each, at its number. */
function writeHashed(target: ImageTarget, leaves: Buffer, block: number, bytes: Uint8Array): void {
  target.write(block * BLOCK_BYTES, bytes);
  for (let offset = 0; offset < bytes.length; offset += BLOCK_BYTES) {
    const number = block + offset / BLOCK_BYTES;
    hashBlock(0, number, bytes.subarray(offset, offset + BLOCK_BYTES)).copy(leaves, number * HASH_BYTES);
  }
}

/** Writes the tree over the hashes of the blocks from 1 on; gives its root. */
function writeTree(target: ImageTarget, layout: Layout, leaves: Buffer): Buffer {
  let block = layout.treeBlock;
  let hashes = leaves;
  for (const [level, blockCount] of layout.levelBlockCounts.entries()) {
    const bytes = Buffer.alloc(blockCount * BLOCK_BYTES);
    hashes.copy(bytes);
    target.write(block * BLOCK_BYTES, bytes);
    block += blockCount;
    const above = Buffer.alloc(blockCount * HASH_BYTES);
    for (let index = 0; index < blockCount; index += 1) {
      const node = bytes.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES);
      hashBlock(level + 1, index, node).copy(above, index * HASH_BYTES);
    }
    hashes = above;
  }
  return hashes;
}

/** The hash of a block as what it is: level 0 for contents, by block number; above, by place in the level. */
function hashBlock(level: number, position: number, bytes: Uint8Array): Buffer {
  const suffix = Buffer.alloc(16);
  suffix.writeUInt32LE(level, 0);
  suffix.writeUInt32LE(position, 4);
  magic.copy(suffix, 8);
  return createHash("sha256").update(bytes).update(suffix).digest();
}

/** Block 0. */
function superblockOf(layout: Layout, entryCount: number, root: Buffer, options: ImageOptions): Buffer {
  const label = Buffer.from(options.label ?? "", "utf8");
  if (label.length > LABEL_BYTES || /\p{Cc}/u.test(options.label ?? "")) {
    throw new Problem(
      `the label ${JSON.stringify(options.label)} is longer than ${LABEL_BYTES} bytes, or has a control character`,
    );
  }
  const superblock = Buffer.alloc(BLOCK_BYTES);
  magic.copy(superblock, 0);
  const words = [
    FORMAT_VERSION,
    BLOCK_BYTES,
    layout.blockCount,
    0,
    entryCount,
    1,
    layout.indexBlockCount,
    layout.stringBlock,
    layout.stringBytes,
    layout.dataBlock,
    layout.dataBlockCount,
    layout.treeBlock,
    layout.blockCount - layout.treeBlock,
    layout.levelBlockCounts.length,
  ];
  for (const [index, word] of words.entries()) {
    superblock.writeUInt32LE(word, 8 + index * 4);
  }
  root.copy(superblock, 64);
  label.copy(superblock, 96);
  superblock.writeBigUInt64LE(options.sequence ?? 0n, 128);
  sealSuperblock(superblock);
  if (options.key) {
    signSuperblock(superblock, options.key);
  }
  return superblock;
}

function blocksFor(byteLength: number): number {
  return Math.ceil(byteLength / BLOCK_BYTES);
}
