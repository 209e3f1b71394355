/**
 * What is in a directory of the package file system (source/idl/package_fs.capnp, `list`). Entries come a few at a time,
 * and lie in the message page until the next call of any service. Goes on in client.ts.
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

let listed: PackageFsListResults | null = null;
let following: u32 = 0;

/** The entries of a directory from `cursor` on; 0 begins. After it: `entryCount()`, `entry()`, `nextCursor()`. */
export function listDirectory(service: u32, path: usize, pathLength: u32, cursor: u32): i32 {
  const params = PackageFsListParamsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  params.setPath(path, pathLength);
  params.cursor = cursor;
  listed = null;
  following = 0;
  const length = callService(service, PackageFsMethod.list, NO_SLOT, 0);
  if (length < 0) return length;
  const results = PackageFsListResults.open(messagePage(), length);
  if (results === null) return MALFORMED_REPLY;
  if (results.status !== FsStatus.ok) return results.status;
  listed = results;
  following = results.next;
  return FsStatus.ok;
}

export function entryCount(): u32 {
  const results = listed;
  return results === null ? 0 : results.entriesLength;
}

/** Entry `index`, or null behind the last. */
export function entry(index: u32): Entry | null {
  const results = listed;
  return results === null || index >= results.entriesLength ? null : results.entries(index);
}

/** Where to go on; 0 after the last entry. */
export function nextCursor(): u32 {
  return following;
}
