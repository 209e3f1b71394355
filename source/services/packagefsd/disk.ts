/**
 * The block service (virtioblkd) as packagefsd uses it: staging memory that is shared once, then reads of whole blocks
 * into it. Reached from blocks.ts; goes on in runtime/blocks.ts, by virtio_blk.capnp.
 *
 * The device writes staging memory, so its content is never trusted and never handed on: blocks.ts first copies it into
 * memory of our own. Every call has a deadline. A block service that was started again does not know us, so it is given
 * the memory again and asked once more. Our clients' files stay open.
 */
import { Right } from "abi/handle";
import { Refusal } from "abi/refusal";
import { NO_SLOT } from "abi/syscall";
import { BlkStatus } from "gen/idl/virtio_blk";
import { attachBlockMemory, blockInfo, DiskInfo, readSectors } from "runtime/blocks";
import { createVmo, deadlineIn, map, result, sleepUntil } from "runtime/call";
import { setPatience } from "runtime/client";
import { startup } from "runtime/startup";
import {
  ATTACH_WAITS_MAX,
  BLOCK_BYTES,
  BLOCK_CALL_MILLISECONDS,
  BLOCK_SHIFT,
  BUSY_MILLISECONDS,
  BUSY_WAITS_MAX,
  REATTACH_MAX,
  SECTOR_BYTES,
  SECTORS_PER_BLOCK,
  STAGING_ADDRESS,
  STAGING_PLACES,
} from "./limits";

const STAGING_BYTES: u32 = STAGING_PLACES * BLOCK_BYTES;

/** The disk, as `connect` found it. */
const disk = changetype<DiskInfo>(memory.data(offsetof<DiskInfo>(), 8));
let endpoint: u32 = NO_SLOT;
let staging: u32 = NO_SLOT;
let blocksOnDisk: u32 = 0;

/** Shares the staging memory with the block service and asks how large its disk is. False: it cannot be used. */
export function connect(blockService: u32): bool {
  endpoint = blockService;
  setPatience(BLOCK_CALL_MILLISECONDS);
  if (createVmo(STAGING_BYTES) !== Refusal.None) {
    return false;
  }
  staging = <u32>result(0);
  if (map(staging, STAGING_ADDRESS, 0, STAGING_BYTES, Right.Read) !== Refusal.None) {
    return false;
  }
  return attachStaging() && learnSize();
}

/** Whole blocks on the disk; more than a u32 counts are not seen, and no image has that many. */
export function diskBlocks(): u32 {
  return blocksOnDisk;
}

/** The physical address of the disk's registers: which disk it is. Zero before its service was asked. */
export function diskAddress(): u64 {
  return disk.address;
}

/** Where block `place` of the staging memory is. */
export function stagedAt(place: u32): usize {
  return STAGING_ADDRESS + ((<usize>place) << BLOCK_SHIFT);
}

/**
 * Has the device write `count` blocks (1 to STAGING_BLOCKS) from `block` on into the staging memory from `place` on.
 * Returns a status or a refusal. With anything but BlkStatus.ok, the bytes there mean nothing.
 */
export function readStaged(block: u32, count: u32, place: u32): i32 {
  let attachments: u32 = 0;
  let waits: u32 = 0;
  let status = askRead(block, count, place);
  while (status !== <i32>BlkStatus.ok) {
    // Three answers may be different the second time. A service that ended during the read is started again; one that
    // was started again has nothing attached yet; a busy one will be free. All others stay the same.
    const isNew = status === Refusal.PeerGone || status === <i32>BlkStatus.notAttached;
    if (isNew && attachments < REATTACH_MAX) {
      attachments++;
      if (!attachStaging()) {
        return status;
      }
    } else if (status === <i32>BlkStatus.busy && waits < BUSY_WAITS_MAX) {
      waits++;
      sleepUntil(deadlineIn(BUSY_MILLISECONDS, startup().timebase));
    } else {
      return status;
    }
    status = askRead(block, count, place);
  }
  return status;
}

function askRead(block: u32, count: u32, place: u32): i32 {
  const lba = <u64>block * <u64>SECTORS_PER_BLOCK;
  return readSectors(endpoint, lba, count * SECTORS_PER_BLOCK, (<u64>place) << BLOCK_SHIFT);
}

/** The service is busy while it handles reads of an earlier life of ours: the device may still write for them. */
function attachStaging(): bool {
  let status = attachBlockMemory(endpoint, staging, STAGING_BYTES);
  for (let waits: u32 = 0; status === <i32>BlkStatus.busy && waits < ATTACH_WAITS_MAX; waits++) {
    sleepUntil(deadlineIn(BUSY_MILLISECONDS, startup().timebase));
    status = attachBlockMemory(endpoint, staging, STAGING_BYTES);
  }
  return status === <i32>BlkStatus.ok;
}

function learnSize(): bool {
  if (blockInfo(endpoint, disk) !== <i32>BlkStatus.ok || disk.sectorBytes !== SECTOR_BYTES) {
    return false;
  }
  const blocks = disk.sectorCount / SECTORS_PER_BLOCK;
  blocksOnDisk = blocks > <u64>u32.MAX_VALUE ? u32.MAX_VALUE : <u32>blocks;
  return true;
}
