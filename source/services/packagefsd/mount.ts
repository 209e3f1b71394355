/**
 * Mounting reads the superblock, decides whether to trust it, then checks the whole index and a first block of content.
 * Only after all four it prints the line that says so. Reached from main.ts; goes on in libs/pkgimg and blocks.ts. The
 * caller passes the judge, which is in trust.ts.
 *
 * An image that does not verify is refused and nothing takes its place. The fixtures are for a machine without a disk,
 * and a disk that was tampered with must not look like a missing one.
 */
import { Right } from "abi/handle";
import { Refusal } from "abi/refusal";
import { ImageError, PATH_BYTES_MAX } from "pkgimg/format";
import { checkIndex } from "pkgimg/index";
import { Image } from "pkgimg/reader";
import { createVmo, map, result } from "runtime/call";
import { line, print } from "runtime/log";
import { ensure, mounted, openImage, startServing } from "./blocks";
import { connect, diskAddress, diskBlocks } from "./disk";
import { mapFixtures } from "./fixtures";
import { BLOCK_BYTES, LINE_COUNT, LINES_ADDRESS } from "./limits";
import { beginReads } from "./reads/table";
import { reportImage, reportReadAgain } from "./report";

/** For the index check: the path before the current one. */
const previousPath = memory.data(PATH_BYTES_MAX, 8);

/**
 * Mounts the image on the disk behind `blockService`. False: it was refused, and the console says why.
 *
 * @param judge decides whether to trust an image whose superblock was read
 */
export function mountDisk(blockService: u32, judge: (image: Image) => ImageError): bool {
  if (!mapLines()) {
    return false;
  }
  beginReads();
  const error = connect(blockService)
    ? mount(true, diskBlocks(), judge)
    : mounted().refuseBlock(ImageError.Io, 0);
  if (error !== ImageError.None) {
    return refused();
  }
  startServing();
  print(line().text("pkgfs: mounted from virtio-blk ro"));
  return true;
}

/** Mounts the fixtures in the memory object `fixtures`. False if it holds none, or if they were refused. */
export function mountFixtures(fixtures: u32): bool {
  if (!mapLines()) {
    return false;
  }
  const blocks = mapFixtures(fixtures);
  if (blocks === 0) {
    print(line().text("pkgfs: nothing to mount (no block device, no fixtures)"));
    return false;
  }
  if (mount(false, blocks, believe) !== ImageError.None) {
    return refused();
  }
  startServing();
  print(line().text("pkgfs: mounted from fixtures (no block device)"));
  return true;
}

/**
 * The judge of the fixtures, which accepts every image that could be opened. The fixtures are a part of the kernel's
 * image: an attacker who could change them could change this program as well.
 */
function believe(image: Image): ImageError {
  return image.error;
}

function mount(fromDisk: bool, blocksAvailable: u32, judge: (image: Image) => ImageError): ImageError {
  const image = mounted();
  const superblock = openTrusted(fromDisk, blocksAvailable, judge);
  if (superblock !== ImageError.None) {
    return superblock;
  }
  const index = checkIndex(image, previousPath);
  if (index !== ImageError.None) {
    return index;
  }
  const content = image.dataBlock;
  return content < image.treeBlock ? ensure(content, 1, content + 1) : ImageError.None;
}

/**
 * Reads the superblock and judges it. Like any block (blocks.ts), a refused one may have been damaged on its way from
 * the disk, so it is read once more.
 */
function openTrusted(fromDisk: bool, blocksAvailable: u32, judge: (image: Image) => ImageError): ImageError {
  const first = openJudged(fromDisk, blocksAvailable, judge);
  if (!fromDisk || first === ImageError.None || first === ImageError.Io) {
    return first;
  }
  const second = openJudged(fromDisk, blocksAvailable, judge);
  if (second === ImageError.None) {
    reportReadAgain(first, 0);
  }
  return second;
}

function openJudged(fromDisk: bool, blocksAvailable: u32, judge: (image: Image) => ImageError): ImageError {
  const superblock = openImage(fromDisk, blocksAvailable);
  return superblock === ImageError.None ? judge(mounted()) : superblock;
}

/** The cache's memory: private, mapped nowhere else. */
function mapLines(): bool {
  const bytes = LINE_COUNT * BLOCK_BYTES;
  const holds =
    createVmo(bytes) === Refusal.None &&
    map(<u32>result(0), LINES_ADDRESS, 0, bytes, Right.Read | Right.Write) === Refusal.None;
  if (!holds) {
    print(line().text("pkgfs: no memory for the cache"));
  }
  return holds;
}

function refused(): bool {
  reportImage(mounted().error, mounted().errorBlock, diskAddress());
  return false;
}
