/**
 * `hw vblk info`: the disk as its driver sees it, and a checksum of its first bytes.
 */
import { Right } from "abi/handle";
import { Role } from "abi/startup";
import { NO_SLOT } from "abi/syscall";
import { BlkStatus } from "gen/idl/virtio_blk";
import { attachBlockMemory, blkStatusName, blockInfo, DiskInfo, readSectors } from "runtime/blocks";
import { createVmo, drop, map, result, unmap } from "runtime/call";
import { CommandLine } from "runtime/command-line";
import { print } from "runtime/log";
import { refusalName } from "runtime/names";
import { slotOf } from "runtime/startup";
import { SHA256_DIGEST_BYTES, SHA256_STATE_BYTES, Sha256 } from "sha256/sha256";
import { beginFacts, beginValue, composed, endRow, number, say } from "../answer";
import { DISK_WINDOW } from "../limits";

/** How much of the disk the checksum covers: the superblock of the package image. */
const FIRST_BYTES: u32 = 4096;

const disk = changetype<DiskInfo>(memory.data(offsetof<DiskInfo>(), 8));
const sha = changetype<Sha256>(memory.data(SHA256_STATE_BYTES, 8));
const digest: usize = memory.data(SHA256_DIGEST_BYTES, 8);

/** The disk's size, and the SHA-256 of its first bytes. If that fails, prints why and returns false. */
export function answerVblkInfo(_line: CommandLine): bool {
  const service = slotOf(Role.BlockService);
  if (service === NO_SLOT) {
    print(say("no block device"));
    return false;
  }
  let outcome = blockInfo(service, disk);
  if (outcome !== BlkStatus.ok) {
    return refused("asking for the disk", outcome);
  }
  outcome = hashFirst(service);
  if (outcome !== BlkStatus.ok) {
    return refused("reading the disk", outcome);
  }
  beginFacts("vblk");
  number("sectors", 0, disk.sectorCount);
  number("sector_size", 0, disk.sectorBytes);
  number("block_size", 0, disk.blockBytes);
  number("read_only", 0, disk.isReadOnly ? 1 : 0);
  number("first_bytes", 0, FIRST_BYTES);
  composed("sha256", 0, beginValue().hexBytes(digest, SHA256_DIGEST_BYTES));
  endRow();
  return true;
}

/** The checksum of the first FIRST_BYTES, to `digest`. */
function hashFirst(service: u32): i32 {
  let outcome = createVmo(FIRST_BYTES);
  if (outcome < 0) {
    return outcome;
  }
  const vmo = <u32>result(0);
  outcome = map(vmo, DISK_WINDOW, 0, FIRST_BYTES, Right.Read);
  if (outcome >= 0) {
    outcome = readFirst(service, vmo);
    if (outcome === BlkStatus.ok) {
      sha.begin().update(DISK_WINDOW, FIRST_BYTES).finish(digest);
    }
    unmap(DISK_WINDOW);
  }
  drop(vmo);
  return outcome;
}

function readFirst(service: u32, vmo: u32): i32 {
  const outcome = attachBlockMemory(service, vmo, FIRST_BYTES);
  if (outcome !== BlkStatus.ok) {
    return outcome;
  }
  // A service may say that the size is zero: we must not divide by it.
  const size = disk.sectorBytes;
  if (size === 0 || FIRST_BYTES % size !== 0) {
    return BlkStatus.malformedReply;
  }
  return readSectors(service, 0, FIRST_BYTES / size, 0);
}

function refused(what: string, outcome: i32): bool {
  print(
    say(what)
      .text(" failed: ")
      .text(outcome < 0 ? refusalName(outcome) : blkStatusName(outcome)),
  );
  return false;
}
