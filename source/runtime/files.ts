/**
 * Reading files of pkg://, in a few lines: the memory that packagefsd writes into is made, mapped and attached by the first
 * read. Every function gives one number, as packages.ts does: FsStatus.ok or another FsStatus, or a Refusal;
 * `fileOutcomeName` has words for it.
 *
 *     readEach(path, length, writeAll);                 // a whole file, through a function that gets part after part
 *
 *     openPath(path, length, file);                     // or step by step, from any place: file.size is its length
 *     readPart(file, offset);                           // file.bytesRead bytes are at PART_ADDRESS
 *     closeFile(packageService(), file);
 *
 * `listDirectory` (directory.ts) lists a directory. Goes on in packages.ts.
 */
import { Right } from "abi/handle";
import { USER_PROGRAM_END } from "abi/layout";
import { Role } from "abi/startup";
import { NO_SLOT } from "abi/syscall";
import { FsStatus, READ_BYTES_MAX } from "gen/idl/package_fs";
import { createVmo, drop, map, result, unmap } from "./call";
import { refusalName } from "./names";
import { attachMemory, closeFile, File, fsStatusName, openFile, readFile } from "./packages";
import { slotOf } from "./startup";

/** The most bytes that one `readPart` brings. */
export const PART_BYTES: u32 = 0x1_0000;
/** Where they lie, until the next `readPart`. A program that uses this module maps nothing else there. */
export const PART_ADDRESS: usize = USER_PROGRAM_END - PART_BYTES;

if (PART_BYTES > READ_BYTES_MAX) {
  ERROR("a part is longer than one read may be");
}

/** The file of `readEach`. */
const whole = changetype<File>(memory.data(offsetof<File>(), 8));
/** The memory that packagefsd writes into, once it is attached. */
let part: u32 = NO_SLOT;

/** packagefsd's endpoint, for the calls of packages.ts and directory.ts. NO_SLOT: this program was given none. */
export function packageService(): u32 {
  return slotOf(Role.PackageService);
}

/** Opens the file at a path, such as "fixtures/hello.txt": UTF-8, `length` bytes. `file.size` then says how long it is. */
export function openPath(path: usize, length: u32, file: File): i32 {
  return openFile(packageService(), path, length, file);
}

/**
 * Reads up to PART_BYTES of an open file to PART_ADDRESS. `file.bytesRead` says how many came: 0 only on failure, or at the
 * file's end.
 *
 * @param offset where to begin in the file, in bytes
 * @returns `corrupt`, too, if the file ends before its size
 */
export function readPart(file: File, offset: u64): i32 {
  file.bytesRead = 0;
  const outcome = attachPart();
  if (outcome !== FsStatus.ok) {
    return outcome;
  }
  const status = readFile(packageService(), file, offset, PART_BYTES, 0);
  return status === FsStatus.ok && file.bytesRead === 0 && offset < file.size ? FsStatus.corrupt : status;
}

/**
 * Opens the file at a path, hands its content to `take` part by part, and closes it.
 *
 * @param take gets where a part lies, until it returns, and how many bytes it has: 1 to PART_BYTES
 * @returns FsStatus.ok after the last part; otherwise why it stopped, and what came before was handed over
 */
export function readEach(path: usize, length: u32, take: (start: usize, length: u32) => void): i32 {
  let outcome = openPath(path, length, whole);
  if (outcome !== FsStatus.ok) {
    return outcome;
  }
  for (let at: u64 = 0; outcome === FsStatus.ok && at < whole.size; at += whole.bytesRead) {
    outcome = readPart(whole, at);
    if (outcome === FsStatus.ok) {
      take(PART_ADDRESS, whole.bytesRead);
    }
  }
  closeFile(packageService(), whole);
  return outcome;
}

/** What a function of this module, of packages.ts or of directory.ts returned, in a word: "notFound". */
export function fileOutcomeName(outcome: i32): string {
  return outcome < 0 ? refusalName(outcome) : fsStatusName(outcome);
}

/** Makes the memory for parts, maps it and attaches it, once. What does not succeed is tried anew by the next read. */
function attachPart(): i32 {
  if (part !== NO_SLOT) {
    return FsStatus.ok;
  }
  let outcome = createVmo(PART_BYTES);
  if (outcome < 0) {
    return outcome;
  }
  const made = <u32>result(0);
  outcome = map(made, PART_ADDRESS, 0, PART_BYTES, Right.Read);
  if (outcome >= 0) {
    outcome = attachMemory(packageService(), made, PART_BYTES);
    if (outcome === FsStatus.ok) {
      part = made;
      return FsStatus.ok;
    }
    unmap(PART_ADDRESS);
  }
  drop(made);
  return outcome;
}
