// What a fake block device is, and how it may misbehave (fake-device.ts).

/** What the device is. */
export interface FakeDeviceOptions {
  readonly version: 1 | 2;
  readonly sectors: bigint;
  /** Offers VIRTIO_BLK_F_RO. Default: true. */
  readonly readOnly?: boolean;
  readonly queueSizeMax?: number;
  readonly blockBytes?: number;
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
  /** The queue is in use before anybody set it up. */
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
