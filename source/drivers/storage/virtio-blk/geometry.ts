/**
 * What a block device says about itself, checked once and compared later (virtio 1.2, 5.2.3 and 5.2.4).
 *
 * The device writes the whole configuration, so none of it is trusted. A number that no real disk has is a fault. A
 * number that is only larger than needed is cut to what this driver uses.
 */
import { DeviceFault } from "virtio/fault";
import { readConfig, Transport } from "virtio/mmio";

/** The unit of every LBA and count, for any block size of the device (5.2.4). */
export const SECTOR_BYTES: u32 = 512;
/** The most sectors in one read: 128 KiB. */
export const SECTORS_MAX: u32 = 256;
/** Descriptors of a read besides its data: header and status. */
export const REQUEST_OVERHEAD_PIECES: u32 = 2;

/** Feature bits (5.2.3). */
export const F_SIZE_MAX: u64 = 1 << 1;
export const F_SEG_MAX: u64 = 1 << 2;
export const F_RO: u64 = 1 << 5;
export const F_BLK_SIZE: u64 = 1 << 6;

/** Fields of the configuration (5.2.4); capacity, size_max and seg_max are neighbours. */
const CONFIG_CAPACITY: u32 = 0;
const CONFIG_SIZE_MAX: u32 = 8;
const CONFIG_SEG_MAX: u32 = 12;
const CONFIG_HEAD_BYTES: u32 = 16;
const CONFIG_BLK_SIZE: u32 = 20;

/** More sectors than this, and a byte offset would not fit in 63 bits. */
const CAPACITY_MAX: u64 = 1 << 54;
/** A page, since a first block is read into one page. */
const BLOCK_BYTES_MAX: u32 = 4096;

/** What a read is checked against. */
@unmanaged
@final
export class Geometry {
  /** Sectors of 512 bytes. */
  capacity: u64;
  /** Bytes of the device's own block, a power of two. */
  blockBytes: u32;
  /** The most bytes in one piece of data. */
  segmentBytesMax: u32;
  /** The most pieces of data in one read. */
  segmentsMax: u32;
  reserved: u32;

  equals(other: Geometry): bool {
    return (
      this.capacity === other.capacity &&
      this.blockBytes === other.blockBytes &&
      this.segmentBytesMax === other.segmentBytesMax &&
      this.segmentsMax === other.segmentsMax
    );
  }

  copyFrom(other: Geometry): void {
    this.capacity = other.capacity;
    this.blockBytes = other.blockBytes;
    this.segmentBytesMax = other.segmentBytesMax;
    this.segmentsMax = other.segmentsMax;
  }
}

/**
 * Reads and checks the configuration of a device whose features are negotiated.
 *
 * @param queueSize descriptors of its queue, more than REQUEST_OVERHEAD_PIECES
 * @param buffer CONFIG_BUFFER_BYTES of memory, aligned to 8, that only this function uses
 */
export function readGeometry(
  transport: Transport,
  queueSize: u32,
  buffer: usize,
  into: Geometry,
): DeviceFault {
  const head = readConfig(transport, CONFIG_CAPACITY, CONFIG_HEAD_BYTES, buffer);
  if (head !== DeviceFault.None) {
    return head;
  }
  const capacity = load<u64>(buffer + CONFIG_CAPACITY);
  if (capacity === 0) {
    return DeviceFault.NoSectors;
  }
  if (capacity > CAPACITY_MAX) {
    return DeviceFault.Capacity;
  }

  let segmentBytes = SECTORS_MAX * SECTOR_BYTES;
  if ((transport.features & F_SIZE_MAX) !== 0) {
    const sizeMax = load<u32>(buffer + CONFIG_SIZE_MAX);
    if (sizeMax < SECTOR_BYTES) {
      return DeviceFault.SegmentLimits;
    }
    if (sizeMax < segmentBytes) {
      segmentBytes = sizeMax;
    }
  }
  let segments = queueSize - REQUEST_OVERHEAD_PIECES;
  if ((transport.features & F_SEG_MAX) !== 0) {
    const segMax = load<u32>(buffer + CONFIG_SEG_MAX);
    if (segMax === 0) {
      return DeviceFault.SegmentLimits;
    }
    if (segMax < segments) {
      segments = segMax;
    }
  }

  let blockBytes = SECTOR_BYTES;
  if ((transport.features & F_BLK_SIZE) !== 0) {
    const block = readConfig(transport, CONFIG_BLK_SIZE, sizeof<u32>(), buffer);
    if (block !== DeviceFault.None) {
      return block;
    }
    blockBytes = load<u32>(buffer);
    const isPower = (blockBytes & (blockBytes - 1)) === 0;
    if (!isPower || blockBytes < SECTOR_BYTES || blockBytes > BLOCK_BYTES_MAX) {
      return DeviceFault.BlockSize;
    }
  }

  into.capacity = capacity;
  into.blockBytes = blockBytes;
  into.segmentBytesMax = segmentBytes;
  into.segmentsMax = segments;
  return DeviceFault.None;
}

/** Bytes of memory that `readGeometry` needs. */
export const CONFIG_BUFFER_BYTES: u32 = CONFIG_HEAD_BYTES;
