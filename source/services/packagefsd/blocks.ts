/**
 * Verified blocks: the only way by which content of the image reaches a client. Reached from serve.ts and, for the
 * index, from libs/pkgimg; goes on in cache.ts and disk.ts.
 *
 *     disk ──DMA──▶ staging ──copy──▶ a blank line ──hash tree──▶ published ──▶ find
 *                   (shared)          (ours alone)
 *
 * A block is copied out of shared memory first, and the copy is verified, so a device that writes late or twice cannot
 * change what was verified. Blocks of the hash tree become lines too; libs/pkgimg verifies them against the level
 * above, and only then are they published. The fixtures go the same way, with a mapped image in place of the disk.
 */
import { BlkStatus } from "gen/idl/virtio_blk";
import { BLOCK_BYTES as IMAGE_BLOCK_BYTES, ImageError, LEVELS_MAX } from "pkgimg/format";
import { IMAGE_STATE_BYTES, Image } from "pkgimg/reader";
import { addressOf, clear, contains, find, publish, release, take } from "./cache";
import { stagedAt } from "./disk";
import {
  BLOCK_BYTES,
  BLOCK_SHIFT,
  FIXTURES_ADDRESS,
  LINE_COUNT,
  READ_BYTES_MAX,
  STAGING_BLOCKS,
} from "./limits";
import { keepMessage } from "./reads/kept";
import { awaitRead, leaveSlowReads } from "./reads/reads";
import { activeReads, Read, readOf, startRead } from "./reads/table";
import { reportBlock, reportReadAgain } from "./report";

if (IMAGE_BLOCK_BYTES !== BLOCK_BYTES) {
  ERROR("a cache line holds one block of the image");
}
// A read asks for at most this many blocks, and they have to stay in the cache until they are copied. Only the blocks
// that were read ahead behind them, and the tree blocks that verified them, are newer in the order of use.
if (READ_BYTES_MAX / BLOCK_BYTES + 1 + STAGING_BLOCKS + 4 * LEVELS_MAX > LINE_COUNT) {
  ERROR("one read could push out its own blocks");
}

const image = changetype<Image>(memory.data(IMAGE_STATE_BYTES, 16));
/** Lines that hold tree blocks that are not verified yet: at most one a level. */
const pendingLines = memory.data(LEVELS_MAX * 4, 8);
const pendingBlocks = memory.data(LEVELS_MAX * 4, 8);
let pendingCount: u32 = 0;

/** Whether blocks come from the disk; otherwise from the image that is mapped at FIXTURES_ADDRESS. */
let onDisk: bool = false;
/** Whether the image is mounted. Until then, mount.ts reports what is wrong with it. */
let isServing: bool = false;
let hitCount: u64 = 0;
let missCount: u64 = 0;

/** Whether the last block that could not be had is on its way, and by which read; null: when another one has ended. */
let isLater: bool = false;
let awaited: Read | null = null;

/** How the last `fetch` ended: whether it failed, and what its read was the second try for. */
let hasFailed: bool = false;
let doubt: ImageError = ImageError.None;
let doubtful: u32 = 0;

/**
 * Opens the image on the disk, or the one that is mapped as fixtures: reads and checks the superblock.
 *
 * @param blocksAvailable how many blocks there are to read
 */
export function openImage(fromDisk: bool, blocksAvailable: u32): ImageError {
  onDisk = fromDisk;
  isServing = false;
  hitCount = 0;
  missCount = 0;
  pendingCount = 0;
  clear();
  const error = image.openCached(rawBlock, indexBlock, blocksAvailable);
  // The superblock is held by the image itself, and stands outside the tree.
  dropPending();
  return error;
}

/** The image, which asks this file for its blocks. */
export function mounted(): Image {
  return image;
}

/** The image is mounted: from now on, each block that does not verify is reported when it is found. */
export function startServing(): void {
  isServing = true;
  leaveSlowReads();
}

/**
 * Whether the request that was just handled failed only because its next block is still on its way (`awaitedRead`). Then
 * it can be handled again later. True once for each such request.
 */
