/**
 * The block service (virtioblkd) as packagefsd uses it: staging memory that is shared once, then reads of whole blocks
 * into it (reads.ts). Reached from mount.ts and reads.ts; goes on in runtime/blocks.ts, by virtio_blk.capnp.
 *
 * The device writes staging memory, so its content is never trusted and never handed on: blocks.ts first copies it into
 * memory of our own. Every call has a deadline. A block service that was started again does not know us, so it is given
 * the memory again and asked once more. Our clients' files stay open.
 */

import { Right } from "abi/handle";
import { Refusal } from "abi/refusal";
import { NO_SLOT } from "abi/syscall";
import { BlkStatus } from "gen/idl/virtio_blk";
import { attachBlockMemory, blockInfo, DiskInfo } from "runtime/blocks";
import { createVmo, map, result } from "runtime/call";
import { setPatience } from "runtime/client";
import { sleepFor } from "runtime/sleep";
import {
  ATTACH_WAITS_MAX,
  BLOCK_BYTES,
  BLOCK_CALL_MILLISECONDS,
  BLOCK_SHIFT,
  BUSY_MILLISECONDS,
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
export function connect(service: u32): bool {
  endpoint = service;
  setPatience(BLOCK_CALL_MILLISECONDS);
  if (createVmo(STAGING_BYTES) !== Refusal.None) {
    return false;
  }
  staging = <u32>result(0);
  if (map(staging, STAGING_ADDRESS, 0, STAGING_BYTES, Right.Read) !== Refusal.None) {
    return false;
  }
  return attachStaging(ATTACH_WAITS_MAX) === <i32>BlkStatus.ok && learnSize();
}

/** The slot of the block service. */
export function blockService(): u32 {
  return endpoint;
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
 * Shares the staging memory. The service is busy while it handles reads of an earlier life of ours: the device may still
 * write for them. Then it is asked again, `waitsMax` times at most. Returns a status or a refusal.
 */
export function attachStaging(waitsMax: u32): i32 {
  let status = attachBlockMemory(endpoint, staging, STAGING_BYTES);
  for (let waits: u32 = 0; status === <i32>BlkStatus.busy && waits < waitsMax; waits++) {
    sleepFor(BUSY_MILLISECONDS);
    status = attachBlockMemory(endpoint, staging, STAGING_BYTES);
  }
  return status;
}

function learnSize(): bool {
  if (blockInfo(endpoint, disk) !== <i32>BlkStatus.ok || disk.sectorBytes !== SECTOR_BYTES) {
    return false;
  }
  const blocks = disk.sectorCount / SECTORS_PER_BLOCK;
  blocksOnDisk = blocks > <u64>u32.MAX_VALUE ? u32.MAX_VALUE : <u32>blocks;
  return true;
}
