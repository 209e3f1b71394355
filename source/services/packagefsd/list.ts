/**
 * One page of a directory. The service keeps nothing between two pages. A cursor is the number of the entry at which
 * the next child begins, and it is checked like all input from outside.
 *
 * Reached from serve.ts. Going to the next child may read the disk, which uses the message page. So the children are
 * gathered first, and then the answer is built.
 */
import { MESSAGE_BYTES_MAX } from "abi/message";
import { ENTRIES_PER_LIST_MAX, EntryKind, FsStatus, PackageFsListResultsBuilder } from "gen/idl/package_fs";
import { ImageError, PATH_BYTES_MAX } from "pkgimg/format";
import { childIsDirectory, childNameLength, childNameStart, find, firstChild, nextChild } from "pkgimg/index";
import { isBelow } from "pkgimg/path";
import { Image, NO_ENTRY } from "pkgimg/reader";
import { messagePage } from "runtime/ipc";

/**
 *     0      8      12       16
 *     | size | kind | length | name, up to PATH_BYTES_MAX |
 */
@unmanaged
@final
class Child {
  size: u64;
  kind: u32;
  length: u32;

  get name(): usize {
    return changetype<usize>(this) + offsetof<Child>();
  }
}

/** A Child and its name, in whole doublewords. */
const CHILD_BYTES: u32 = (<u32>offsetof<Child>() + PATH_BYTES_MAX + 7) & ~7;
const children: usize = memory.data(ENTRIES_PER_LIST_MAX * CHILD_BYTES, 8);

/**
 * Builds the answer to `list` in the message page, to be finished by the caller.
 *
 * @param cursor 0 for the first page, otherwise the `next` of the page before
 * @returns ok; or why nothing was built. `image.error` may say more
 */
export function list(image: Image, directory: usize, length: u32, cursor: u32): FsStatus {
  const status = start(image, directory, length, cursor);
  if (status !== FsStatus.ok) {
    return status;
  }
  let count: u32 = 0;
  let next = image.pickedEntry;
  while (next !== NO_ENTRY && count < ENTRIES_PER_LIST_MAX) {
    gather(image, length, changetype<Child>(children + <usize>(count * CHILD_BYTES)));
    count++;
    next = nextChild(image, directory, length);
  }
  if (image.error !== ImageError.None) {
    return FsStatus.corrupt;
  }

  const results = PackageFsListResultsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  results.initEntries(count);
  for (let i: u32 = 0; i < count; i++) {
    const child = changetype<Child>(children + <usize>(i * CHILD_BYTES));
    const entry = results.entries(i);
    entry.kind = <EntryKind>child.kind;
    entry.size = child.size;
    entry.setName(child.name, child.length);
  }
  results.next = next === NO_ENTRY ? 0 : next;
  return FsStatus.ok;
}

/** Picks the entry at which the page begins. */
function start(image: Image, directory: usize, length: u32, cursor: u32): FsStatus {
  if (cursor === 0) {
    if (firstChild(image, directory, length) !== NO_ENTRY) {
      return FsStatus.ok;
    }
    if (image.error !== ImageError.None) {
      return FsStatus.corrupt;
    }
    return find(image, directory, length) === NO_ENTRY ? FsStatus.notFound : FsStatus.notADirectory;
  }
  image.clearError();
  if (cursor >= image.entryCount) {
    return FsStatus.badCursor;
  }
  // `cursor` is right if the entry before it lies in the same directory, and the next child after that entry begins at
  // `cursor`.
  if (image.pick(cursor - 1) !== ImageError.None) {
    return FsStatus.corrupt;
  }
  if (!isBelow(image.path, image.pathLength, directory, length)) {
    return FsStatus.badCursor;
  }
  if (nextChild(image, directory, length) !== cursor) {
    return image.error === ImageError.None ? FsStatus.badCursor : FsStatus.corrupt;
  }
  return FsStatus.ok;
}

function gather(image: Image, directoryLength: u32, child: Child): void {
  const isDirectory = childIsDirectory(image, directoryLength);
  child.kind = isDirectory ? EntryKind.directory : EntryKind.file;
  child.size = isDirectory ? 0 : image.byteLength;
  child.length = childNameLength(image, directoryLength);
  memory.copy(child.name, image.path + <usize>childNameStart(directoryLength), <usize>child.length);
}
