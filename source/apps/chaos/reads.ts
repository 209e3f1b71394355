/**
 * Reads files through packagefsd and sectors through virtioblkd, while either may end at any moment. The content is
 * compared with its known hash: for files the one in the image's index, for sectors the one of their first read. A read
 * may fail with an error. It must never deliver wrong content, and never take for ever.
 */
import { Right } from "abi/handle";
import { PAGE_BYTES, USER_MAPPINGS } from "abi/layout";
import { Refusal } from "abi/refusal";
import { Role } from "abi/startup";
import { NO_SLOT } from "abi/syscall";
import { BLAKE2B_STATE_BYTES, Blake2b } from "blake2b/blake2b";
import { FsStatus, PATH_BYTES_MAX } from "gen/idl/package_fs";
import { BlkStatus } from "gen/idl/virtio_blk";
import { HASH_BYTES } from "pkgimg/format";
import { attachBlockMemory, blkStatusName, readSectors } from "runtime/blocks";
import { createVmo, map, result } from "runtime/call";
import { line, print } from "runtime/log";
import { refusalName } from "runtime/names";
import {
  attachMemory,
  closeFile,
  File,
  fsStatusName,
  openFile,
  readFile,
  Stat,
  statPath,
} from "runtime/packages";
import { slotOf } from "runtime/startup";
import { LINE_STATE_BYTES, Line } from "text/line";

/** The memory that packagefsd writes, and the memory that the disk's device writes. */
const FILES_ADDRESS: usize = USER_MAPPINGS;
const FILES_BYTES: u32 = 32 * PAGE_BYTES;
const SECTORS_ADDRESS: usize = 0x1100_0000;
const SECTORS_BYTES: u32 = 16 * PAGE_BYTES;
const SECTOR_BYTES: u32 = 512;

/** A piece of a file: a prime, so that pieces begin and end anywhere in a block. */
const PIECE_BYTES: u32 = 100_003;
/** The byte that fills the memory before a read: no file is full of it. */
const BLANK: u8 = 0xa5;

const FILES: u32 = 4;
const opened = changetype<File>(memory.data(offsetof<File>(), 8));
const stat = changetype<Stat>(memory.data(offsetof<Stat>(), 8));
const pathLine = changetype<Line>(memory.data(LINE_STATE_BYTES, 8));
const pathBuffer: usize = memory.data(PATH_BYTES_MAX, 8);
const hasher = changetype<Blake2b>(memory.data(BLAKE2B_STATE_BYTES, 8));
const digest: usize = memory.data(HASH_BYTES, 8);
const sectorsDigest: usize = memory.data(HASH_BYTES, 8);
/** Hash and size of each file, as the index gave them before any service ended. */
const digests: usize = memory.data(FILES * HASH_BYTES, 8);
const sizes: usize = memory.data(FILES * 8, 8);

let packages: u32 = NO_SLOT;
let blocks: u32 = NO_SLOT;
let readCount: u64 = 0;
let errorCount: u64 = 0;

/** The largest comes first: it is longer than packagefsd's cache, so reading it always reaches the disk. */
function nameOf(file: u32): string {
  if (file === 0) {
    return "fixtures/large.bin";
  }
  if (file === 1) {
    return "bin/selftest-client";
  }
  return file === 2 ? "fixtures/lines.txt" : "fixtures/hello.txt";
}

/** Shares memory with both services and reads the expected hashes. If that fails, prints why and returns false. */
export function openAll(): bool {
  packages = slotOf(Role.PackageService);
  blocks = slotOf(Role.BlockService);
  const files = share(FILES_ADDRESS, FILES_BYTES);
  const sectors = share(SECTORS_ADDRESS, SECTORS_BYTES);
  sectorsVmo = sectors;
  if (files === NO_SLOT || sectors === NO_SLOT) {
    return failed("memory", Refusal.NoMemory, fsStatusName);
  }
  let outcome = attachMemory(packages, files, FILES_BYTES);
  for (let i: u32 = 0; i < FILES && outcome === FsStatus.ok; i++) {
    const path = pathOf(i);
    outcome = statPath(packages, path.address, path.length, stat);
    store<u64>(sizes + <usize>(i << 3), stat.size);
    memory.copy(digests + <usize>(i * HASH_BYTES), stat.hash, HASH_BYTES);
  }
  if (outcome !== FsStatus.ok) {
    return failed("learning what is there", outcome, fsStatusName);
  }
  outcome = attachBlockMemory(blocks, sectors, SECTORS_BYTES);
  if (outcome === BlkStatus.ok) {
    outcome = readSectors(blocks, 0, SECTORS_BYTES / SECTOR_BYTES, 0);
  }
  if (outcome !== BlkStatus.ok) {
    return failed("the first sectors", outcome, blkStatusName);
  }
  hashOf(SECTORS_ADDRESS, SECTORS_BYTES, sectorsDigest);
  return true;
}

