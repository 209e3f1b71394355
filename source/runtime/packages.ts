/**
 * The package file system as functions (source/idl/package_fs.capnp): each is one call to packagefsd, and gives one
 * number (client.ts). What else a call found is read by the small functions behind it, until the next call.
 * Reached from nexus-init (fetch.ts) and the programs; goes on in client.ts.
 *
 * packagefsd may end and be started again. What asks for nothing but an answer is asked once more then; memory that was
 * attached is attached again; and a file that was open is not: to read from it gives PeerGone, later badFile, and it is
 * for the caller to open it anew.
 */
import { Right } from "abi/handle";
import { MESSAGE_BYTES_MAX } from "abi/message";
import { Refusal } from "abi/refusal";
import { NO_SLOT } from "abi/syscall";
import {
  EntryKind,
  FsSource,
  FsStatus,
  PackageFsAttachParamsBuilder,
  PackageFsAttachResults,
  PackageFsCloseParamsBuilder,
  PackageFsCloseResults,
  PackageFsInfoParamsBuilder,
  PackageFsInfoResults,
  PackageFsMethod,
  PackageFsOpenParamsBuilder,
  PackageFsOpenResults,
  PackageFsReadParamsBuilder,
  PackageFsReadResults,
  PackageFsStatParamsBuilder,
  PackageFsStatResults,
} from "gen/idl/package_fs";
import { SHA256_DIGEST_BYTES } from "sha256/sha256";
import { callService, MALFORMED_REPLY } from "./client";
import { messagePage } from "./ipc";

let file: u32 = 0;
let size: u64 = 0;
let kind: EntryKind = EntryKind.file;
let bytesRead: u32 = 0;
let fsSource: FsSource = FsSource.fixtures;
const hash: usize = memory.data(32, 8);

/** What was attached last, and where. */
let attachedAt: u32 = NO_SLOT;
let attachedVmo: u32 = NO_SLOT;
let attachedBytes: u64 = 0;

/**
 * Asks for nothing but an answer; once more if the service ended meanwhile. The question still stands in the message page
 * then: only an answer is written there.
 */
function ask(service: u32, method: u32): i32 {
  const length = callService(service, method, NO_SLOT, 0);
  return length === Refusal.PeerGone ? callService(service, method, NO_SLOT, 0) : length;
}

/** Opens a file. After it: `openedFile()`, `fileSize()`. */
export function openFile(service: u32, path: usize, pathLength: u32): i32 {
  PackageFsOpenParamsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX).setPath(path, pathLength);
  const length = ask(service, PackageFsMethod.open);
  if (length < 0) return length;
  const results = PackageFsOpenResults.open(messagePage(), length);
  if (results === null) return MALFORMED_REPLY;
  file = results.file;
  size = results.size;
  return results.status;
}

/** What lies at a path. After it: `fileKind()`, `fileSize()`, `fileHash()`. */
export function statPath(service: u32, path: usize, pathLength: u32): i32 {
  PackageFsStatParamsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX).setPath(path, pathLength);
  const length = ask(service, PackageFsMethod.stat);
  if (length < 0) return length;
  const results = PackageFsStatResults.open(messagePage(), length);
  if (results === null) return MALFORMED_REPLY;
  kind = results.kind;
  size = results.size;
  memory.fill(hash, 0, SHA256_DIGEST_BYTES);
  if (results.status === FsStatus.ok && kind === EntryKind.file) {
    if (results.hashLength !== SHA256_DIGEST_BYTES) return MALFORMED_REPLY;
    memory.copy(hash, results.hashStart, SHA256_DIGEST_BYTES);
  }
  return results.status;
}

/** Reads up to `length` bytes of an open file to `into` in the attached memory object. After it: `readBytes()`. */
export function readFile(service: u32, from: u32, offset: u64, length: u32, into: u64): i32 {
  const outcome = askRead(service, from, offset, length, into);
  if (outcome !== FsStatus.notAttached || service !== attachedAt) return outcome;
  // It was: to an earlier life of the service, or before others needed its place.
  const again = askAttach(service, attachedVmo, attachedBytes);
  return again === FsStatus.ok ? askRead(service, from, offset, length, into) : again;
}

