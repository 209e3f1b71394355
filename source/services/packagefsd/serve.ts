/**
 * The methods of package_fs.capnp: checks and answers the requests of clients. Reached from main.ts, whose service loop
 * calls it; goes on in libs/pkgimg (path → entry) and blocks.ts (block → verified bytes).
 *
 * Requests, answers and calls to the block service all use the same message page. So each method takes the parameters
 * out of the page first, then does the work, and builds the answer last.
 */
import { Right } from "abi/handle";
import { MESSAGE_BYTES_MAX } from "abi/message";
import { NO_SLOT } from "abi/syscall";
import { finishMessage } from "capnp/build";
import {
  EntryKind,
  FsSource,
  FsStatus,
  PackageFsAttachParams,
  PackageFsAttachResultsBuilder,
  PackageFsCloseParams,
  PackageFsInfoParams,
  PackageFsInfoResultsBuilder,
  PackageFsListParams,
  PackageFsMethod,
  PackageFsOpenParams,
  PackageFsOpenResultsBuilder,
  PackageFsReadParams,
  PackageFsReadResultsBuilder,
  PackageFsShareParams,
  PackageFsShareResultsBuilder,
  PackageFsStatParams,
  PackageFsStatResultsBuilder,
  VERSION,
} from "gen/idl/package_fs";
import { HASH_BYTES, ImageError, PATH_BYTES_MAX } from "pkgimg/format";
import { find as findEntry, firstChild } from "pkgimg/index";
import { pathError } from "pkgimg/path";
import { NO_ENTRY } from "pkgimg/reader";
import { messagePage } from "runtime/ipc";
import { Outcome, Request } from "runtime/service";
import { cacheHits, cacheMisses, isOnDisk, mounted, takeLater } from "./blocks";
import { attach, clientOf, fileOf, fileWith, knownClient, openFile } from "./clients";
import { deliver } from "./content";
import { BLOCK_BYTES, READ_BYTES_MAX, SHARED_BYTES } from "./limits";
import { list } from "./list";
import { defer } from "./reads/waiting";
import { fillShare, findShare, newShare } from "./shares";

/** The path of the request that is handled: a copy, so that the page is free for the answer. */
const path = memory.data(PATH_BYTES_MAX, 8);

/** No answer has this length: the request has to wait. */
const LATER: u32 = 0;

/** In an OpenFile: there is no last read to go on from. No offset in a file is this large. */
const NOWHERE: u64 = u64.MAX_VALUE;

/**
 * Handles one request of a client as far as its blocks are there. Deferred, if it has to wait for one of them: it is handled
 * again later, from its start (resume.ts).
 */
export function onRequest(request: Request): Outcome {
  if (request.w0 === <u64>PackageFsMethod.share) {
    return onShare(request);
  }
  const length = dispatch(request);
  return length === LATER ? defer(request) : request.answer(length, 0, 0);
}

/** The length of the answer in the message page. */
function dispatch(request: Request): u32 {
  if (request.w0 >= <u64>PackageFsMethod.share) {
    return refuse(FsStatus.unknownMethod);
  }
  switch (<u32>request.w0) {
    case PackageFsMethod.open:
      return onOpen(request);
    case PackageFsMethod.stat:
      return onStat(request);
    case PackageFsMethod.read:
      return onRead(request);
    case PackageFsMethod.list:
      return onList(request);
    case PackageFsMethod.close:
      return onClose(request);
    case PackageFsMethod.attach:
      return onAttach(request);
    default:
      return onInfo(request);
  }
}

/**
 * An answer with only a status. Every result begins with it, so this is a valid result of every method. LATER, if the
 * request failed only because a block is still on its way.
 */
function refuse(status: FsStatus): u32 {
  if (takeLater()) {
    return LATER;
  }
  const results = PackageFsAttachResultsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  results.status = status;
  return finishMessage();
}

