// What a fake block device is, and how it may misbehave (fake-device.ts).

/** What the device is. */
export interface FakeDeviceOptions {
  readonly version: 1 | 2;
  readonly sectors: bigint;
  /** Offers VIRTIO_BLK_F_RO. Default: true. */
  readonly readOnly?: boolean;
  readonly queueSizeMax?: number;
  readonly blockBytes?: number;
  /** What the disk begins with; behind it `diskByte` goes on. */
  readonly begins?: Uint8Array;
  readonly segMax?: number;
  /** Offers VIRTIO_BLK_F_SIZE_MAX with this value. */
  readonly sizeMax?: number;
  readonly magic?: number;
  readonly versionRegister?: number;
  readonly deviceId?: number;
  /** Replaces the features that follow from the rest. */
  readonly features?: bigint;
}

/** How the device behaves from now on; a test changes it at any time. */
export interface Mood {
  /** Reads of Status that still show the old value after a reset. Infinity: it never takes. */
  resetPolls: number;
  /** Drops FEATURES_OK. */
  refusesFeatures: boolean;
  /** Each read of the configuration finds another generation. */
  restlessConfig: boolean;
  /** Sets DEVICE_NEEDS_RESET as soon as it is started. */
  wantsResetAtOnce: boolean;
  /** The queue is in use before it was set up. */
  queueIsTaken: boolean;
  /** Says in used.flags that it looks for itself. */
  suppressesNotify: boolean;
}

/** What to get wrong about one completion. */
export interface Lies {
  /** The id in the used ring, instead of the chain's head. */
  readonly id?: number;
  /** The length in the used ring. */
  readonly length?: number;
  /** The status byte; null: none is written. */
  readonly status?: number | null;
  /** How far used.idx moves. Default: 1. */
  readonly indexStep?: number;
  /** Data is not written. */
  readonly withoutData?: boolean;
}

/** A device that behaves. */
export function goodMood(): Mood {
  return {
    resetPolls: 0,
    refusesFeatures: false,
    restlessConfig: false,
    wantsResetAtOnce: false,
    queueIsTaken: false,
    suppressesNotify: false,
  };
}

const feature = { sizeMax: 1n << 1n, segMax: 1n << 2n, ro: 1n << 5n, blkSize: 1n << 6n, flush: 1n << 9n };
/** INDIRECT_DESC and EVENT_IDX: offered by most devices, and not ours to accept. */
const RING_FEATURES = (1n << 28n) | (1n << 29n);
const VERSION_ONE = 1n << 32n;

/** The feature bits of such a device. */
export function offeredFeatures(options: FakeDeviceOptions): bigint {
  if (options.features !== undefined) {
    return options.features;
  }
  let bits = feature.segMax | feature.blkSize | feature.flush | RING_FEATURES;
  if (options.readOnly !== false) {
    bits |= feature.ro;
  }
  if (options.sizeMax !== undefined) {
    bits |= feature.sizeMax;
  }
  return options.version === 2 ? bits | VERSION_ONE : bits;
}

/** The 32-bit field of the configuration at `offset` (5.2.4), undefined where none begins. */
export function configField(options: FakeDeviceOptions, sectors: bigint, offset: number): number | undefined {
  const fields: Readonly<Record<number, number>> = {
    0: Number(sectors & 0xffff_ffffn),
    4: Number((sectors >> 32n) & 0xffff_ffffn),
    8: options.sizeMax ?? 0,
    12: options.segMax ?? 254,
    20: options.blockBytes ?? 512,
  };
  return fields[offset];
}

export const DISK_SECTOR_BYTES = 512;

/** The byte at `offset` of such a disk. */
export function contentByte(options: FakeDeviceOptions, offset: bigint): number {
  return options.begins?.[Number(offset)] ?? diskByte(offset);
}

/** The byte at `offset` of the fake disk: no two neighbouring sectors are alike. */
export function diskByte(offset: bigint): number {
  const sector = offset / BigInt(DISK_SECTOR_BYTES);
  return Number((sector * 31n + (offset % BigInt(DISK_SECTOR_BYTES)) * 7n + (sector >> 8n)) & 0xffn);
}
