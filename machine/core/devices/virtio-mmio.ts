/**
 * The eight virtio-mmio slots (virtio 1.2, 4.2.2; version 1 is 4.2.4). One of them may hold the disk; the others answer
 * with device number 0.
 *
 * Both register layouts lead to the same queue. Registers are 32 bits wide. An access of another width reads 0 and writes
 * nothing, and so does an access to a register of the other version. The configuration may be read in any width.
 */
import { Fault, strikesAt } from "./faults";
import { plicLine } from "./plic";
import {
  diskEvents,
  diskNotified,
  diskReset,
  diskStorms,
  takeDiskFailed,
  takeDiskRaised,
} from "./virtio-blk";
import { DISK_FEATURES, diskConfig, diskGeneration } from "./virtio-blk-config";
import { QUEUE_SIZE_MAX, queue, queueReset } from "./virtio-queue";

export const VIRTIO_SLOTS: u32 = 8;
export const VIRTIO_STRIDE: u32 = 0x1000;
/** Bytes of a slot's registers and configuration. The rest of its page is empty. */
export const VIRTIO_BYTES: u32 = 0x200;
export const NO_SLOT: u32 = 0xffff_ffff;

const enum Register {
  MagicValue = 0x000,
  Version = 0x004,
  DeviceId = 0x008,
  VendorId = 0x00c,
  DeviceFeatures = 0x010,
  DeviceFeaturesSel = 0x014,
  DriverFeatures = 0x020,
  DriverFeaturesSel = 0x024,
  GuestPageSize = 0x028,
  QueueSel = 0x030,
  QueueNumMax = 0x034,
  QueueNum = 0x038,
  QueueAlign = 0x03c,
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
}

/** Where the device's own configuration begins. */
const CONFIG: u32 = 0x100;

const MAGIC: u32 = 0x74726976;
const VENDOR: u32 = 0x554d4551;
const BLOCK_DEVICE: u32 = 2;

/** Features of the ring and the transport (6). The upper word is for version 2. */
const INDIRECT: u32 = 1 << 28;
const EVENT_INDEX: u32 = 1 << 29;
const OFFERED_LOW: u32 = DISK_FEATURES | INDIRECT | EVENT_INDEX;
const OFFERED_HIGH: u32 = 1; // VIRTIO_F_VERSION_1

const STATUS_DRIVER_OK: u32 = 4;
const STATUS_FEATURES_OK: u32 = 8;
const STATUS_NEEDS_RESET: u32 = 64;
const INTERRUPT_USED: u32 = 1;
const INTERRUPT_CONFIG: u32 = 2;

/** Registers of the slot with the disk. */
@unmanaged
@final
class Slot {
  /** Its number, or NO_SLOT. */
  number: u32;
  version: u32;
  status: u32;
  interruptStatus: u32;
  deviceFeaturesSel: u32;
  driverFeaturesSel: u32;
  acceptedLow: u32;
  acceptedHigh: u32;
  queueSel: u32;
  pageBytes: u32;
  queueAlign: u32;
  /** Resets by the driver so far, which are the events of a plan's `ResetStuck`. */
  resets: u32;
}

const slot = changetype<Slot>(memory.data(48, 4));

/** Power-on. The disk is in slot `number` (or NO_SLOT) and speaks `version`. */
export function virtioReset(number: u32, version: u32): void {
  memory.fill(changetype<usize>(slot), 0, offsetof<Slot>());
  slot.number = number;
  slot.version = version;
  queueReset();
}

/** Reads `size` bytes at `offset` of slot `number`. */
export function virtioLoad(number: u32, offset: u32, size: u32): u64 {
  const occupied = number === slot.number;
  if (offset >= CONFIG) {
    return occupied ? config(offset - CONFIG, size) : 0;
  }
  if (size !== 4 || (offset & 3) !== 0) {
    return 0;
  }
  if (offset === Register.MagicValue) {
    return MAGIC;
  }
  if (offset === Register.Version) {
    return slot.version;
  }
  if (offset === Register.VendorId) {
    return VENDOR;
  }
  return occupied ? register(offset) : 0;
}

/** Writes `size` bytes at `offset` of slot `number`. */
export function virtioStore(number: u32, offset: u32, size: u32, value: u32): void {
  if (number !== slot.number || size !== 4 || (offset & 3) !== 0) {
    return;
  }
  if (slot.version === 1) {
    storeLegacy(offset, value);
  } else {
    storeModern(offset, value);
  }
  settle();
}

/** The disk does what is due by `now`. */
export function virtioEvents(now: u64): void {
  diskEvents(now);
  settle();
}

function config(offset: u32, size: u32): u64 {
  let value: u64 = 0;
  for (let index: u32 = 0; index < size; index++) {
    const byte: u64 = diskConfig(offset + index, index === 0);
    value |= byte << (index << 3);
  }
  return value;
}

function register(offset: u32): u32 {
  const first = slot.queueSel === 0;
  switch (offset) {
    case Register.DeviceId:
      return BLOCK_DEVICE;
    case Register.DeviceFeatures:
      if (slot.deviceFeaturesSel === 0) {
        return OFFERED_LOW;
      }
      return slot.deviceFeaturesSel === 1 && slot.version === 2 ? OFFERED_HIGH : 0;
    case Register.QueueNumMax:
      return first ? QUEUE_SIZE_MAX : 0;
    case Register.QueuePfn:
      return slot.version === 1 && first && slot.pageBytes !== 0
        ? <u32>(queue.descriptors / slot.pageBytes)
        : 0;
    case Register.QueueReady:
      return slot.version === 2 && first ? queue.ready : 0;
    case Register.InterruptStatus:
      return slot.interruptStatus;
    case Register.Status:
      return slot.status;
    case Register.ConfigGeneration:
      return slot.version === 2 ? diskGeneration() : 0;
    default:
      return 0;
  }
}

