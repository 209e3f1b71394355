/**
 * virtio over memory-mapped registers: version 2, and the legacy version 1 that a plain QEMU command line gives
 * (virtio 1.2, 4.2.2 and 4.2.4). One named function for each step of the initialisation in 3.1.1.
 *
 * Registers are read here, and written by the kernel (writer.ts). Reached from virtio-blk/device.ts and virtio-blk/disk.ts;
 * goes on in the device. Its only state is where the registers are and which layout they have. Every wait is a bounded number
 * of polls: a driver has no clock of its own.
 */
import { Refusal } from "abi/refusal";
import { QUEUE, VirtioRegister as Register, VERSION_LEGACY, VERSION_MODERN } from "abi/virtio";
import { DeviceFault } from "./fault";
import { acceptedFeatures, offersAll, requiredFeatures, VIRTIO_F_ACCESS_PLATFORM } from "./features";
import { fenceIo, volatileLoad32 } from "./intrinsics";
import { Queue } from "./queue";
import { setUpQueue, writeRegister } from "./writer";

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
  /** The slot of the device's capability. */
  device: u32;
  version: u32;
  /** Bits 0–31 and 32–63 as they were accepted. */
  features: u64;
}

/** Reads magic, version and device id, in the order that 4.2.3.1.1 asks for. This changes nothing at the device. */
export function probe(transport: Transport, base: usize, device: u32, deviceId: u32): DeviceFault {
  transport.base = base;
  transport.device = device;
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
  writeRegister(transport.device, Register.Status, 0);
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
  writeRegister(transport.device, Register.Status, status | step);
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
  writeRegister(transport.device, Register.DeviceFeaturesSel, 0);
  const low = <u64>volatileLoad32(base + Register.DeviceFeatures);
  if (transport.version === VERSION_LEGACY) {
    return low;
  }
  writeRegister(transport.device, Register.DeviceFeaturesSel, 1);
  const high = <u64>volatileLoad32(base + Register.DeviceFeatures);
  return (high << 32) | low;
}

/**
 * Accepts the needed and wanted features among those `offered` (3.1.1, steps 4 to 6). A version 2 device confirms the
 * choice by keeping FEATURES_OK; a legacy device does not confirm it.
 */
export function negotiate(transport: Transport, offered: u64, required: u64, wanted: u64): DeviceFault {
  const needed = requiredFeatures(required, transport.version);
  if (!offersAll(offered, needed)) {
    return DeviceFault.FeatureMissing;
  }
  const accepted = acceptedFeatures(offered, needed, wanted, transport.version);
  if (writeRegister(transport.device, Register.DriverFeatures, accepted) !== Refusal.None) {
    return DeviceFault.FeaturesRefused;
  }
  transport.features = accepted;
  if (transport.version === VERSION_LEGACY) {
    return DeviceFault.None;
  }

  advance(transport, Status.FeaturesOk);
  const kept = (volatileLoad32(transport.base + Register.Status) & Status.FeaturesOk) !== 0;
  if (kept) {
    return DeviceFault.None;
  }
  const isForIommu = (offered & VIRTIO_F_ACCESS_PLATFORM) !== 0;
  return isForIommu ? DeviceFault.NeedsIommu : DeviceFault.FeaturesRefused;
}

/** The most descriptors that the device's queue can have, 0 if there is none. */
export function queueSizeMax(transport: Transport): u32 {
  writeRegister(transport.device, Register.QueueSel, QUEUE);
  return volatileLoad32(transport.base + Register.QueueNumMax);
}

/** Has the kernel make a ring of `size` for `queue`, and tell the device of it. The device writes it at `used`. */
export function setupQueue(transport: Transport, queue: Queue, size: u32, used: usize): DeviceFault {
  const refusal = setUpQueue(transport.device, size, used);
  if (refusal === Refusal.BadState) {
    return DeviceFault.QueueInUse;
  }
  if (refusal !== Refusal.None) {
    return DeviceFault.QueueMemory;
  }
  queue.begin(transport.device, used, size, transport.version === VERSION_LEGACY);
  return DeviceFault.None;
}

/** Why the device interrupts: 0 for a spurious interrupt. Its owner acknowledges exactly that, and looks afterwards. */
export function interruptBits(transport: Transport): u32 {
  return volatileLoad32(transport.base + Register.InterruptStatus);
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
