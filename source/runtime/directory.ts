/**
 * What is in a directory of the package file system (source/idl/package_fs.capnp, `list`). Entries come a few at a
 * time, and lie in the message page until the next call of any service. Goes on in client.ts.
 */
import { MESSAGE_BYTES_MAX } from "abi/message";
import { NO_SLOT } from "abi/syscall";
import {
  Entry,
  FsStatus,
  PackageFsListParamsBuilder,
  PackageFsListResults,
  PackageFsMethod,
} from "gen/idl/package_fs";
import { callService, MALFORMED_REPLY } from "./client";
import { messagePage } from "./ipc";

/** A part of a directory, which `listDirectory` fills in. Its entries lie in the message page. */
@unmanaged
@final
export class Listing {
  private results: PackageFsListResults | null;
  /** The cursor to go on from; 0 after the last entry. */
  next: u32;

  /** Entries in this part. */
  get count(): u32 {
    const results = this.results;
    return results === null ? 0 : results.entriesLength;
  }

  /** Entry `index`, or null behind the last: its name, kind, and size in bytes. */
  entry(index: u32): Entry | null {
    const results = this.results;
    return results === null || index >= results.entriesLength ? null : results.entries(index);
  }

  /** `results`: null for no entries. For `listDirectory` alone. */
  fill(results: PackageFsListResults | null): void {
    this.results = results;
    this.next = results === null ? 0 : results.next;
  }
}

/**
 * The entries of a directory from `cursor` on, in the byte order of their names.
 *
 * @param cursor 0 to begin, then the `next` of the part before
 * @param listing filled in; empty if the answer is not `ok`
 * @returns FsStatus.ok, notFound, notADirectory, badPath or badCursor; or as every call of packages.ts
 */
export function listDirectory(
  service: u32,
  path: usize,
  pathLength: u32,
  cursor: u32,
  listing: Listing,
): i32 {
  listing.fill(null);
  const params = PackageFsListParamsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  params.setPath(path, pathLength);
  params.cursor = cursor;
  const length = callService(service, PackageFsMethod.list, NO_SLOT, 0);
  if (length < 0) {
    return length;
  }
  const results = PackageFsListResults.open(messagePage(), length);
  if (results === null) {
    return MALFORMED_REPLY;
  }
  if (results.status !== FsStatus.ok) {
    return results.status;
  }
  listing.fill(results);
  return FsStatus.ok;
}
