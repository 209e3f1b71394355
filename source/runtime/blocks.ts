/**
 * The block service as functions (source/idl/virtio_blk.capnp): each is one call to virtioblkd, and gives one number
 * (client.ts). What `blockInfo` found is read by the small functions behind it. Reached from packagefsd (disk.ts) and
 * from programs; goes on in client.ts.
 */
import { Right } from "abi/handle";
import { MESSAGE_BYTES_MAX } from "abi/message";
import { NO_SLOT } from "abi/syscall";
import {
  BlkStatus,
  VirtioBlkAttachParamsBuilder,
  VirtioBlkAttachResults,
  VirtioBlkInfoParamsBuilder,
  VirtioBlkInfoResults,
  VirtioBlkMethod,
  VirtioBlkReadParamsBuilder,
  VirtioBlkReadResults,
  VirtioBlkWriteParamsBuilder,
  VirtioBlkWriteResults,
} from "gen/idl/virtio_blk";
import { callService, MALFORMED_REPLY } from "./client";
import { messagePage } from "./ipc";

/** Bytes of the sectors that `lba` and `count` count. */
const SECTOR_BYTES: u32 = 512;

let sectors: u64 = 0;
let sectorBytes: u32 = 0;
let readOnly: bool = false;
let blockBytes: u32 = 0;
let base: u64 = 0;

/** What the disk is. After it: `sectorCount()`, `sectorSize()`, `blockSize()`, `isReadOnly()`, `diskAddress()`. */
export function blockInfo(service: u32): i32 {
  VirtioBlkInfoParamsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  const length = callService(service, VirtioBlkMethod.info, NO_SLOT, 0);
  if (length < 0) return length;
  const results = VirtioBlkInfoResults.open(messagePage(), length);
  if (results === null) return MALFORMED_REPLY;
  sectors = results.sectors;
  sectorBytes = results.sectorSize;
  readOnly = results.readOnly;
  blockBytes = results.blockSize;
  base = results.base;
  return results.status;
}

/** Shares the first `bytes` bytes of a memory object with the device: `readSectors` writes there from now on. */
export function attachBlockMemory(service: u32, vmo: u32, bytes: u64): i32 {
  VirtioBlkAttachParamsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX).bytes = bytes;
  const length = callService(service, VirtioBlkMethod.attach, vmo, Right.Read | Right.Write);
  if (length < 0) return length;
  const results = VirtioBlkAttachResults.open(messagePage(), length);
  return results === null ? MALFORMED_REPLY : <i32>results.status;
}

/** Reads `count` sectors from `lba` on, to `offset` in the attached memory object. */
export function readSectors(service: u32, lba: u64, count: u32, offset: u64): i32 {
  const params = VirtioBlkReadParamsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  params.lba = lba;
  params.count = count;
  params.offset = offset;
  const length = callService(service, VirtioBlkMethod.read, NO_SLOT, 0);
  if (length < 0) return length;
  const results = VirtioBlkReadResults.open(messagePage(), length);
  if (results === null) return MALFORMED_REPLY;
  if (results.status !== BlkStatus.ok) return results.status;
  // Done, and not all of it: neither of the two is true.
  return results.bytes === count * SECTOR_BYTES ? <i32>BlkStatus.ok : MALFORMED_REPLY;
}

/** Asks for a write, which the service refuses: for the test that it does. */
export function writeSectors(service: u32, lba: u64, count: u32, offset: u64): i32 {
  const params = VirtioBlkWriteParamsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  params.lba = lba;
  params.count = count;
  params.offset = offset;
  const length = callService(service, VirtioBlkMethod.write, NO_SLOT, 0);
  if (length < 0) return length;
  const results = VirtioBlkWriteResults.open(messagePage(), length);
  return results === null ? MALFORMED_REPLY : <i32>results.status;
}

/** How many sectors the disk has. */
export function sectorCount(): u64 {
  return sectors;
}

/** Bytes of a sector. */
export function sectorSize(): u32 {
  return sectorBytes;
}

/** Bytes of the device's own block: reads begin and end between two of them. */
export function blockSize(): u32 {
  return blockBytes;
}

/** The physical address of the disk's registers: which disk it is. */
export function diskAddress(): u64 {
  return base;
}

/** Whether the disk cannot be written. */
export function isReadOnly(): bool {
  return readOnly;
}

/** A status of the service as source/idl/virtio_blk.capnp spells it. */
export function blkStatusName(status: i32): string {
  switch (status) {
    case BlkStatus.ok:
      return "ok";
    case BlkStatus.badMessage:
      return "badMessage";
    case BlkStatus.unknownMethod:
      return "unknownMethod";
    case BlkStatus.notAttached:
      return "notAttached";
    case BlkStatus.attachRefused:
      return "attachRefused";
    case BlkStatus.badCount:
      return "badCount";
    case BlkStatus.outOfRange:
      return "outOfRange";
    case BlkStatus.outOfMemoryObject:
      return "outOfMemoryObject";
    case BlkStatus.readOnly:
      return "readOnly";
    case BlkStatus.deviceError:
      return "deviceError";
    case BlkStatus.malformedReply:
      return "malformedReply";
    case BlkStatus.timedOut:
      return "timedOut";
    case BlkStatus.busy:
      return "busy";
    case BlkStatus.noDevice:
      return "noDevice";
    case BlkStatus.unaligned:
      return "unaligned";
    default:
      return "a malformed reply";
  }
}

/** A method of the service as source/idl/virtio_blk.capnp spells it. */
export function blkMethodName(method: u32): string {
  switch (method) {
    case VirtioBlkMethod.info:
      return "info";
    case VirtioBlkMethod.attach:
      return "attach";
    case VirtioBlkMethod.read:
      return "read";
    case VirtioBlkMethod.write:
      return "write";
    default:
      return "no such method";
  }
}
