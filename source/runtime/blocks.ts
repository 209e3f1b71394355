/**
 * The block service as functions (source/idl/virtio_blk.capnp): each is one call to virtioblkd, and gives one number
 * (client.ts): 0 for done (BlkStatus.ok), positive for another BlkStatus, negative for a Refusal, or MALFORMED_REPLY.
 * `blkStatusName` and names.ts have words for them. What `blockInfo` finds goes into an object of the caller's:
 *
 *     const disk = changetype<DiskInfo>(memory.data(offsetof<DiskInfo>(), 8));
 *
 * Reached from packagefsd (disk.ts) and from programs; goes on in client.ts.
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

/** What `blockInfo` finds. */
@unmanaged
@final
export class DiskInfo {
  sectorCount: u64;
  /** The physical address of the disk's registers: which disk it is. */
  address: u64;
  sectorBytes: u32;
  /** Bytes of the device's own block, a number of sectors: reads begin and end between two of them. */
  blockBytes: u32;
  /** Whether the disk cannot be written. */
  isReadOnly: bool;
}

/**
 * What the disk is.
 *
 * @param disk filled in with `ok`, and left as it is otherwise
 * @returns BlkStatus.ok or noDevice; or as every call here
 */
export function blockInfo(service: u32, disk: DiskInfo): i32 {
  VirtioBlkInfoParamsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  const length = callService(service, VirtioBlkMethod.info, NO_SLOT, 0);
  if (length < 0) {
    return length;
  }
  const results = VirtioBlkInfoResults.open(messagePage(), length);
  if (results === null) {
    return MALFORMED_REPLY;
  }
  if (results.status !== BlkStatus.ok) {
    return results.status;
  }
  disk.sectorCount = results.sectors;
  disk.address = results.base;
  disk.sectorBytes = results.sectorSize;
  disk.blockBytes = results.blockSize;
  disk.isReadOnly = results.readOnly;
  return BlkStatus.ok;
}

/** Shares the first `bytes` bytes of a memory object with the device: `readSectors` writes there from now on. */
export function attachBlockMemory(service: u32, vmo: u32, bytes: u64): i32 {
  VirtioBlkAttachParamsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX).bytes = bytes;
  const length = callService(service, VirtioBlkMethod.attach, vmo, Right.Read | Right.Write);
  if (length < 0) {
    return length;
  }
  const results = VirtioBlkAttachResults.open(messagePage(), length);
  return results === null ? MALFORMED_REPLY : <i32>results.status;
}

/**
 * Reads `count` sectors of 512 bytes (1 to SECTORS_PER_READ_MAX) from sector `lba` on, to `offset` in the attached
 * memory object, in bytes. With anything but BlkStatus.ok, what lies there means nothing.
 */
export function readSectors(service: u32, lba: u64, count: u32, offset: u64): i32 {
  const params = VirtioBlkReadParamsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  params.lba = lba;
  params.count = count;
  params.offset = offset;
  const length = callService(service, VirtioBlkMethod.read, NO_SLOT, 0);
  if (length < 0) {
    return length;
  }
  const results = VirtioBlkReadResults.open(messagePage(), length);
  if (results === null) {
    return MALFORMED_REPLY;
  }
  if (results.status !== BlkStatus.ok) {
    return results.status;
  }
  // `ok` means that all of it was read: an answer with fewer bytes contradicts itself.
  return results.bytes === count * SECTOR_BYTES ? <i32>BlkStatus.ok : MALFORMED_REPLY;
}

/** Asks for a write, which the service refuses. A test calls this to see the refusal. */
export function writeSectors(service: u32, lba: u64, count: u32, offset: u64): i32 {
  const params = VirtioBlkWriteParamsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  params.lba = lba;
  params.count = count;
  params.offset = offset;
  const length = callService(service, VirtioBlkMethod.write, NO_SLOT, 0);
  if (length < 0) {
    return length;
  }
  const results = VirtioBlkWriteResults.open(messagePage(), length);
  return results === null ? MALFORMED_REPLY : <i32>results.status;
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
    case VirtioBlkMethod.exchange:
      return "exchange";
    default:
      return "no such method";
  }
}