export function takeLater(): bool {
  const later = isLater;
  isLater = false;
  return later;
}

/** The read that this request has to wait for; null: any that ends. */
export function awaitedRead(): Read | null {
  return awaited;
}

/** Whether the image is on the disk. */
export function isOnDisk(): bool {
  return onDisk;
}

/** Blocks that were asked for and were in the cache. */
export function cacheHits(): u64 {
  return hitCount;
}

/** Blocks that were asked for and had to be fetched. */
export function cacheMisses(): u64 {
  return missCount;
}

/**
 * Brings `count` content blocks from `first` on into the cache, verified. They stay there, for `find`, until the next
 * call. A block that does not match its hash may have been damaged on its way, so it is read from the disk once more.
 *
 * @param count at most READ_BYTES_MAX in blocks, and one
 * @param end where the requests to the disk may read on to, behind the last block that is asked for
 * @returns why the first bad block is bad; then the caller must use none of the blocks
 */
export function ensure(first: u32, count: u32, end: u32): ImageError {
  const last = first + count;
  let block = first;
  doubt = ImageError.None;
  while (block < last) {
    if (find(block) !== 0) {
      hitCount++;
      block++;
      continue;
    }
    // While a read takes long, nothing is read ahead.
    const run = absentRun(block, activeReads() === 0 ? max<u32>(end, last) : last);
    const brought = fetch(block, run, min<u32>(run, last - block));
    missCount += brought;
    block += brought;
    if (doubt !== ImageError.None && brought !== 0) {
      reportReadAgain(doubt, doubtful);
      doubt = ImageError.None;
    }
    if (!hasFailed) {
      continue;
    }
    const error = image.error;
    if (!onDisk || error === ImageError.Io || doubt !== ImageError.None) {
      return refuse(error);
    }
    doubt = error;
    doubtful = image.errorBlock;
  }
  // The error may be about a block that is good now, or that was only read ahead. The caller must not see it.
  image.clearError();
  return ImageError.None;
}

/** The address of a block that a client asks for alone, if the cache has it; else 0. */
export function findHit(block: u32): usize {
  const line = find(block);
  if (line !== 0) {
    hitCount++;
  }
  return line;
}

/** Reports a bad block of a mounted image. Until it is mounted, mount.ts reports. */
function refuse(error: ImageError): ImageError {
  if (isServing && error !== ImageError.Io) {
    reportBlock(error, image.errorBlock);
  }
  return error;
}

/**
 * How many blocks from `block` on, up to `end`, one request brings: it stops before the first that the cache already
 * holds.
 */
function absentRun(block: u32, end: u32): u32 {
  const most = min<u32>(end - block, STAGING_BLOCKS);
  let run: u32 = 1;
  while (run < most && !contains(block + run)) {
    run++;
  }
  return run;
}

/**
 * Fetches up to `count` blocks by one request and publishes those that verify. If one of those that were asked for does not
 * come or does not verify, `hasFailed`, and the image says what is wrong with the next.
 *
 * @param needed how many of them were asked for; an error in the others, which are only read ahead, fails no request
 * @returns how many of the needed blocks are published: at least one, unless it failed
 */
function fetch(block: u32, count: u32, needed: u32): u32 {
  hasFailed = false;
  if (!onDisk) {
    return takeBlocks(block, fixtureAt(block), count, needed);
  }
  const read = obtain(block, count, needed);
  if (read === null) {
    image.refuseBlock(ImageError.Io, block);
    hasFailed = true;
    return 0;
  }
  doubt = read.doubt;
  doubtful = read.doubtful;
  read.hold();
  const here = min<u32>(count, read.block + read.count - block);
  const done = takeBlocks(block, stagedAt(read.placeOf(block)), here, min<u32>(needed, here));
  if (isLater && hasFailed) {
    // The tree blocks above are not there yet. Then these blocks are taken once more.
    read.release();
  } else {
    isLater = false;
    read.free();
  }
  return done;
}

