// The image reader as Wasm over an image in the guest's memory, behind functions that a test can call.

import { type Guest, guest } from "../../harness/guest.ts";
import type { Edge } from "../edge.ts";
import { BLOCK_BYTES } from "./forge.ts";

const text = `
import { checkBlocks } from "pkgimg/content";
import { checkContent } from "pkgimg/whole";
import { imageErrorText, ImageError, SIGNED_BYTES } from "pkgimg/format";
import { checkIndex, childIsDirectory, childNameLength, childNameStart, find, firstChild, nextChild } from "pkgimg/index";
import { comparePaths, isBelow, pathError } from "pkgimg/path";
import { Image, IMAGE_STATE_BYTES } from "pkgimg/reader";
import { digestError, sequenceError, signatureError } from "pkgimg/trust";

const image = changetype<Image>(memory.data(22528, 16));
const scratch = memory.data(256, 16);
const digestBytes = memory.data(32, 16);
const one = memory.data(4096, 16);
let start: usize = 0;
let count: u32 = 0;
let reads: u32 = 0;
let failing: u32 = 0xffffffff;
/** How many reads go well before one fails. */
let goodReads: u32 = 0xffffffff;

export function stateFits(): bool { return IMAGE_STATE_BYTES <= 22528; }
export function readCount(): u32 { return reads; }
export function failAt(block: u32): void { failing = block; }
export function failRead(number: u32): void { goodReads = number; }

/** One buffer for all blocks: what a reader keeps across two reads would be overwritten. */
function raw(block: u32): usize {
  reads += 1;
  goodReads -= 1;
  if (goodReads === 0xffffffff) return 0;
  if (block >= count || block === failing) return 0;
  memory.copy(one, start + <usize>block * 4096, 4096);
  return one;
}

// A cache of one block for contents, verified once, as packagefsd has many.
const line = memory.data(4096, 16);
let lineBlock: u32 = 0;
function cached(block: u32): usize {
  if (lineBlock === block) return line;
  lineBlock = 0;
  const source = raw(block);
  if (source === 0) return 0;
  memory.copy(line, source, 4096);
  if (image.verify(block, line) !== ImageError.None) return 0;
  lineBlock = block;
  return line;
}

function reset(address: usize, blocks: u32): void {
  start = address; count = blocks; reads = 0; failing = 0xffffffff; lineBlock = 0;
}
export function open(address: usize, blocks: u32): u32 { reset(address, blocks); return image.open(raw, blocks); }
export function openCached(address: usize, blocks: u32): u32 {
  reset(address, blocks);
  return image.openCached(raw, cached, blocks);
}
export function check(): u32 { return checkIndex(image, scratch); }
export function blocks(entry: u32, most: u32): u32 { return checkBlocks(image, entry, most); }
/** Verifies zeros as that block. */
export function verify(block: u32): u32 { return image.verify(block, scratchBlock); }
const scratchBlock = memory.data(4096, 16);
export function content(entry: u32): u32 { return checkContent(image, entry, digestBytes); }
export function digest(): usize { image.digest(digestBytes); return digestBytes; }
export function contentHash(): usize { return image.contentHash; }
export function error(): u32 { return image.error; }
export function errorText(error: u32): string { return imageErrorText(<ImageError>error); }
export function errorBlock(): u32 { return image.errorBlock; }
export function errorEntry(): u32 { return image.errorEntry; }
export function entryCount(): u32 { return image.entryCount; }
export function pick(entry: u32): u32 { return image.pick(entry); }
export function path(): usize { return image.path; }
export function pathLength(): u32 { return image.pathLength; }
export function byteOffset(): u32 { return image.byteOffset; }
export function byteLength(): u32 { return image.byteLength; }
export function block(number: u32): usize { return image.block(number); }
export function lookUp(path: usize, length: u32): u32 { return find(image, path, length); }
export function first(path: usize, length: u32): u32 { return firstChild(image, path, length); }
export function next(path: usize, length: u32): u32 { return nextChild(image, path, length); }
export function childName(length: u32): usize { return image.path + <usize>childNameStart(length); }
export function childLength(length: u32): u32 { return childNameLength(image, length); }
export function isDirectory(length: u32): bool { return childIsDirectory(image, length); }
export function pathProblem(path: usize, length: u32): u32 { return pathError(path, length); }
export function below(path: usize, length: u32, directory: usize, directoryLength: u32): bool {
  return isBelow(path, length, directory, directoryLength);
}
export function compare(a: usize, aLength: u32, b: usize, bLength: u32): i32 {
  return comparePaths(a, aLength, b, bLength);
}
/** A public key and its id behind it; or a digest. */
export function trustKey(at: usize): u32 { return signatureError(image, at, at + 32); }
export function notOlder(oldest: u64): u32 { return sequenceError(image, oldest); }
export function trustDigest(at: usize): u32 { return digestError(image, at, digestBytes); }
export function signatureKind(): u32 { return image.signatureKind; }
`;

/** A guest that has the functions above. */
export function pkgimgGuest(): Promise<Guest> {
  return guest({ text });
}

/** An error as words. */
export function words(g: Guest, error: number): string {
  return error === 0 ? "ok" : g.text(g.call("errorText", error));
}

/** What is wrong with an image that is mounted and read whole, in words with the place: superblock, index, every file. */
export function refusalOf(
  g: Guest,
  edge: Edge,
  bytes: Uint8Array,
  open: "open" | "openCached" = "open",
): string {
  let error = g.call(open, edge.put(bytes), Math.floor(bytes.length / BLOCK_BYTES)) || g.call("check");
  for (let index = 0; error === 0 && index < g.call("entryCount"); index += 1) {
    error = g.call("content", index);
  }
  if (error === 0) {
    return "ok";
  }
  const at = g.call("errorEntry");
  return `${words(g, error)} (block ${g.call("errorBlock")}${at === -1 ? "" : `, entry ${at}`})`;
}
