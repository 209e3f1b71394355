/**
 * One read: whether it is allowed, the descriptors that the device gets, and the device's answer (virtio 1.2, 5.2.6).
 *
 *   descriptor chain      memory                                   who writes it
 *   header   16 bytes     slot's line of the request memory        we
 *   data     n pieces     the client's pages                       the device
 *   status   1 byte       slot's line of the request memory        the device
 *
 *   slot's line (32 bytes)   0      4        8          16     17
 *                            │ type │ 0      │ sector   │ status │ unused
 *
 * The only type that this file can build is VIRTIO_BLK_T_IN, a read: there is no code here that writes to a disk.
 * Memory is named as the kernel knows it: by the number of a pin, and the offset in it. Reached from virtio-blk/disk.ts; goes
 * on in virtio/queue.ts.
 */
import { volatileLoad8, volatileStore8 } from "virtio/intrinsics";
import { Queue } from "virtio/queue";
import { Geometry, SECTOR_BYTES, SECTORS_MAX } from "./geometry";
import { REQUESTS_MAX } from "./table";

/** Pieces of memory that one read goes to: each page that 128 KiB can touch. */
export const SEGMENTS_MAX: u32 = 33;

const LINE_BYTES: u32 = 32;
const HEADER_BYTES: u32 = 16;
const HEADER_SECTOR: u32 = 8;
const STATUS_OFFSET: u32 = 16;

/** Bytes that the headers and statuses of all requests take, in memory that the device sees. */
export const REQUEST_MEMORY_BYTES: u32 = REQUESTS_MAX * LINE_BYTES;

/** VIRTIO_BLK_T_IN (5.2.6). */
const TYPE_READ: u32 = 0;

/** Status bytes (5.2.6), and the value before the device writes one. */
export const enum RequestStatus {
  Ok = 0,
  IoError = 1,
  Unsupported = 2,
  Unwritten = 0xff,
}

/** Why a read was refused. The device has seen nothing of it. */
export const enum SubmitRefusal {
  None = 0,
  /** The device failed, or was not opened. */
  NoDevice = 1,
  /** Count 0 or above SECTORS_MAX. */
  SectorCount = 2,
  /** The range goes beyond the last sector. */
  OutOfRange = 3,
  /** First sector or count is not a multiple of the device's block. */
  Unaligned = 4,
  /** No segment, or more than a read may have. */
  SegmentCount = 5,
  /** An empty segment, one that wraps around, or lengths that do not add up to the sectors. */
  SegmentLength = 6,
  /** A segment in the driver's own headers. */
  SegmentInHeaders = 7,
  /** All slots or descriptors are in use: try again after a completion. */
  Busy = 8,
  /** A segment that is not within its pin. */
  NotPinned = 9,
}

/** A piece of memory that is pinned for the device. */
@unmanaged
@final
export class Segment {
  pin: u32;
  offset: u32;
  byteCount: u32;
  reserved: u32;
}

/** What the driver has for itself: pinned, or mapped, for as long as the disk is open. */
@unmanaged
@final
export class DiskMemory {
  /** Where the used ring is mapped. */
  used: usize;
  /** Headers and statuses, REQUEST_MEMORY_BYTES, aligned to 16: where we see them, and where they are pinned. */
  request: usize;
  requestPin: u32;
  requestOffset: u32;
}

/** Whether `sectorCount` sectors from `lba` are on the disk, in whole blocks. Nothing here can overflow. */
export function checkRange(geometry: Geometry, lba: u64, sectorCount: u32): SubmitRefusal {
  if (sectorCount === 0 || sectorCount > SECTORS_MAX) {
    return SubmitRefusal.SectorCount;
  }
  if (lba >= geometry.capacity) {
    return SubmitRefusal.OutOfRange;
  }
  if (<u64>sectorCount > geometry.capacity - lba) {
    return SubmitRefusal.OutOfRange;
  }
  const blockSectors = geometry.blockBytes / SECTOR_BYTES;
  if (lba % <u64>blockSectors !== 0 || sectorCount % blockSectors !== 0) {
    return SubmitRefusal.Unaligned;
  }
  return SubmitRefusal.None;
}

/** Whether the segments add up to exactly `byteCount` bytes and none wraps around. */
export function checkSegments(segments: usize, segmentCount: u32, byteCount: u32): SubmitRefusal {
  if (segmentCount === 0 || segmentCount > SEGMENTS_MAX) {
    return SubmitRefusal.SegmentCount;
  }
  let missing = byteCount;
  for (let index: u32 = 0; index < segmentCount; index++) {
    const segment = segmentAt(segments, index);
    if (segment.byteCount === 0 || segment.byteCount > missing) {
      return SubmitRefusal.SegmentLength;
    }
    if (segment.offset + segment.byteCount < segment.offset) {
      return SubmitRefusal.SegmentLength;
    }
    missing -= segment.byteCount;
  }
  return missing === 0 ? SubmitRefusal.None : SubmitRefusal.SegmentLength;
}

/** Whether any segment touches the driver's headers. The segments were checked. */
export function segmentsTouchHeaders(segments: usize, segmentCount: u32, memory: DiskMemory): bool {
  const headers = memory.requestOffset;
  for (let index: u32 = 0; index < segmentCount; index++) {
    const segment = segmentAt(segments, index);
    const touches =
      segment.offset < headers + REQUEST_MEMORY_BYTES && headers < segment.offset + segment.byteCount;
    if (segment.pin === memory.requestPin && touches) {
      return true;
    }
  }
  return false;
}

/** Descriptors for the data, when no piece may be longer than `pieceBytesMax`. The segments were checked. */
export function dataPieces(segments: usize, segmentCount: u32, pieceBytesMax: u32): u32 {
  let pieces: u32 = 0;
  for (let index: u32 = 0; index < segmentCount; index++) {
    pieces += 1 + (segmentAt(segments, index).byteCount - 1) / pieceBytesMax;
  }
  return pieces;
}

/**
 * Writes the header, marks the status as unwritten, and builds the chain; `publish` is up to the caller. Everything
 * that the driver knows was checked before.
 */
export function buildRead(
  queue: Queue,
  memory: DiskMemory,
  slot: u32,
  lba: u64,
  segments: usize,
  segmentCount: u32,
  pieceBytesMax: u32,
): void {
  const line = memory.request + slot * LINE_BYTES;
  const lineOffset = memory.requestOffset + slot * LINE_BYTES;
  store<u32>(line, TYPE_READ);
  store<u32>(line, 0, 4);
  store<u64>(line, lba, HEADER_SECTOR);
  volatileStore8(line + STATUS_OFFSET, RequestStatus.Unwritten);

  queue.beginChain();
  queue.addReadable(memory.requestPin, lineOffset, HEADER_BYTES);
  for (let index: u32 = 0; index < segmentCount; index++) {
    const segment = segmentAt(segments, index);
    let offset = segment.offset;
    let missing = segment.byteCount;
    while (missing !== 0) {
      const byteCount: u32 = missing < pieceBytesMax ? missing : pieceBytesMax;
      queue.addWritable(segment.pin, offset, byteCount);
      offset += byteCount;
      missing -= byteCount;
    }
  }
  queue.addWritable(memory.requestPin, lineOffset + STATUS_OFFSET, 1);
}

/** The status that the device wrote for a slot; any byte. */
export function readStatus(memory: DiskMemory, slot: u32): u32 {
  return volatileLoad8(memory.request + slot * LINE_BYTES + STATUS_OFFSET);
}

function segmentAt(segments: usize, index: u32): Segment {
  return changetype<Segment>(segments + index * offsetof<Segment>());
}
