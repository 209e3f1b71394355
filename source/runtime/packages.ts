/**
 * The package file system as functions (source/idl/package_fs.capnp): each is one call to packagefsd, and gives one
 * number (client.ts): 0 for done (FsStatus.ok), positive for another FsStatus, negative for a Refusal, or
 * MALFORMED_REPLY. `fsStatusName` and names.ts have words for them. Other results go into an object of the caller's:
 *
 *     const file = changetype<File>(memory.data(offsetof<File>(), 8));
 *
 *     attachMemory(service, vmo, bytes);                    // once: readFile writes into this memory
 *     openFile(service, path, pathLength, file);            // file.size: how long it is
 *     readFile(service, file, offset, length, into);        // file.bytesRead: how much came
 *     shareFile(service, file, offset, piece);              // piece.vmo: the pages themselves, to be mapped and read
 *     closeFile(service, file);
 *
 * A path is UTF-8 without a slash at its ends ("fixtures/hello.txt"), given as its address and its length in bytes.
 * Reached from nexus-init (fetch.ts) and the programs; goes on in client.ts.
 *
 * packagefsd may end and be started again. Then these functions repeat a call that only asks for an answer, and attach
 * memory again. They do not open a file again: reading from it gives PeerGone, later badFile, and the caller has to
 * open it anew.
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
  PackageFsShareParamsBuilder,
  PackageFsShareResults,
  PackageFsStatParamsBuilder,
  PackageFsStatResults,
  SHARED_BYTES,
} from "gen/idl/package_fs";
import { HASH_BYTES } from "pkgimg/format";
import { callService, callServiceForSlot, dropReceived, MALFORMED_REPLY, receivedSlot } from "./client";
import { messagePage } from "./ipc";

/** An open file: `openFile` fills it in, `readFile` and `closeFile` take it. */
@unmanaged
@final
export class File {
  /** Bytes of its content. */
  size: u64;
  /** How packagefsd knows the file, until `closeFile`. */
  number: u32;
  /**
   * Bytes that the last `readFile` brought: fewer than asked for only at the end of the file; 0 behind the end or on
   * failure.
   */
  bytesRead: u32;
}

/** A piece of a file, as `shareFile` shares it. */
@unmanaged
@final
export class Piece {
  /** The memory object, which can be mapped to be read. It is the caller's to drop. */
  vmo: u32;
  /** How many of its bytes are the file's, up to SHARED_BYTES: the others of the last page are zeros. */
  bytes: u32;
}

/** What `statPath` finds at a path. */
@unmanaged
@final
export class Stat {
  /** Bytes of a file's content; 0 for a directory. */
  size: u64;
  kind: EntryKind;
  private reserved: u32;
  private hash0: u64;
  private hash1: u64;
  private hash2: u64;
  private hash3: u64;

  /** The address of the hash of a file's content (pkgimg/format), HASH_BYTES long; zeros for a directory. */
  get hash(): usize {
    return changetype<usize>(this) + offsetof<Stat>("hash0");
  }
}
if (offsetof<Stat>() - offsetof<Stat>("hash0") !== HASH_BYTES) {
  ERROR("a Stat ends with its hash");
}

/** What `packageInfo` finds: where the files come from, and how many there are. */
@unmanaged
@final
export class PackageInfo {
  source: FsSource;
  fileCount: u32;
}

/** The memory object that was attached last, and the service it was attached at. */
let attachedAt: u32 = NO_SLOT;
let attachedVmo: u32 = NO_SLOT;
let attachedBytes: u64 = 0;

/**
 * Makes a call that only asks for an answer, and repeats it if the service ended meanwhile. The message page still
 * holds the question then: only an answer overwrites it.
 */
function ask(service: u32, method: u32): i32 {
  const length = callService(service, method, NO_SLOT, 0);
  return length === Refusal.PeerGone ? callService(service, method, NO_SLOT, 0) : length;
}

/**
 * Opens the file at a path for this task.
 *
 * @param file filled in with `ok`, and left as it is otherwise
 * @returns FsStatus.ok, notFound, notAFile, badPath or tooManyFiles; or as every call here
 */
export function openFile(service: u32, path: usize, pathLength: u32, file: File): i32 {
  PackageFsOpenParamsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX).setPath(path, pathLength);
  const length = ask(service, PackageFsMethod.open);
  if (length < 0) {
    return length;
  }
  const results = PackageFsOpenResults.open(messagePage(), length);
  if (results === null) {
    return MALFORMED_REPLY;
  }
  if (results.status !== FsStatus.ok) {
    return results.status;
  }
  file.number = results.file;
  file.size = results.size;
  file.bytesRead = 0;
  return FsStatus.ok;
}

/**
 * What lies at a path, a file or a directory.
 *
 * @param stat filled in with `ok`, and left as it is otherwise
 * @returns FsStatus.ok, notFound or badPath; or as every call here
 */