/** Copies `count` blocks from `source` into lines, and publishes those that verify. Returns how many of the needed ones. */
function takeBlocks(block: u32, source: usize, count: u32, needed: u32): u32 {
  for (let i: u32 = 0; i < count; i++) {
    const index = take();
    memory.copy(addressOf(index), source + ((<usize>i) << BLOCK_SHIFT), <usize>BLOCK_BYTES);
    if (image.verify(block + i, addressOf(index)) !== ImageError.None) {
      release(index);
      dropPending();
      hasFailed = i < needed;
      return min<u32>(i, needed);
    }
    publish(index, block + i);
    publishPending();
  }
  return needed;
}

/**
 * A read that has brought `block`, and up to `count` blocks from there on. Null: there is none, or it is still under way
 * (`isLater`).
 *
 * Only an error that the device itself reported leads to a second request, for only the first `needed`: the bad sector may
 * lie behind them, and the second answer comes soon. If the device was silent, a second request could double the time that
 * the client waits.
 */
function obtain(block: u32, count: u32, needed: u32): Read | null {
  const read = endedRead(block, count);
  if (read === null || !read.hasFailed) {
    return read;
  }
  const mayLieBehind = read.status === <i32>BlkStatus.deviceError && block + needed < read.block + read.count;
  forget(read);
  if (!mayLieBehind) {
    return null;
  }
  const second = newRead(block, needed);
  if (second === null || !second.hasFailed) {
    return second;
  }
  forget(second);
  return null;
}

/** The read that has ended with this block; one that is new, if nothing brings it. */
function endedRead(block: u32, count: u32): Read | null {
  isLater = false;
  const known = readOf(block);
  if (known === null) {
    return newRead(block, count);
  }
  return known.isActive ? later(known) : known;
}

function newRead(block: u32, count: u32): Read | null {
  const read = startRead(block, count, doubt, doubtful);
  return read !== null && awaitRead(read) ? read : later(read);
}

/** The request has to wait for this read; null: for any. */
function later(read: Read | null): Read | null {
  keepMessage();
  isLater = true;
  awaited = read;
  return null;
}

/** A read that failed is forgotten, unless others wait to be told. */
function forget(read: Read): void {
  if (read.waiters === 0) {
    read.free();
  }
}

/**
 * For the image: a block of the superblock or the tree, not verified. The image's verdict decides whether its line is
 * published.
 */
function rawBlock(block: u32): usize {
  const known = find(block);
  if (known !== 0) {
    return known;
  }
  const read = onDisk ? obtain(block, 1, 1) : null;
  if (onDisk && read === null) {
    return 0;
  }
  const index = take();
  const source = read === null ? fixtureAt(block) : stagedAt(read.placeOf(block));
  memory.copy(addressOf(index), source, <usize>BLOCK_BYTES);
  if (read !== null) {
    read.free();
  }
  assert(pendingCount < LEVELS_MAX);
  store<u32>(pendingLines + <usize>(pendingCount << 2), index);
  store<u32>(pendingBlocks + <usize>(pendingCount << 2), block);
  pendingCount++;
  return addressOf(index);
}

/**
 * For the image: a verified block of its index or strings. Mounting checks them from front to back, so if a block's
 * predecessor was just read, its successors are read ahead.
 */
function indexBlock(block: u32): usize {
  const isSequential = block === 1 || contains(block - 1);
  const end = isSequential ? image.dataBlock : block + 1;
  return ensure(block, 1, end) === ImageError.None ? find(block) : 0;
}

/** The tree blocks on the way to a block that verified are verified themselves. */
function publishPending(): void {
  for (let i: u32 = 0; i < pendingCount; i++) {
    publish(load<u32>(pendingLines + <usize>(i << 2)), load<u32>(pendingBlocks + <usize>(i << 2)));
  }
  pendingCount = 0;
}

function dropPending(): void {
  for (let i: u32 = 0; i < pendingCount; i++) {
    release(load<u32>(pendingLines + <usize>(i << 2)));
  }
  pendingCount = 0;
}

/** Where a block of the mapped fixtures is. */
function fixtureAt(block: u32): usize {
  return FIXTURES_ADDRESS + ((<usize>block) << BLOCK_SHIFT);
}
