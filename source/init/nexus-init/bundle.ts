/**
 * The boot bundle: a package image (libs/pkgimg) that travels inside the kernel, with the programs that are needed to
 * reach the disk, and the fixtures for a machine that has none. It is mapped once, read-only, and stays mapped.
 */
import { Right } from "abi/handle";
import { wholePages } from "abi/layout";
import { Role } from "abi/startup";
import { NO_SLOT } from "abi/syscall";
import { checkBlocks } from "pkgimg/content";
import { BLOCK_BYTES, ImageError, imageErrorText, PATH_BYTES_MAX } from "pkgimg/format";
import { checkIndex, find } from "pkgimg/index";
import { IMAGE_STATE_BYTES, Image, NO_ENTRY } from "pkgimg/reader";
import { createVmo, drop, map, result, unmap } from "runtime/call";
import { print } from "runtime/log";
import { entryOf } from "runtime/startup";
import { LINE_STATE_BYTES, Line } from "text/line";
import { BUNDLE_ADDRESS, BUNDLE_BYTES_MAX, FILE_ADDRESS } from "./limits";
import { because, say } from "./say";

const image = changetype<Image>(memory.data(IMAGE_STATE_BYTES, 8));
/** checkIndex's memory for one path. */
const scratch: usize = memory.data(PATH_BYTES_MAX, 8);
const nameLine = changetype<Line>(memory.data(LINE_STATE_BYTES, 8));
const nameBuffer: usize = memory.data(PATH_BYTES_MAX, 8);

let bundleBytes: u32 = 0;

/** A file of the bundle, as it lies in memory. */
@unmanaged
@final
export class BundledFile {
  address: usize;
  bytes: u32;
}

/** Maps the bundle and checks its index. If that fails, prints why and returns false. */
export function openBundle(): bool {
  const entry = entryOf(Role.Bundle, 0);
  if (entry === null || entry.size > <u64>BUNDLE_BYTES_MAX) {
    print(say("the kernel gave no boot bundle, or one that is too large"));
    return false;
  }
  bundleBytes = <u32>entry.size;
  const status = map(entry.slot, BUNDLE_ADDRESS, 0, wholePages(bundleBytes), Right.Read);
  if (status < 0) {
    print(because(say("mapping the boot bundle was refused"), status));
    return false;
  }
  let error = image.open(blockOf, bundleBytes / BLOCK_BYTES);
  if (error === ImageError.None) {
    error = checkIndex(image, scratch);
  }
  if (error === ImageError.None) {
    return true;
  }
  print(say("the boot bundle is no good: ").text(imageErrorText(error)));
  return false;
}

/** Finds a file, checks its content, and fills in `file`. If that fails, prints why and returns false. */
export function findInBundle(name: usize, nameLength: u32, file: BundledFile): bool {
  return findAndCheck(name, nameLength, u32.MAX_VALUE, file);
}

/**
 * The same for a package image that a literal (ASCII) names. Only its first block is checked here. It holds the root of
 * the image's own tree, by which the program that mounts it checks the others as it reads them.
 */
export function findImageInBundle(words: string, file: BundledFile): bool {
  const name = nameLine.begin(nameBuffer, PATH_BYTES_MAX).text(words);
  return findAndCheck(name.address, name.length, 1, file);
}

function findAndCheck(name: usize, nameLength: u32, blocksMost: u32, file: BundledFile): bool {
  const entry = find(image, name, nameLength);
  if (entry === NO_ENTRY) {
    print(say("the boot bundle has no ").printable(name, nameLength));
    return false;
  }
  if (image.isCompressed) {
    print(say("the boot bundle's ").printable(name, nameLength).text(": compressed, and used where it lies"));
    return false;
  }
  const error = checkBlocks(image, entry, blocksMost);
  if (error !== ImageError.None) {
    print(say("the boot bundle's ").printable(name, nameLength).text(": ").text(imageErrorText(error)));
    return false;
  }
  // A file's bytes follow each other in the image, so they do in memory.
  file.address = BUNDLE_ADDRESS + <usize>image.byteOffset;
  file.bytes = image.byteLength;
  return true;
}

/**
 * A memory object with a copy of a file, for another task: no other task gets the bundle itself.
 *
 * @returns its slot; NO_SLOT, after printing why, if there is none
 */
export function copyOfFile(file: BundledFile): u32 {
  const bytes = file.bytes;
  let status = createVmo(wholePages(bytes));
  const vmo = status < 0 ? NO_SLOT : <u32>result(0);
  if (status >= 0) {
    status = map(vmo, FILE_ADDRESS, 0, wholePages(bytes), Right.Read | Right.Write);
  }
  if (status >= 0) {
    memory.copy(FILE_ADDRESS, file.address, bytes);
    status = unmap(FILE_ADDRESS);
  }
  if (status >= 0) {
    return vmo;
  }
  if (vmo !== NO_SLOT) {
    drop(vmo);
  }
  print(because(say("memory for a file of the boot bundle was refused"), status));
  return NO_SLOT;
}

/** For libs/pkgimg, which asks only for blocks below the count that `open` was given. */
function blockOf(block: u32): usize {
  return BUNDLE_ADDRESS + <usize>(block * BLOCK_BYTES);
}