let sectorsVmo: u32 = NO_SLOT;

/** Reads so far, good ones and failed ones. */
export function reads(): u64 {
  return readCount;
}

export function errors(): u64 {
  return errorCount;
}

/** How many files there are to read. */
export function fileCount(): u32 {
  return FILES;
}

/**
 * Reads a file from front to back. Returns 1 if all of it came and is right; 0 if a read failed with an error that the
 * end of a service explains. For anything else it prints what went wrong and returns -1.
 */
export function checkFile(file: u32): i32 {
  const path = pathOf(file);
  let outcome = openFile(packages, path.address, path.length, opened);
  if (outcome !== FsStatus.ok) {
    return judgeFs(file, outcome);
  }
  const size = load<u64>(sizes + <usize>(file << 3));
  if (opened.size !== size) {
    return wrong(file, "size");
  }
  const hash = hasher.begin();
  let at: u64 = 0;
  while (at < size) {
    const due = <u32>min<u64>(PIECE_BYTES, size - at);
    memory.fill(FILES_ADDRESS, BLANK, due);
    outcome = readFile(packages, opened, at, due, 0);
    if (outcome !== FsStatus.ok) {
      return judgeFs(file, outcome);
    }
    if (opened.bytesRead !== due) {
      return wrong(file, "the length of a read");
    }
    readCount += 1;
    hash.update(FILES_ADDRESS, due);
    at += due;
  }
  hash.finish(digest, HASH_BYTES);
  if (memory.compare(digest, digests + <usize>(file * HASH_BYTES), HASH_BYTES) !== 0) {
    return wrong(file, "content");
  }
  outcome = closeFile(packages, opened);
  return outcome === FsStatus.ok ? 1 : judgeFs(file, outcome);
}

/** The same for sectors. After an error the memory is attached again: a new life of the service does not know it. */
export function checkSectors(): i32 {
  memory.fill(SECTORS_ADDRESS, BLANK, SECTORS_BYTES);
  let outcome = readSectors(blocks, 0, SECTORS_BYTES / SECTOR_BYTES, 0);
  if (outcome === BlkStatus.ok) {
    readCount += 1;
    hashOf(SECTORS_ADDRESS, SECTORS_BYTES, digest);
    if (memory.compare(digest, sectorsDigest, HASH_BYTES) === 0) {
      return 1;
    }
    print(line().text("chaos: the sectors are wrong"));
    return -1;
  }
  errorCount += 1;
  if (outcome !== Refusal.PeerGone && outcome !== BlkStatus.notAttached) {
    failed("sectors", outcome, blkStatusName);
    return -1;
  }
  outcome = attachBlockMemory(blocks, sectorsVmo, SECTORS_BYTES);
  return outcome === BlkStatus.ok || outcome === Refusal.PeerGone ? 0 : -1;
}

function share(address: usize, bytes: u32): u32 {
  if (createVmo(bytes) < 0) {
    return NO_SLOT;
  }
  const vmo = <u32>result(0);
  return map(vmo, address, 0, bytes, Right.Read | Right.Write) < 0 ? NO_SLOT : vmo;
}

function pathOf(file: u32): Line {
  return pathLine.begin(pathBuffer, PATH_BYTES_MAX).text(nameOf(file));
}

function hashOf(start: usize, bytes: u32, into: usize): void {
  hasher.begin().update(start, bytes).finish(into, HASH_BYTES);
}

/** Decides whether the end of a service explains a read's error. */
function judgeFs(file: u32, outcome: i32): i32 {
  errorCount += 1;
  const isExplained =
    outcome === Refusal.PeerGone ||
    outcome === FsStatus.badFile ||
    outcome === FsStatus.notAttached ||
    outcome === FsStatus.deviceError;
  if (isExplained) {
    return 0;
  }
  failed(nameOf(file), outcome, fsStatusName);
  return -1;
}

function wrong(file: u32, what: string): i32 {
  print(line().text("chaos: ").text(nameOf(file)).text(": wrong ").text(what));
  return -1;
}

function failed(what: string, outcome: i32, statusName: (status: i32) => string): bool {
  const words = line().text("chaos: ").text(what).text(" failed: ");
  print(words.text(outcome < 0 ? refusalName(outcome) : statusName(outcome)));
  return false;
}

if (PIECE_BYTES > FILES_BYTES) {
  ERROR("a piece does not fit into the shared memory");
}