function onOpen(request: Request): u32 {
  const params = PackageFsOpenParams.open(messagePage(), request.bytes);
  if (params === null) {
    return refuse(FsStatus.badMessage);
  }
  const pathLength = params.pathLength;
  const status = takePath(params.pathStart, pathLength);
  if (status !== FsStatus.ok) {
    return refuse(status);
  }
  if (pathLength === 0) {
    return refuse(FsStatus.notAFile);
  }

  const image = mounted();
  if (findEntry(image, path, pathLength) === NO_ENTRY) {
    return refuse(noFileStatus(pathLength));
  }
  const client = clientOf(request.badge);
  const stored = image.isCompressed ? image.storedBytes : 0;
  const file = openFile(client, image.byteOffset, image.byteLength, stored);
  if (file === null) {
    return refuse(FsStatus.tooManyFiles);
  }

  const results = PackageFsOpenResultsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  results.file = file.number;
  results.size = file.size;
  return finishMessage();
}

/**
 * Why there is no file at `path` (`pathLength` bytes): it is a directory, there is nothing, or the index could not be
 * read.
 */
function noFileStatus(pathLength: u32): FsStatus {
  const image = mounted();
  if (image.error !== ImageError.None) {
    return statusOf(image.error);
  }
  if (firstChild(image, path, pathLength) !== NO_ENTRY) {
    return FsStatus.notAFile;
  }
  return image.error === ImageError.None ? FsStatus.notFound : statusOf(image.error);
}

function onStat(request: Request): u32 {
  const params = PackageFsStatParams.open(messagePage(), request.bytes);
  if (params === null) {
    return refuse(FsStatus.badMessage);
  }
  const pathLength = params.pathLength;
  const status = takePath(params.pathStart, pathLength);
  if (status !== FsStatus.ok) {
    return refuse(status);
  }

  const image = mounted();
  if (pathLength !== 0 && findEntry(image, path, pathLength) !== NO_ENTRY) {
    const results = PackageFsStatResultsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
    results.kind = EntryKind.file;
    results.size = image.byteLength;
    results.setHash(image.contentHash, HASH_BYTES);
    return finishMessage();
  }
  const reason = pathLength === 0 ? FsStatus.notAFile : noFileStatus(pathLength);
  if (reason !== FsStatus.notAFile) {
    return refuse(reason);
  }
  const results = PackageFsStatResultsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  results.kind = EntryKind.directory;
  return finishMessage();
}

function onRead(request: Request): u32 {
  const params = PackageFsReadParams.open(messagePage(), request.bytes);
  if (params === null) {
    return refuse(FsStatus.badMessage);
  }
  const number = params.file;
  const offset = params.offset;
  const length = params.length;
  const into = params.into;

  const client = knownClient(request.badge);
  if (client === null) {
    return refuse(FsStatus.badFile);
  }
  const file = fileOf(client, number);
  if (file === null) {
    return refuse(FsStatus.badFile);
  }
  if (length > READ_BYTES_MAX) {
    return refuse(FsStatus.badLength);
  }
  const attached = <u64>client.attachedBytes;
  if (attached === 0) {
    return refuse(FsStatus.notAttached);
  }
  const rest: u64 = offset < file.size ? file.size - offset : 0;
  const bytes = <u32>min<u64>(length, rest);
  if (into > attached || <u64>bytes > attached - into) {
    return refuse(FsStatus.outOfMemoryObject);
  }

  if (bytes !== 0) {
    // The client reads in sequence, so blocks of the next reads are fetched along with this one.
    const isSequential = offset === file.expected;
    // If this read fails, the blocks fetched along with it may be the cause: the next try fetches none.
    file.expected = NOWHERE;
    // The offset is below the file's size, so it fits a u32 from here on (libs/pkgimg: a file has at most 1 GiB).
    const target = client.window + <usize>into;
    const error = deliver(file, <u32>offset, bytes, isSequential, target);
    if (error !== ImageError.None) {
      return refuse(statusOf(error));
    }
    file.expected = offset + <u64>bytes;
  }
  const results = PackageFsReadResultsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  results.bytes = bytes;
  return finishMessage();
}

