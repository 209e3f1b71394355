/**
 * virtio over memory-mapped registers: version 2, and the legacy version 1 that a plain QEMU command line gives
 * (virtio 1.2, 4.2.2 and 4.2.4). One named function for each step of the initialisation in 3.1.1.
 *
 * Reached from virtio-blk/device.ts and virtio-blk/disk.ts; goes on in the device. Its only state is where the registers
 * are and which layout they have. Every wait is a bounded number of polls: a driver has no clock of its own.
 */
import { DeviceFault } from "./fault";
import {
  acceptedFeatures,
  offersAll,
  requiredFeatures,
  VERSION_LEGACY,
  VERSION_MODERN,
  VIRTIO_F_ACCESS_PLATFORM,
} from "./features";
import { fenceIo, volatileLoad32, volatileStore32 } from "./intrinsics";
import { availableOffset, Queue, usedOffset } from "./queue";

/** Offsets of the registers, 32 bits each (4.2.2, table 4.1; "legacy": 4.2.4, table 4.2). */
const enum Register {
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

/** Bits of the Status register (2.1). */
export const enum Status {
  Acknowledge = 1,
  Driver = 2,
  DriverOk = 4,
  FeaturesOk = 8,
  NeedsReset = 64,
  Failed = 128,
}

/** Bits of InterruptStatus (4.2.2). */
export const enum InterruptBit {
  UsedBuffer = 1,
  ConfigChange = 2,
}

/** "virt", little-endian. */
const MAGIC: u32 = 0x74726976;
/** The unit of a legacy ring's address, and the alignment of its used ring. */
const LEGACY_PAGE_BYTES: u32 = 4096;
const LEGACY_PAGE_SHIFT: u64 = 12;
const LEGACY_PFN_MAX: u64 = 0xffff_ffff;

/** Reads of Status before a reset is given up. QEMU answers the first one; each costs a trip to the device. */
const RESET_POLLS_MAX: u32 = 100_000;
/** Attempts to read the configuration between two changes of its generation. */
const CONFIG_TRIES_MAX: u32 = 16;
/** The most that one `readConfig` copies. */
const CONFIG_BYTES_MAX: u32 = 256;

/** Where a device's registers are, and which layout they have. */
@unmanaged
@final
export class Transport {
  base: usize;
  version: u32;
  /** Bits 0–31 and 32–63 as they were accepted. */
  features: u64;
}

/** Reads magic, version and device id, in the order that 4.2.3.1.1 asks for. This changes nothing at the device. */
export function probe(transport: Transport, base: usize, deviceId: u32): DeviceFault {
  transport.base = base;
  transport.version = 0;
  transport.features = 0;
  if (volatileLoad32(base + Register.MagicValue) !== MAGIC) {
    return DeviceFault.NotVirtio;
  }
  const version = volatileLoad32(base + Register.Version);
  if (version !== VERSION_LEGACY && version !== VERSION_MODERN) {
    return DeviceFault.UnknownVersion;
  }
  const id = volatileLoad32(base + Register.DeviceId);
  if (id === 0) {
    return DeviceFault.EmptySlot;
  }
  if (id !== deviceId) {
    return DeviceFault.OtherDevice;
  }
  transport.version = version;
  return DeviceFault.None;
}

/**
 * Writes Status 0, and waits until it reads as 0 (4.2.2.1). If this succeeds, the device uses no memory that it was
 * told of. If it fails, that memory must stay pinned for good.
 */
export function reset(transport: Transport): DeviceFault {
  volatileStore32(transport.base + Register.Status, 0);
  for (let poll: u32 = 0; poll < RESET_POLLS_MAX; poll++) {
    if (volatileLoad32(transport.base + Register.Status) === 0) {
      fenceIo(); // what the device wrote before the reset is in memory before we use that memory again
      return DeviceFault.None;
    }
  }
  return DeviceFault.ResetTimeout;
}

/** Adds a step to Status: bits are only ever set (2.1.1). */
export function advance(transport: Transport, step: u32): void {
  const status = volatileLoad32(transport.base + Register.Status);
  volatileStore32(transport.base + Register.Status, status | step);
}

/** Tells the device that the driver gave up on it (3.1.1). */
export function giveUp(transport: Transport): void {
  advance(transport, Status.Failed);
}

/** Whether the device asks to be reset. A legacy device cannot: only a deadline finds a dead one. */
export function needsReset(transport: Transport): bool {
  return (volatileLoad32(transport.base + Register.Status) & Status.NeedsReset) !== 0;
}

/** All feature bits that the device offers. The upper half exists in version 2 only. */
export function offeredFeatures(transport: Transport): u64 {
  const base = transport.base;
  volatileStore32(base + Register.DeviceFeaturesSel, 0);
  const low = <u64>volatileLoad32(base + Register.DeviceFeatures);
  if (transport.version === VERSION_LEGACY) {
    return low;
  }
  volatileStore32(base + Register.DeviceFeaturesSel, 1);
  const high = <u64>volatileLoad32(base + Register.DeviceFeatures);
  return (high << 32) | low;
}

/**
 * Accepts the needed and wanted features among those `offered` (3.1.1, steps 4 to 6). A version 2 device confirms the
 * choice by keeping FEATURES_OK; a legacy device does not confirm it.
 */
export function negotiate(transport: Transport, offered: u64, required: u64, wanted: u64): DeviceFault {
  const base = transport.base;
  const needed = requiredFeatures(required, transport.version);
  if (!offersAll(offered, needed)) {
    return DeviceFault.FeatureMissing;
  }
  const accepted = acceptedFeatures(offered, needed, wanted, transport.version);
  volatileStore32(base + Register.DriverFeaturesSel, 0);
  volatileStore32(base + Register.DriverFeatures, <u32>accepted);
  transport.features = accepted;
  if (transport.version === VERSION_LEGACY) {
    return DeviceFault.None;
  }

  volatileStore32(base + Register.DriverFeaturesSel, 1);
  volatileStore32(base + Register.DriverFeatures, <u32>(accepted >> 32));
  advance(transport, Status.FeaturesOk);
  const kept = (volatileLoad32(base + Register.Status) & Status.FeaturesOk) !== 0;
  if (kept) {
    return DeviceFault.None;
  }
  const isForIommu = (offered & VIRTIO_F_ACCESS_PLATFORM) !== 0;
  return isForIommu ? DeviceFault.NeedsIommu : DeviceFault.FeaturesRefused;
}

/** The most descriptors that queue `index` can have, 0 if there is no such queue. */
export function queueSizeMax(transport: Transport, index: u32): u32 {
  volatileStore32(transport.base + Register.QueueSel, index);
  return volatileLoad32(transport.base + Register.QueueNumMax);
}

/** Tells the device where queue `index` lies (4.2.3.2; legacy 4.2.4). The ring must be empty: see `initQueue`. */
export function setupQueue(transport: Transport, index: u32, queue: Queue): DeviceFault {
  const base = transport.base;
  volatileStore32(base + Register.QueueSel, index);
  if (transport.version === VERSION_LEGACY) {
    return setupLegacyQueue(base, queue);
  }

  if (volatileLoad32(base + Register.QueueReady) !== 0) {
    return DeviceFault.QueueInUse;
  }
  volatileStore32(base + Register.QueueNum, queue.size);
  storeAddress(base + Register.QueueDescLow, base + Register.QueueDescHigh, queue.bus);
  storeAddress(
    base + Register.QueueDriverLow,
    base + Register.QueueDriverHigh,
    queue.bus + <u64>availableOffset(queue.size),
  );
  storeAddress(
    base + Register.QueueDeviceLow,
    base + Register.QueueDeviceHigh,
    queue.bus + <u64>usedOffset(queue.size),
  );
  fenceIo(); // the ring is zeroed before the device looks at it
  volatileStore32(base + Register.QueueReady, 1);
  return DeviceFault.None;
}

/** Legacy: one page number says where all three parts are. */
function setupLegacyQueue(base: usize, queue: Queue): DeviceFault {
  if (volatileLoad32(base + Register.QueuePfn) !== 0) {
    return DeviceFault.QueueInUse;
  }
  const page = queue.bus >> LEGACY_PAGE_SHIFT;
  if (page === 0 || page > LEGACY_PFN_MAX || page << LEGACY_PAGE_SHIFT !== queue.bus) {
    return DeviceFault.QueueMemory;
  }
  volatileStore32(base + Register.GuestPageSize, LEGACY_PAGE_BYTES);
  volatileStore32(base + Register.QueueNum, queue.size);
  volatileStore32(base + Register.QueueAlign, LEGACY_PAGE_BYTES);
  fenceIo(); // the ring is zeroed before the device looks at it
  volatileStore32(base + Register.QueuePfn, <u32>page);
  return DeviceFault.None;
}

function storeAddress(low: usize, high: usize, address: u64): void {
  volatileStore32(low, <u32>address);
  volatileStore32(high, <u32>(address >> 32));
}

/** Tells the device that queue `index` has new chains. What was written to the ring is seen first. */
export function notify(transport: Transport, index: u32): void {
  fenceIo();
  volatileStore32(transport.base + Register.QueueNotify, index);
}

/**
 * Reads why the device interrupts, and acknowledges exactly that: 0 for a spurious interrupt. The acknowledgement comes
 * before the ring is read, so a completion in between interrupts again instead of being lost.
 */
export function takeInterrupt(transport: Transport): u32 {
  const bits = volatileLoad32(transport.base + Register.InterruptStatus);
  if (bits !== 0) {
    volatileStore32(transport.base + Register.InterruptAck, bits);
  }
  fenceIo(); // the ring is read after the acknowledgement
  return bits;
}

/**
 * Copies `byteCount` bytes (a multiple of four) of the device's configuration, from `offset`, to `target`, as 32-bit
 * reads. All of them come from one state: version 2 counts changes (2.5.1), a legacy device has to give the same bytes
 * twice.
 */
export function readConfig(transport: Transport, offset: u32, byteCount: u32, target: usize): DeviceFault {
  assert(byteCount <= CONFIG_BYTES_MAX && (byteCount & 3) === 0);
  const generation = transport.base + Register.ConfigGeneration;
  const config = transport.base + Register.Config + offset;
  const modern = transport.version === VERSION_MODERN;
  for (let attempt: u32 = 0; attempt < CONFIG_TRIES_MAX; attempt++) {
    const before: u32 = modern ? volatileLoad32(generation) : 0;
    copyConfig(config, byteCount, target);
    const same = modern ? volatileLoad32(generation) === before : equalsConfig(config, byteCount, target);
    if (same) {
      return DeviceFault.None;
    }
  }
  return DeviceFault.ConfigUnstable;
}

function copyConfig(config: usize, byteCount: u32, target: usize): void {
  for (let at: u32 = 0; at < byteCount; at += 4) {
    store<u32>(target + at, volatileLoad32(config + at));
  }
}

function equalsConfig(config: usize, byteCount: u32, copy: usize): bool {
  for (let at: u32 = 0; at < byteCount; at += 4) {
    if (volatileLoad32(config + at) !== load<u32>(copy + at)) {
      return false;
    }
  }
  return true;
}
