/**
 * `hw smp` and `hw vblk info`: the harts as the kernel counts them, the disk as its driver sees it.
 */

import { Right } from "abi/handle";
import { Topic } from "abi/info";
import { USER_MAPPINGS } from "abi/layout";
import { Role } from "abi/startup";
import { NO_SLOT } from "abi/syscall";
import { BlkStatus } from "gen/idl/virtio_blk";
import {
  attachBlockMemory,
  blkStatusName,
  blockInfo,
  isReadOnly,
  readSectors,
  sectorCount,
  sectorSize,
} from "runtime/blocks";
import { createVmo, information, map, result, yieldTo } from "runtime/call";
import { line, print } from "runtime/log";
import { refusalName } from "runtime/names";
import { slotOf } from "runtime/startup";
import { SHA256_DIGEST_BYTES, SHA256_STATE_BYTES, Sha256 } from "sha256/sha256";

/** Logical hart numbers are below this; one that did not come up leaves a gap. */
const HARTS_MAX: u32 = 4;
/** How much of the disk the checksum covers: the superblock of the package image. */
const FIRST_BYTES: u32 = 4096;
const WINDOW: usize = USER_MAPPINGS;

const hashState: usize = memory.data(SHA256_STATE_BYTES, 8);
const digest: usize = memory.data(SHA256_DIGEST_BYTES, 8);

/** `nx: smp online=…`, then a line for each hart. False, after a line. */
export function answerSmp(): bool {
  const info = slotOf(Role.Info);
  const status = information(info, Topic.System, 0);
  if (status < 0) return refused("asking the kernel", status);
  print(line().text("nx: smp online=").decimal(result(0)));
  for (let hart: u32 = 0; hart < HARTS_MAX; hart++) {
    // There are counters for a hart that did not come up as well; only one that is online can be gone to.
    if (yieldTo(hart) >= 0 && information(info, Topic.Hart, hart) >= 0) printHart(hart);
  }
  return true;
}

/** The six words of Topic.Hart that were just asked for, and the three of Topic.HartLimits. */
function printHart(hart: u32): void {
  const words = line().text("nx: hart=").decimal(hart).text(" hartid=").decimal(result(0));
  words.text(" ticks=").decimal(result(1));
  words.text(" ipis_sent=").decimal(result(2)).text(" ipis_received=").decimal(result(3));
  words.text(" switches=").decimal(result(4)).text(" stolen=").decimal(result(5));
  if (information(slotOf(Role.Info), Topic.HartLimits, hart) >= 0) {
    words.text(" ipis_limited=").decimal(result(0)).text(" ipis_spared=").decimal(result(1));
    words.text(" idle=").decimal(result(2));
  }
  print(words);
}

/** `nx: vblk sectors=… sector_size=… read_only=… first_bytes=… sha256=…`. False, after a line. */
export function answerVblkInfo(): bool {
  const service = slotOf(Role.BlockService);
  if (service === NO_SLOT) {
    print(line().text("nx: no block device"));
    return false;
  }
  let outcome = blockInfo(service);
  if (outcome !== BlkStatus.ok) return refused("asking for the disk", outcome);
  outcome = readFirst(service);
  if (outcome !== BlkStatus.ok) return refused("reading the disk", outcome);
  changetype<Sha256>(hashState).begin().update(WINDOW, FIRST_BYTES).finish(digest);
  const words = line().text("nx: vblk sectors=").decimal(sectorCount());
  words
    .text(" sector_size=")
    .decimal(sectorSize())
    .text(" read_only=")
    .decimal(isReadOnly() ? 1 : 0);
  words.text(" first_bytes=").decimal(FIRST_BYTES).text(" sha256=").hexBytes(digest, SHA256_DIGEST_BYTES);
  print(words);
  return true;
}

/** Brings the first FIRST_BYTES of the disk to WINDOW. */
function readFirst(service: u32): i32 {
  let outcome = createVmo(FIRST_BYTES);
  if (outcome < 0) return outcome;
  const vmo = <u32>result(0);
  outcome = map(vmo, WINDOW, 0, FIRST_BYTES, Right.Read);
  if (outcome < 0) return outcome;
  outcome = attachBlockMemory(service, vmo, FIRST_BYTES);
  if (outcome !== BlkStatus.ok) return outcome;
  // A service that told us a size of zero must not make us divide by it.
  const size = sectorSize();
  if (size === 0 || FIRST_BYTES % size !== 0) return BlkStatus.malformedReply;
  return readSectors(service, 0, FIRST_BYTES / size, 0);
}

function refused(what: string, outcome: i32): bool {
  const words = line().text("nx: ").text(what).text(" failed: ");
  print(words.text(outcome < 0 ? refusalName(outcome) : blkStatusName(outcome)));
  return false;
}
