/**
 * The features and the configuration of the read-only disk (virtio 1.2, 5.2.3 and 5.2.4), with the faults that a plan asks
 * for (faults.ts).
 */
import { Fault, strikesAt } from "./faults";

export const SECTOR_BYTES: u32 = 512;

/** Feature bits (5.2.3) of this disk. */
const SEG_MAX: u32 = 1 << 2;
const GEOMETRY: u32 = 1 << 4;
const READ_ONLY: u32 = 1 << 5;
const BLOCK_SIZE: u32 = 1 << 6;
const FLUSH: u32 = 1 << 9;
export const DISK_FEATURES: u32 = SEG_MAX | GEOMETRY | READ_ONLY | BLOCK_SIZE | FLUSH;

/** Values of the configuration (5.2.4), the same as QEMU's. */
const SEGMENTS_MAX: u32 = 254;
const HEADS: u32 = 16;
const TRACK_SECTORS: u32 = 63;

@unmanaged
@final
class Config {
  /** Bytes of the image; 0: there is no disk. */
  byteCount: u64;
  /** Reads of the configuration so far. */
  reads: u64;
  /** How often it changed. */
  generation: u32;
}

const config = changetype<Config>(memory.data(offsetof<Config>(), 8));

/** Sets up a disk of `byteCount` bytes whose configuration was not read yet. */
export function configure(byteCount: u64): void {
  memory.fill(changetype<usize>(config), 0, offsetof<Config>());
  config.byteCount = byteCount;
}

/** Sectors of the image. */
export function sectorCount(): u64 {
  return config.byteCount / SECTOR_BYTES;
}

/** How often the configuration changed (2.5). */
export function diskGeneration(): u32 {
  return config.generation;
}

/** The byte at `offset` of the configuration (5.2.4). `first` is true for the first byte of an access. */
export function diskConfig(offset: u32, first: bool): u32 {
  if (first) {
    config.reads++;
    if (strikesAt(Fault.ConfigChanging, config.reads)) {
      config.generation++;
    }
  }
  if (offset < 8) {
    return byteOf(capacity(), offset);
  }
  if (offset >= 12 && offset < 16) {
    return byteOf(SEGMENTS_MAX, offset - 12);
  }
  if (offset >= 16 && offset < 18) {
    return byteOf(cylinders(), offset - 16);
  }
  if (offset === 18) {
    return HEADS;
  }
  if (offset === 19) {
    return TRACK_SECTORS;
  }
  if (offset >= 20 && offset < 24) {
    return byteOf(SECTOR_BYTES, offset - 20);
  }
  return offset === 34 ? 1 : 0; // num_queues
}

function byteOf(value: u64, index: u32): u32 {
  return <u32>(value >> <u64>(index << 3)) & 0xff;
}

/** The capacity that the configuration shows. */
function capacity(): u64 {
  if (strikesAt(Fault.CapacityZero, config.reads)) {
    return 0;
  }
  if (strikesAt(Fault.CapacityLarge, config.reads)) {
    return sectorCount() + 0x1_0000_0000;
  }
  return sectorCount() + <u64>config.generation;
}

function cylinders(): u64 {
  const all = sectorCount() / (HEADS * TRACK_SECTORS);
  return all > 16383 ? 16383 : all < 2 ? 2 : all;
}
