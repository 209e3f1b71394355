/**
 * Files come whole and unchanged from the package file system, through the disk.
 *
 * Reached from main.ts. The walk of a read begins here: runtime/packages.ts ▸ services/packagefsd ▸ services/virtioblkd
 * ▸ the device writes the sectors. packagefsd writes the content into a memory object that is shared with it. Each file
 * is read in pieces whose size is no multiple of a sector or a block, and the hash over the pieces is compared with
 * the one in the index.
 */
import { Right } from "abi/handle";
import { PAGE_BYTES, USER_MAPPINGS, wholePages } from "abi/layout";
import { Refusal } from "abi/refusal";
import { Role } from "abi/startup";
import { NO_SLOT } from "abi/syscall";
import { BLAKE2B_STATE_BYTES, Blake2b } from "blake2b/blake2b";
import { FsSource, FsStatus, PATH_BYTES_MAX, SHARED_BYTES } from "gen/idl/package_fs";
import { HASH_BYTES } from "pkgimg/format";
import { createVmo, drop, map, result, unmap } from "runtime/call";
import {
  attachMemory,
  closeFile,
  File,
  fsStatusName,
  openFile,
  PackageInfo,
  Piece,
  packageInfo,
  readFile,
  Stat,
  shareFile,
  statPath,
} from "runtime/packages";
import { slotOf } from "runtime/startup";
import { LINE_STATE_BYTES, Line } from "text/line";
import { fail, failed, outcomeName, passed, proofData } from "./report";

/** Where packagefsd writes, and where it is mapped here. */
const SHARED_ADDRESS: usize = USER_MAPPINGS;
const ATTACHED_BYTES: u32 = 16 * PAGE_BYTES;
/** Where a piece that is shared is mapped. */
const PIECE_ADDRESS: usize = USER_MAPPINGS + 0x0010_0000;

/** A piece: a prime, so that pieces begin and end anywhere in a sector and in a block. */
const PIECE_BYTES: u32 = 10_007;
/** Where in the shared memory the first piece goes. */
const PIECE_OFFSET: u32 = 1_009;

const mount = changetype<PackageInfo>(memory.data(offsetof<PackageInfo>(), 8));
const file = changetype<File>(memory.data(offsetof<File>(), 8));
const stat = changetype<Stat>(memory.data(offsetof<Stat>(), 8));
const pathLine = changetype<Line>(memory.data(LINE_STATE_BYTES, 8));
const pathBuffer: usize = memory.data(PATH_BYTES_MAX, 8);
const hasher = changetype<Blake2b>(memory.data(BLAKE2B_STATE_BYTES, 8));
const digest: usize = memory.data(HASH_BYTES, 8);
const sharedDigest: usize = memory.data(HASH_BYTES, 8);
const piece = changetype<Piece>(memory.data(offsetof<Piece>(), 8));

let service: u32 = NO_SLOT;

/** `SELFTEST: pkgfs virtio ro ok`; from fixtures, `SELFTEST: pkgfs fixtures ok`. */
export function testPackages(): bool {
  service = slotOf(Role.PackageService);
  const outcome = packageInfo(service, mount);
  if (outcome !== FsStatus.ok) {
    return refused("asking what is mounted", outcome);
  }
  if (!shareMemory()) {
    return false;
  }

  // The program that is running: many blocks long, and certainly in the image.
  if (!checkFile("bin/selftest-client")) {
    return false;
  }
  if (!checkFile("fixtures/lines.txt")) {
    return false;
  }
  if (!checkFile("fixtures/hello.txt")) {
    return false;
  }
  const data = proofData();
  data.text("fixtures/hello.txt bytes=").decimal(file.size).text(" hash=").hexBytes(digest, HASH_BYTES);
  return passed(mount.source === FsSource.disk ? "pkgfs virtio ro" : "pkgfs fixtures", "pkgfs", data);
}