export function statPath(service: u32, path: usize, pathLength: u32, stat: Stat): i32 {
  PackageFsStatParamsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX).setPath(path, pathLength);
  const length = ask(service, PackageFsMethod.stat);
  if (length < 0) {
    return length;
  }
  const results = PackageFsStatResults.open(messagePage(), length);
  if (results === null) {
    return MALFORMED_REPLY;
  }
  if (results.status !== FsStatus.ok) {
    return results.status;
  }
  const isFile = results.kind === EntryKind.file;
  if (isFile && results.hashLength !== HASH_BYTES) {
    return MALFORMED_REPLY;
  }
  stat.kind = results.kind;
  stat.size = results.size;
  if (isFile) {
    memory.copy(stat.hash, results.hashStart, HASH_BYTES);
  } else {
    memory.fill(stat.hash, 0, HASH_BYTES);
  }
  return FsStatus.ok;
}

/**
 * Reads a part of an open file into the attached memory object. `file.bytesRead` says how much came.
 *
 * @param offset where to begin in the file, in bytes
 * @param length bytes that are wanted, up to READ_BYTES_MAX
 * @param into where they go in the attached memory object, in bytes from its start
 * @returns FsStatus.ok, badFile, badLength, notAttached, outOfMemoryObject, corrupt or deviceError; or as every call
 * here
 */
export function readFile(service: u32, file: File, offset: u64, length: u32, into: u64): i32 {
  const outcome = askRead(service, file, offset, length, into);
  if (outcome !== FsStatus.notAttached || service !== attachedAt) {
    return outcome;
  }
  // It was attached, but to an earlier life of the service, or other clients needed the record since.
  const again = askAttach(service, attachedVmo, attachedBytes);
  return again === FsStatus.ok ? askRead(service, file, offset, length, into) : again;
}

function askRead(service: u32, file: File, offset: u64, length: u32, into: u64): i32 {
  file.bytesRead = 0;
  const params = PackageFsReadParamsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  params.file = file.number;
  params.offset = offset;
  params.length = length;
  params.into = into;
  const replyLength = callService(service, PackageFsMethod.read, NO_SLOT, 0);
  if (replyLength < 0) {
    return replyLength;
  }
  const results = PackageFsReadResults.open(messagePage(), replyLength);
  // More bytes than were asked for cannot be true, and would lead the caller out of its buffer.
  if (results === null || results.bytes > length) {
    return MALFORMED_REPLY;
  }
  if (results.status === FsStatus.ok) {
    file.bytesRead = results.bytes;
  }
  return results.status;
}

/**
 * Shares a piece of an open file instead of copying it: a memory object whose pages all its readers have in common.
 *
 * @param offset where the piece begins, in bytes: a multiple of SHARED_BYTES below the file's size
 * @param piece filled in with `ok`, and left as it is otherwise
 * @returns FsStatus.ok, badFile, badOffset, corrupt, deviceError, or notShared: as many pieces are in use as there may
 * be, and the file can only be read; or as every call here
 */
export function shareFile(service: u32, file: File, offset: u64, piece: Piece): i32 {
  const params = PackageFsShareParamsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  params.file = file.number;
  params.offset = offset;
  const length = callServiceForSlot(service, PackageFsMethod.share);
  if (length < 0) {
    return length;
  }
  const slot = receivedSlot();
  const results = PackageFsShareResults.open(messagePage(), length);
  if (
    results === null ||
    results.bytes > SHARED_BYTES ||
    (results.status === FsStatus.ok && slot === NO_SLOT)
  ) {
    dropReceived();
    return MALFORMED_REPLY;
  }
  if (results.status !== FsStatus.ok) {
    dropReceived();
    return results.status;
  }
  piece.vmo = slot;
  piece.bytes = results.bytes;
  return FsStatus.ok;
}

/** Gives an open file back: FsStatus.ok or badFile; or as every call here. */
export function closeFile(service: u32, file: File): i32 {
  PackageFsCloseParamsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX).file = file.number;
  const length = callService(service, PackageFsMethod.close, NO_SLOT, 0);
  if (length < 0) {
    return length;
  }
  const results = PackageFsCloseResults.open(messagePage(), length);
  return results === null ? MALFORMED_REPLY : <i32>results.status;
}

/**
 * Shares the first `bytes` bytes of a memory object: `readFile` writes there from now on. The slot has to keep this
 * memory object for as long as the caller reads files.
 *
 * @returns FsStatus.ok or attachRefused; or as every call here
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
  if (length < 0) {
    return length;
  }
  const results = PackageFsAttachResults.open(messagePage(), length);
  return results === null ? MALFORMED_REPLY : <i32>results.status;
}

/**
 * What is mounted.
 *
 * @param info filled in with `ok`, and left as it is otherwise
 */
export function packageInfo(service: u32, info: PackageInfo): i32 {
  PackageFsInfoParamsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  const length = ask(service, PackageFsMethod.info);
  if (length < 0) {
    return length;
  }
  const results = PackageFsInfoResults.open(messagePage(), length);
  if (results === null) {
    return MALFORMED_REPLY;
  }
  if (results.status !== FsStatus.ok) {
    return results.status;
  }
  info.source = results.source;
  info.fileCount = results.files;
  return FsStatus.ok;
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
    case FsStatus.notShared:
      return "notShared";
    case FsStatus.badOffset:
      return "badOffset";
    case FsStatus.busy:
      return "busy";
    default:
      return "a malformed reply";
  }
}