/** `refuse` as the outcome of a request. */
export function refused(request: Request, status: FsStatus): Outcome {
  const length = refuse(status);
  return length === LATER ? defer(request) : request.answer(length, 0, 0);
}

/** The only method whose answer takes a capability along. */
function onShare(request: Request): Outcome {
  const params = PackageFsShareParams.open(messagePage(), request.bytes);
  if (params === null) {
    return refused(request, FsStatus.badMessage);
  }
  const offset = params.offset;
  const file = fileWith(request.badge, params.file);
  if (file === null) {
    return refused(request, FsStatus.badFile);
  }
  if (offset % <u64>SHARED_BYTES !== 0 || offset >= file.size) {
    return refused(request, FsStatus.badOffset);
  }
  const index = <u32>(offset / <u64>SHARED_BYTES);
  const bytes = <u32>min<u64>(SHARED_BYTES, file.size - offset);
  let share = findShare(file, index);
  if (share === null) {
    share = newShare(bytes);
    if (share === null) {
      return refused(request, FsStatus.notShared);
    }
    const error = fillShare(share, file, index, bytes);
    if (error !== ImageError.None) {
      return refused(request, statusOf(error));
    }
  }
  const results = PackageFsShareResultsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  results.bytes = bytes;
  return request.answerWithSlot(finishMessage(), share.slot, Right.Read);
}

function onList(request: Request): u32 {
  const params = PackageFsListParams.open(messagePage(), request.bytes);
  if (params === null) {
    return refuse(FsStatus.badMessage);
  }
  const cursor = params.cursor;
  const pathLength = params.pathLength;
  const status = takePath(params.pathStart, pathLength);
  if (status !== FsStatus.ok) {
    return refuse(status);
  }
  const image = mounted();
  const outcome = list(image, path, pathLength, cursor);
  if (outcome === FsStatus.ok) {
    return finishMessage();
  }
  return refuse(image.error === ImageError.None ? outcome : statusOf(image.error));
}

function onClose(request: Request): u32 {
  const params = PackageFsCloseParams.open(messagePage(), request.bytes);
  if (params === null) {
    return refuse(FsStatus.badMessage);
  }
  const file = fileWith(request.badge, params.file);
  if (file === null) {
    return refuse(FsStatus.badFile);
  }
  file.open = 0;
  return refuse(FsStatus.ok);
}

function onAttach(request: Request): u32 {
  const params = PackageFsAttachParams.open(messagePage(), request.bytes);
  if (params === null) {
    return refuse(FsStatus.badMessage);
  }
  const bytes = params.bytes;
  if (request.slot === NO_SLOT) {
    return refuse(FsStatus.attachRefused);
  }
  const attached = attach(clientOf(request.badge), request.slot, bytes);
  return refuse(attached ? FsStatus.ok : FsStatus.attachRefused);
}

function onInfo(request: Request): u32 {
  if (PackageFsInfoParams.open(messagePage(), request.bytes) === null) {
    return refuse(FsStatus.badMessage);
  }
  const image = mounted();
  const results = PackageFsInfoResultsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  results.source = isOnDisk() ? FsSource.disk : FsSource.fixtures;
  results.files = image.entryCount;
  results.blocks = image.blockCount;
  results.blockSize = BLOCK_BYTES;
  results.version = VERSION;
  results.cacheHits = cacheHits();
  results.cacheMisses = cacheMisses();
  return finishMessage();
}

/** Takes the path of a request out of the message page and checks it. The empty path is the root directory. */
function takePath(start: usize, length: u32): FsStatus {
  if (length > PATH_BYTES_MAX) {
    return FsStatus.badPath;
  }
  if (length === 0) {
    return FsStatus.ok;
  }
  memory.copy(path, start, <usize>length);
  return pathError(path, length) === ImageError.None ? FsStatus.ok : FsStatus.badPath;
}

/** The status for a client if a block cannot be read. */
function statusOf(error: ImageError): FsStatus {
  return error === ImageError.Io ? FsStatus.deviceError : FsStatus.corrupt;
}
