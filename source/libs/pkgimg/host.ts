/**
 * The image reader as a Wasm module for the host's tools (tools/image/reader.ts): the same library that the guest
 * mounts with, behind functions of plain numbers. Blocks come from a function that the host gives.
 */

import { Cluster, findCluster, readCluster } from "./clusters";
import { BLOCK_BYTES, CLUSTER_BYTES, HASH_BYTES, ImageError, imageErrorText, PATH_BYTES_MAX } from "./format";
import {
  checkIndex,
  childIsDirectory,
  childNameLength,
  childNameStart,
  find,
  firstChild,
  nextChild,
} from "./index";
import { IMAGE_STATE_BYTES, Image } from "./reader";
import { checkContent } from "./whole";

/** Puts the 4096 bytes of a block at `target`; false if it cannot be read. */
export declare function readBlock(block: u32, target: usize): bool;

const image = changetype<Image>(memory.data(IMAGE_STATE_BYTES, 16));
const raw = memory.data(BLOCK_BYTES, 16);
/** The content block that was verified last: small files share one, and each would verify it again. */
const verified = memory.data(BLOCK_BYTES, 16);
/** Its number; 0 is the superblock, which is none. */
let verifiedNumber: u32 = 0;
/** The cluster that was read last, as it is stored, and what it became. */
const cluster = changetype<Cluster>(memory.data(offsetof<Cluster>(), 8));
const stored = memory.data(CLUSTER_BYTES, 16);
const decompressed = memory.data(CLUSTER_BYTES, 16);
/** Whether blocks of data are held against the hash tree. Only `verifyHash` does without. */
let checksData: bool = true;
/** checkIndex's memory for one path. */
const scratch = memory.data(PATH_BYTES_MAX, 16);
/** Where the host puts the path that it asks for. */
const asked = memory.data(PATH_BYTES_MAX, 16);
const digestBytes = memory.data(HASH_BYTES, 16);

function rawBlock(number: u32): usize {
  return readBlock(number, raw) ? raw : 0;
}

function contentBlock(number: u32): usize {
  if (verifiedNumber === number) {
    return verified;
  }
  verifiedNumber = 0;
  if (!readBlock(number, verified)) {
    return 0;
  }
  if (!checksData && number >= image.dataBlock) {
    return verified;
  }
  if (image.verify(number, verified) !== ImageError.None) {
    return 0;
  }
  verifiedNumber = number;
  return verified;
}

/** Opens and checks superblock and index. ImageError. */
export function open(blocksAvailable: u32): u32 {
  verifiedNumber = 0;
  const error = image.openCached(rawBlock, contentBlock, blocksAvailable);
  return error === ImageError.None ? checkIndex(image, scratch) : error;
}

export function error(): u32 {
  return image.error;
}

export function errorText(error: u32): string {
  return imageErrorText(<ImageError>error);
}

export function errorBlock(): u32 {
  return image.errorBlock;
}

export function errorEntry(): u32 {
  return image.errorEntry;
}

export function blockCount(): u32 {
  return image.blockCount;
}

export function entryCount(): u32 {
  return image.entryCount;
}

/** Where the superblock's first 512 bytes are: all of it that is not padding. */
export function superblock(): usize {
  return image.signedPart;
}

export function label(): usize {
  return image.label;
}

export function labelLength(): u32 {
  return image.labelLength;
}

/** Where 32 bytes with the image's digest are. */
export function digest(): usize {
  image.digest(digestBytes);
  return digestBytes;
}

/** Room for a path (256 bytes), which `lookUp`, `first` and `next` read. */
export function pathBuffer(): usize {
  return asked;
}

/** The entry of a path, picked, or NO_ENTRY. */
export function lookUp(length: u32): u32 {
  return find(image, asked, length);
}

/** The first child of a directory, picked, or NO_ENTRY. */
export function first(length: u32): u32 {
  return firstChild(image, asked, length);
}

/** The child behind the picked one, or NO_ENTRY. */
export function next(length: u32): u32 {
  return nextChild(image, asked, length);
}

export function childName(directoryLength: u32): usize {
  return image.path + <usize>childNameStart(directoryLength);
}

export function childLength(directoryLength: u32): u32 {
  return childNameLength(image, directoryLength);
}

export function isDirectory(directoryLength: u32): bool {
  return childIsDirectory(image, directoryLength);
}

/** Picks an entry, of which the functions below speak. ImageError. */
export function pick(entry: u32): u32 {
  return image.pick(entry);
}

export function path(): usize {
  return image.path;
}

export function pathLength(): u32 {
  return image.pathLength;
}

export function byteLength(): u32 {
  return image.byteLength;
}

/** Where the picked file begins in the image. */
export function byteOffset(): u32 {
  return image.byteOffset;
}

/** Bytes that the picked file takes in the image. */
export function storedBytes(): u32 {
  return image.storedBytes;
}

export function isCompressed(): bool {
  return image.isCompressed;
}

/** The address of what a cluster of the picked file becomes, or 0. */
export function decompressedCluster(number: u32): usize {
  cluster.fileStart = image.byteOffset;
  cluster.fileBytes = image.byteLength;
  cluster.fileStored = image.storedBytes;
  const found = findCluster(image, cluster, number);
  const error = found === ImageError.None ? readCluster(image, cluster, stored, decompressed) : found;
  return error === ImageError.None ? decompressed : 0;
}

export function contentHash(): usize {
  return image.contentHash;
}

/** The address of a verified block, or 0. */
export function verifiedBlock(number: u32): usize {
  return image.block(number);
}

/** Reads whole files, and checks each against its hash and its blocks against the tree. ImageError. */
export function verifyFiles(first: u32, count: u32): u32 {
  for (let number: u32 = 0; number < count; number += 1) {
    const error = checkContent(image, first + number, digestBytes);
    if (error !== ImageError.None) {
      return error;
    }
  }
  return ImageError.None;
}

/** Checks blocks against the hash tree. ImageError. */
export function verifyBlocks(first: u32, count: u32): u32 {
  for (let number: u32 = 0; number < count; number += 1) {
    if (image.block(first + number) === 0) {
      return image.error;
    }
  }
  return ImageError.None;
}

/** Checks one file against its hash, for a caller who checks its blocks in another way. ImageError. */
export function verifyHash(entry: u32): u32 {
  checksData = false;
  const error = checkContent(image, entry, digestBytes);
  checksData = true;
  // That block was not verified.
  verifiedNumber = 0;
  return error;
}