/** Makes the shared memory object, maps it here and attaches it there. */
function shareMemory(): bool {
  let outcome = createVmo(ATTACHED_BYTES);
  if (outcome < 0) {
    return refused("shared memory", outcome);
  }
  const vmo = <u32>result(0);
  outcome = map(vmo, SHARED_ADDRESS, 0, ATTACHED_BYTES, Right.Read | Right.Write);
  if (outcome >= 0) {
    outcome = attachMemory(service, vmo, ATTACHED_BYTES);
  }
  return outcome === FsStatus.ok ? true : refused("attaching shared memory", outcome);
}

/** Reads the file and checks it against the index. `file` and `digest` then hold the file's values. */
function checkFile(name: string): bool {
  const path = pathLine.begin(pathBuffer, PATH_BYTES_MAX).text(name);
  let outcome = openFile(service, path.address, path.length, file);
  if (outcome !== FsStatus.ok) {
    return refused(name, outcome);
  }
  outcome = hashFile();
  if (outcome !== FsStatus.ok) {
    return refused(name, outcome);
  }
  if (!checkShared(name)) {
    return false;
  }
  outcome = closeFile(service, file);
  if (outcome === FsStatus.ok) {
    outcome = statPath(service, path.address, path.length, stat);
  }
  if (outcome !== FsStatus.ok) {
    return refused(name, outcome);
  }

  if (stat.size !== file.size) {
    return fail(failed("pkgfs").text(name).text(" has two sizes"));
  }
  if (memory.compare(digest, stat.hash, HASH_BYTES) === 0) {
    return true;
  }
  const words = failed("pkgfs").text(name).text(" is not what the index says: hash=");
  return fail(words.hexBytes(digest, HASH_BYTES));
}

/** The hash over the whole content, into `digest`, read piece by piece. */
function hashFile(): i32 {
  const hash = hasher.begin();
  let at: u64 = 0;
  while (at < file.size) {
    const outcome = readFile(service, file, at, PIECE_BYTES, PIECE_OFFSET);
    if (outcome !== FsStatus.ok) {
      return outcome;
    }
    const count = file.bytesRead;
    // Only the last piece is short.
    if (<u64>count !== min<u64>(PIECE_BYTES, file.size - at)) {
      return FsStatus.corrupt;
    }
    hash.update(SHARED_ADDRESS + <usize>PIECE_OFFSET, count);
    at += count;
  }
  hash.finish(digest, HASH_BYTES);
  return FsStatus.ok;
}

/** The pages that the file is shared in have the same hash, and nothing can be written there. */
function checkShared(name: string): bool {
  const hash = hasher.begin();
  for (let at: u64 = 0; at < file.size; at += SHARED_BYTES) {
    let outcome = shareFile(service, file, at, piece);
    if (outcome !== FsStatus.ok) {
      return refused(name, outcome);
    }
    const bytes = wholePages(piece.bytes);
    if (map(piece.vmo, PIECE_ADDRESS, 0, bytes, Right.Read | Right.Write) !== Refusal.MissingRight) {
      return fail(failed("pkgfs").text(name).text(" is shared so that it can be written"));
    }
    outcome = map(piece.vmo, PIECE_ADDRESS, 0, bytes, Right.Read);
    if (outcome < 0) {
      return refused(name, outcome);
    }
    hash.update(PIECE_ADDRESS, piece.bytes);
    unmap(PIECE_ADDRESS);
    drop(piece.vmo);
  }
  hash.finish(sharedDigest, HASH_BYTES);
  if (memory.compare(digest, sharedDigest, HASH_BYTES) === 0) {
    return true;
  }
  return fail(failed("pkgfs").text(name).text(" is shared with another content"));
}

function refused(what: string, outcome: i32): bool {
  return fail(failed("pkgfs").text(what).text(": ").text(outcomeName(outcome, fsStatusName)));
}

if (PIECE_OFFSET + PIECE_BYTES > ATTACHED_BYTES) {
  ERROR("a piece does not fit into the shared memory");
}