/** The registers that both versions have. */
function storeCommon(offset: u32, value: u32): void {
  switch (offset) {
    case Register.DeviceFeaturesSel:
      slot.deviceFeaturesSel = value;
      break;
    case Register.DriverFeaturesSel:
      slot.driverFeaturesSel = value;
      break;
    case Register.DriverFeatures:
      if (slot.driverFeaturesSel === 0) {
        slot.acceptedLow = value;
      } else if (slot.driverFeaturesSel === 1 && slot.version === 2) {
        slot.acceptedHigh = value;
      }
      break;
    case Register.QueueSel:
      slot.queueSel = value;
      break;
    case Register.QueueNum:
      if (slot.queueSel === 0 && queue.ready === 0 && value <= QUEUE_SIZE_MAX) {
        queue.size = value;
      }
      break;
    case Register.QueueNotify:
      if (value === 0 && (slot.status & STATUS_DRIVER_OK) !== 0) {
        diskNotified();
      }
      break;
    case Register.InterruptAck:
      slot.interruptStatus &= ~value;
      break;
    case Register.Status:
      storeStatus(value & 0xff);
      break;
    default:
      break;
  }
}

function storeModern(offset: u32, value: u32): void {
  if (slot.queueSel !== 0 || queue.ready !== 0) {
    // Of a queue that is in use, only this can be written.
    if (offset === Register.QueueReady && slot.queueSel === 0 && (value & 1) === 0) {
      queue.ready = 0;
    }
    storeCommon(offset, value);
    return;
  }
  switch (offset) {
    case Register.QueueDescLow:
      queue.descriptors = withLow(queue.descriptors, value);
      break;
    case Register.QueueDescHigh:
      queue.descriptors = withHigh(queue.descriptors, value);
      break;
    case Register.QueueDriverLow:
      queue.available = withLow(queue.available, value);
      break;
    case Register.QueueDriverHigh:
      queue.available = withHigh(queue.available, value);
      break;
    case Register.QueueDeviceLow:
      queue.used = withLow(queue.used, value);
      break;
    case Register.QueueDeviceHigh:
      queue.used = withHigh(queue.used, value);
      break;
    case Register.QueueReady:
      if ((value & 1) !== 0) {
        startQueue();
      }
      break;
    default:
      storeCommon(offset, value);
  }
}

function storeLegacy(offset: u32, value: u32): void {
  switch (offset) {
    case Register.GuestPageSize:
      slot.pageBytes = value;
      break;
    case Register.QueueAlign:
      slot.queueAlign = value;
      break;
    case Register.QueuePfn:
      if (slot.queueSel === 0) {
        storePfn(value);
      }
      break;
    default:
      storeCommon(offset, value);
  }
}

/** Legacy: one page number places all three parts, and 0 removes the queue (4.2.4, 2.7.2). */
function storePfn(page: u32): void {
  queue.ready = 0;
  queue.descriptors = <u64>page * <u64>slot.pageBytes;
  if (page === 0 || queue.size === 0 || slot.queueAlign === 0) {
    return;
  }
  queue.available = queue.descriptors + <u64>queue.size * 16;
  const align = <u64>slot.queueAlign;
  const end = queue.available + <u64>queue.size * 2 + 6;
  queue.used = ((end + align - 1) / align) * align;
  startQueue();
}

function startQueue(): void {
  // The size must be a power of two (2.7). With any other, the queue does not become ready.
  if (queue.size === 0 || (queue.size & (queue.size - 1)) !== 0) {
    return;
  }
  queue.taken = 0;
  queue.putBack = 0;
  queue.broken = 0;
  queue.eventIndex = slot.acceptedLow & EVENT_INDEX;
  queue.indirect = slot.acceptedLow & INDIRECT;
  queue.ready = 1;
}

function storeStatus(value: u32): void {
  if (value === 0) {
    slot.resets++;
    if (!strikesAt(Fault.ResetStuck, slot.resets)) {
      reset();
    }
    return;
  }
  let status = value;
  if (slot.version === 2 && (status & STATUS_FEATURES_OK) !== 0 && !acceptable()) {
    status &= ~STATUS_FEATURES_OK;
  }
  slot.status = status;
}

function reset(): void {
  slot.status = 0;
  slot.interruptStatus = 0;
  slot.acceptedLow = 0;
  slot.acceptedHigh = 0;
  slot.deviceFeaturesSel = 0;
  slot.driverFeaturesSel = 0;
  slot.queueSel = 0;
  queueReset();
  diskReset();
}

/** Whether the driver accepted only features that were offered, and VERSION_1, which version 2 requires (6.1). */
function acceptable(): bool {
  return (slot.acceptedLow & ~OFFERED_LOW) === 0 && slot.acceptedHigh === OFFERED_HIGH;
}

/** Updates the registers and the line with what the disk reports. */
function settle(): void {
  if (slot.number === NO_SLOT) {
    return;
  }
  if (takeDiskRaised()) {
    slot.interruptStatus |= INTERRUPT_USED;
  }
  if (takeDiskFailed() && slot.version === 2) {
    // A legacy device cannot report that: it only stops answering (2.1.2).
    slot.status |= STATUS_NEEDS_RESET;
    slot.interruptStatus |= INTERRUPT_CONFIG;
  }
  plicLine(slot.number + 1, slot.interruptStatus !== 0 || diskStorms());
}

function withLow(address: u64, value: u32): u64 {
  return (address & 0xffff_ffff_0000_0000) | <u64>value;
}

function withHigh(address: u64, value: u32): u64 {
  return (address & 0xffff_ffff) | ((<u64>value) << 32);
}
