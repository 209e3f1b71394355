// Forges package images: changes any byte, and can seal the hash tree again afterwards, so that the reader gets to
// see what a signer with bad intentions could make. Written from docs/storage/package-image.md, not from the builder.

import { createHash } from "node:crypto";
import type { ImageFile, ImageOptions } from "../../../host/pkgimg/image.ts";
import { buildImage } from "../../../host/pkgimg/layout.ts";
import { defined } from "../../harness/defined.ts";

export const BLOCK_BYTES = 4096;
/** A compressed file is cut into pieces of so many bytes. */
export const CLUSTER_BYTES = 16_384;

/** Offsets in the superblock. */
export const superblock = {
  magic: 0,
  version: 8,
  blockBytes: 12,
  blockCount: 16,
  flags: 20,
  entryCount: 24,
  indexBlock: 28,
  indexBlockCount: 32,
  stringBlock: 36,
  stringBytes: 40,
  dataBlock: 44,
  dataBlockCount: 48,
  treeBlock: 52,
  treeBlockCount: 56,
  treeLevels: 60,
  rootHash: 64,
  label: 96,
  sequence: 128,
  checksum: 136,
  signedReserved: 168,
  signatureKind: 256,
  signatureReserved: 260,
  keyId: 264,
  signature: 296,
  reserved: 360,
} as const;

/** Offsets in an entry of the index. */
export const entry = {
  pathOffset: 0,
  pathLength: 4,
  byteOffset: 8,
  flags: 12,
  byteLength: 16,
  storedLength: 24,
  hash: 32,
} as const;

/** An image under the hammer. */
export class Forge {
  readonly bytes: Buffer;

  constructor(files: readonly ImageFile[], options: ImageOptions = {}) {
    this.bytes = Buffer.from(buildImage(files, options));
  }

  /** A superblock word. */
  get(offset: number): number {
    return this.bytes.readUInt32LE(offset);
  }

  set(offset: number, value: number): this {
    this.bytes.writeUInt32LE(value >>> 0, offset);
    return this;
  }

  /** Where byte `offset` of a region's first block is. */
  at(region: "indexBlock" | "stringBlock" | "dataBlock" | "treeBlock", offset = 0): number {
    return this.get(superblock[region]) * BLOCK_BYTES + offset;
  }

  /** Sets a word of an index entry. */
  setEntry(number: number, field: number, value: number): this {
    return this.set(this.at("indexBlock", number * 64 + field), value);
  }

  /** Writes over the string table. */
  setStrings(text: string | Uint8Array, offset = 0): this {
    this.bytes.set(Buffer.from(text), this.at("stringBlock", offset));
    return this;
  }

  flip(offset: number, mask = 1): this {
    this.bytes[offset] = defined(this.bytes[offset]) ^ mask;
    return this;
  }

  /** Makes the hash tree right again. Its place is taken from the superblock, its shape from the tree's place. */
  seal(): this {
    const treeBlock = this.get(superblock.treeBlock);
    let hashes = Array.from({ length: treeBlock - 1 }, (_, index) => this.#hash(index + 1));
    let block = treeBlock;
    while (true) {
      const count = Math.ceil(hashes.length / 128);
      this.bytes.fill(0, block * BLOCK_BYTES, (block + count) * BLOCK_BYTES);
      for (const [index, hash] of hashes.entries()) {
        hash.copy(this.bytes, block * BLOCK_BYTES + index * 32);
      }
      const start = block;
      hashes = Array.from({ length: count }, (_, index) => this.#hash(start + index));
      block += count;
      if (count === 1) {
        break;
      }
    }
    hashes[0]?.copy(this.bytes, superblock.rootHash);
    return this.sealSuperblock();
  }

  /** Makes the superblock's own hash right again. */
  sealSuperblock(): this {
    hashOf(this.bytes.subarray(0, superblock.checksum)).copy(this.bytes, superblock.checksum);
    return this;
  }

  /** The tree's one level hashes again into the root: for a forged tree block. */
  sealRoot(): this {
    this.#hash(this.get(superblock.treeBlock)).copy(this.bytes, superblock.rootHash);
    return this.sealSuperblock();
  }

  #hash(block: number): Buffer {
    return hashOf(this.bytes.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES));
  }
}

/** The hash of an image: half of BLAKE2b-512. */
export function hashOf(bytes: Uint8Array): Buffer {
  return createHash("blake2b512").update(bytes).digest().subarray(0, 32);
}

/** A file of `byteLength` bytes that are all different from their neighbours. */
export function file(path: string, byteLength: number): ImageFile {
  return {
    path,
    content: Uint8Array.from({ length: byteLength }, (_, index) => (index * 7 + byteLength) & 255),
  };
}

/** Text that repeats itself, and bytes that do not. */
export function mixed(path: string, textBytes: number, noiseBytes: number): ImageFile {
  const text = Buffer.alloc(textBytes, "each hart runs its own queue, and steals when it has none; ");
  const noise = Buffer.alloc(noiseBytes);
  for (let index = 0, state = 1; index < noiseBytes; index += 1) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b_3c6d) + index;
    noise[index] = (state >>> 11) & 255;
  }
  return { path, content: Buffer.concat([text, noise]) };
}

/** Five files: in directories, empty, of one block exactly, of two blocks, in the rest of a block; with a name outside ASCII. */
export const sampleFiles: readonly ImageFile[] = [
  file("bin/nx", 5000),
  file("fixtures/a/deep", 17),
  file("fixtures/a-b", 4096),
  file("fixtures/empty", 0),
  file("fixtures/grüße", 300),
];
