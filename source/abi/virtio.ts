/**
 * What the driver of a virtio device and the kernel say to each other about it: the registers of virtio-mmio (virtio 1.2,
 * 4.2.2; version 1 is 4.2.4), and the pieces of memory that the driver offers the device.
 *
 * The driver reads the registers itself. The kernel writes them, and the ring (Syscall.WriteRegister, SetUpQueue, Offer): a
 * device follows each address that it finds there, so only the kernel may choose those.
 */

/** Offsets of the registers, 32 bits each. */
export const enum VirtioRegister {
  MagicValue = 0x000,
  Version = 0x004,
  DeviceId = 0x008,
  DeviceFeatures = 0x010,
  DeviceFeaturesSel = 0x014,
  DriverFeatures = 0x020,
  DriverFeaturesSel = 0x024,
  /** Legacy: the unit of QueuePfn. */
  GuestPageSize = 0x028,
  QueueSel = 0x030,
  QueueNumMax = 0x034,
  QueueNum = 0x038,
  /** Legacy: the alignment of the used ring. */
  QueueAlign = 0x03c,
  /** Legacy: the ring's first page. */
  QueuePfn = 0x040,
  QueueReady = 0x044,
  QueueNotify = 0x050,
  InterruptStatus = 0x060,
  InterruptAck = 0x064,
  Status = 0x070,
  QueueDescLow = 0x080,
  QueueDescHigh = 0x084,
  QueueDriverLow = 0x090,
  QueueDriverHigh = 0x094,
  QueueDeviceLow = 0x0a0,
  QueueDeviceHigh = 0x0a4,
  ConfigGeneration = 0x0fc,
  Config = 0x100,
}

/** The register layouts, as the Version register numbers them (4.2.2). */
export const VERSION_LEGACY: u32 = 1;
export const VERSION_MODERN: u32 = 2;

/** Not a legacy device. Of the features that belong to the ring and the transport (bits 24 to 41), the one that is accepted. */
export const VIRTIO_F_VERSION_1: u64 = 1 << 32;

/** The queue that a device has here: its first one. */
export const QUEUE: u32 = 0;
/** The most descriptors of a ring. With 4 KiB pages a 128 KiB read takes at most 35 of them. */
export const QUEUE_SIZE_MAX: u32 = 256;
/**
 * Fields of the used ring, which the device writes, and kernel and driver read (2.7.8). The available ring begins in the same way
 * (2.7.6).
 */
export const RING_INDEX: u32 = 2;
export const RING_ENTRIES: u32 = 4;
export const USED_ENTRY_BYTES: u32 = 8;
/** Free-running indices are 16 bits wide: they go from 65,535 to 0. */
export const RING_INDEX_MASK: u32 = 0xffff;
/** Parts of memory objects that one device may be told of at a time. */
export const DEVICE_PINS_MAX: u32 = 16;

/** In the second word of an Offer, above how many answers were taken: the device is told at once. */
export const OFFER_TELLS: u32 = 1 << 16;
/** Pieces in one Offer. A longer chain goes on with the next one. */
export const PIECES_MAX: u32 = 5;

/**
 * A piece of memory for the device, in one word; 0 is none.
 *
 *   0        26      53    61       62     63
 *   │ offset │ bytes │ pin │ writes │ more │ 0
 */
const BYTES_SHIFT: u64 = 26;
const PIN_SHIFT: u64 = 53;
const OFFSET_MASK: u64 = (1 << BYTES_SHIFT) - 1;
const BYTES_MASK: u64 = (1 << (PIN_SHIFT - BYTES_SHIFT)) - 1;
const PIN_MASK: u64 = 0xff;
/** The device writes to it. All pieces that it reads come before (2.7.4.2). */
export const PIECE_WRITES: u64 = 1 << 61;
/** On the last piece of an Offer: the chain goes on with the next one. */
export const PIECE_MORE: u64 = 1 << 62;
/** No piece has this bit. */
export const PIECE_UNKNOWN: u64 = 1 << 63;

/** The piece of `bytes` from `offset` (below 64 MiB) of what was pinned as `pin`. */
export function pieceOf(pin: u32, offset: u32, bytes: u32, flags: u64): u64 {
  return <u64>offset | ((<u64>bytes) << BYTES_SHIFT) | ((<u64>pin) << PIN_SHIFT) | flags;
}

export function pieceOffset(piece: u64): u32 {
  return <u32>(piece & OFFSET_MASK);
}

export function pieceBytes(piece: u64): u32 {
  return <u32>((piece >> BYTES_SHIFT) & BYTES_MASK);
}

export function piecePin(piece: u64): u32 {
  return <u32>((piece >> PIN_SHIFT) & PIN_MASK);
}