function askRead(service: u32, from: u32, offset: u64, length: u32, into: u64): i32 {
  const params = PackageFsReadParamsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  params.file = from;
  params.offset = offset;
  params.length = length;
  params.into = into;
  const replyLength = callService(service, PackageFsMethod.read, NO_SLOT, 0);
  if (replyLength < 0) return replyLength;
  const results = PackageFsReadResults.open(messagePage(), replyLength);
  // More than was asked for is a lie that would lead the caller out of its buffer.
  if (results === null || results.bytes > length) return MALFORMED_REPLY;
  bytesRead = results.bytes;
  return results.status;
}

/** Gives an open file back. */
export function closeFile(service: u32, which: u32): i32 {
  PackageFsCloseParamsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX).file = which;
  const length = callService(service, PackageFsMethod.close, NO_SLOT, 0);
  if (length < 0) return length;
  const results = PackageFsCloseResults.open(messagePage(), length);
  return results === null ? MALFORMED_REPLY : <i32>results.status;
}

/**
 * Shares the first `bytes` bytes of a memory object: `readFile` writes there from now on. The slot has to stay what it is
 * for as long as files are read.
 */
export function attachMemory(service: u32, vmo: u32, bytes: u64): i32 {
  attachedAt = service;
  attachedVmo = vmo;
  attachedBytes = bytes;
  const outcome = askAttach(service, vmo, bytes);
  return outcome === Refusal.PeerGone ? askAttach(service, vmo, bytes) : outcome;
}

function askAttach(service: u32, vmo: u32, bytes: u64): i32 {
  PackageFsAttachParamsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX).bytes = bytes;
  const length = callService(service, PackageFsMethod.attach, vmo, Right.Read | Right.Write);
  if (length < 0) return length;
  const results = PackageFsAttachResults.open(messagePage(), length);
  return results === null ? MALFORMED_REPLY : <i32>results.status;
}

/** What is mounted. After it: `mountedFrom()`. */
export function packageInfo(service: u32): i32 {
  PackageFsInfoParamsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  const length = ask(service, PackageFsMethod.info);
  if (length < 0) return length;
  const results = PackageFsInfoResults.open(messagePage(), length);
  if (results === null) return MALFORMED_REPLY;
  fsSource = results.source;
  return results.status;
}

/** The number of the file that was opened last. */
export function openedFile(): u32 {
  return file;
}

/** Bytes of the file that was opened or looked up last. */
export function fileSize(): u64 {
  return size;
}

/** What the path that was looked up last names. */
export function fileKind(): EntryKind {
  return kind;
}

/** The address of the SHA-256 of the file that was looked up last. */
export function fileHash(): usize {
  return hash;
}

/** How many bytes the last `readFile` brought. */
export function readBytes(): u32 {
  return bytesRead;
}

/** Where the files come from, as `packageInfo` heard. */
export function mountedFrom(): FsSource {
  return fsSource;
}

/** A status of the service as source/idl/package_fs.capnp spells it. */
export function fsStatusName(status: i32): string {
  switch (status) {
    case FsStatus.ok:
      return "ok";
    case FsStatus.badMessage:
      return "badMessage";
    case FsStatus.unknownMethod:
      return "unknownMethod";
    case FsStatus.notFound:
      return "notFound";
    case FsStatus.badPath:
      return "badPath";
    case FsStatus.notAFile:
      return "notAFile";
    case FsStatus.notADirectory:
      return "notADirectory";
    case FsStatus.badFile:
      return "badFile";
    case FsStatus.tooManyFiles:
      return "tooManyFiles";
    case FsStatus.badLength:
      return "badLength";
    case FsStatus.notAttached:
      return "notAttached";
    case FsStatus.attachRefused:
      return "attachRefused";
    case FsStatus.outOfMemoryObject:
      return "outOfMemoryObject";
    case FsStatus.corrupt:
      return "corrupt";
    case FsStatus.deviceError:
      return "deviceError";
    case FsStatus.badCursor:
      return "badCursor";
    default:
      return "a malformed reply";
  }
}
