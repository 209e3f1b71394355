/**
 * The one disk: brought up in one of the slots that we were given, and bound to its interrupt. Reached from find.ts,
 * which chooses the slot, main.ts and reads.ts; goes on in drivers/storage/virtio-blk.
 */
import { Kind, Right } from "abi/handle";
import { PAGE_BYTES } from "abi/layout";
import { Refusal } from "abi/refusal";
import { Role, StartupEntry } from "abi/startup";
import { NO_SLOT } from "abi/syscall";
import {
  bindInterrupt,
  completeInterrupt,
  create,
  createVmo,
  drop,
  map,
  mapDevice,
  pin,
  result,
  unmap,
  unpinAll,
} from "runtime/call";
import { entryOf } from "runtime/startup";
import { DEVICE_ID_BLOCK } from "storage/virtio-blk/device";
import { DISK_STATE_BYTES, Disk } from "storage/virtio-blk/disk";
import { DiskMemory } from "storage/virtio-blk/request";
import { DeviceFault } from "virtio/fault";
import { probe, reset, Transport } from "virtio/mmio";
import { turnTime } from "./clock";
import {
  DMA_ADDRESS,
  DMA_BYTES,
  FIRST_BLOCK_OFFSET,
  REGISTERS_ADDRESS,
  REQUESTS_OFFSET,
  SLOTS_MAX,
  USED_ADDRESS,
} from "./limits";
import { reportFault, reportRefused } from "./report";

/** The bit that the device's interrupt signals. */
const INTERRUPT_BIT: u64 = 1;

const theDisk = changetype<Disk>(memory.data(DISK_STATE_BYTES, 8));
const told = changetype<DiskMemory>(memory.data(offsetof<DiskMemory>(), 8));
const probed = changetype<Transport>(memory.data(offsetof<Transport>(), 8));

let deviceSlot: u32 = NO_SLOT;
let interruptSlot: u32 = NO_SLOT;
let notificationSlot: u32 = NO_SLOT;
/** A bit for each interrupt that signals it, by its place in the startup page. */
let boundInterrupts: u32 = 0;
let registersBase: u64 = 0;
let interruptNumber: u32 = 0;
let dmaVmo: u32 = NO_SLOT;
let dmaPin: u32 = 0;

/** The disk, once `openSlot` has opened one. */
export function disk(): Disk {
  return theDisk;
}

/** The capability of its registers, for which memory is pinned. */
export function diskDevice(): u32 {
  return deviceSlot;
}

/** Physical address of its registers. */
export function diskBase(): u64 {
  return registersBase;
}

/** Its interrupt's number at the PLIC. */
export function diskIrq(): u32 {
  return interruptNumber;
}

/** The notification that its interrupt signals. */
export function diskNotification(): u32 {
  return notificationSlot;
}

/** The pin of our own memory. From FIRST_BLOCK_OFFSET on, it has a page for this service's own reads. */
export function ownPin(): u32 {
  return dmaPin;
}

/** That page in our address space. */
export function firstBlockAt(): usize {
  return DMA_ADDRESS + FIRST_BLOCK_OFFSET;
}

/** What `openSlot` found. */
export const enum Opened {
  /** The slot holds no block device. */
  NoDisk = 0,
  /** It holds a block device, which was refused; a line says why. */
  Refused = 1,
  /** The disk is open. */
  Disk = 2,
}

/** Opens the disk in our `nth` slot. On anything but Disk, the slot's registers are unmapped again. */
export function openSlot(nth: u32, fileIsReadOnly: bool): Opened {
  const entry = entryOf(Role.VirtioDevice, nth);
  if (entry === null) {
    return Opened.NoDisk;
  }
  const seen = mapAndProbe(entry, nth);
  if (isNoDisk(seen)) {
    return Opened.NoDisk;
  }
  // A slot whose registers cannot be mapped may hold a disk, so it does not count as empty.
  if (seen !== DeviceFault.None) {
    reportRefused(entry.base, seen);
    return Opened.Refused;
  }
  const fault = openAt(entry, registersOf(nth), fileIsReadOnly);
  if (fault === DeviceFault.None) {
    return Opened.Disk;
  }
  reportRefused(entry.base, fault);
  // The device may have been told of our memory before it was refused.
  if (reset(probed) === DeviceFault.None) {
    unpinAll(entry.slot);
  } else {
    forgetMemory();
  }
  unmap(registersOf(nth));
  return Opened.Refused;
}

/** Whether the slot holds a block device. This changes nothing at the device. */
export function isDiskIn(nth: u32): bool {
  const entry = entryOf(Role.VirtioDevice, nth);
  if (entry === null || mapAndProbe(entry, nth) !== DeviceFault.None) {
    return false;
  }
  unmap(registersOf(nth));
  return true;
}

/** Closes the disk that was opened in this slot, so that the next slot can be tried. */
export function closeSlot(nth: u32): void {
  // A device that does not stop may still write to the memory that it was told of, so the next one gets other memory.
  if (disk().close() === DeviceFault.None) {
    unpinAll(deviceSlot);
  } else {
    forgetMemory();
  }
  unmap(registersOf(nth));
}

/** Physical address of the registers of a slot; 0 if there is no such slot. */
export function slotBase(nth: u32): u64 {
  const entry = entryOf(Role.VirtioDevice, nth);
  return entry === null ? 0 : entry.base;
}

/** Maps the registers of the slot. On None it holds a block device, and they stay mapped. */
function mapAndProbe(entry: StartupEntry, nth: u32): DeviceFault {
  const address = registersOf(nth);
  if (mapDevice(entry.slot, address) !== Refusal.None) {
    return DeviceFault.NotMapped;
  }
  const fault = probe(probed, address, entry.slot, DEVICE_ID_BLOCK);
  if (fault !== DeviceFault.None) {
    unmap(address);
  }
  return fault;
}

/** Whether the fault means that the slot holds no block device. */
function isNoDisk(fault: DeviceFault): bool {
  return (
    fault === DeviceFault.NotVirtio || fault === DeviceFault.EmptySlot || fault === DeviceFault.OtherDevice
  );
}

function registersOf(nth: u32): usize {
  return REGISTERS_ADDRESS + nth * PAGE_BYTES;
}

/** Pins memory for this device and opens it. Without memory or an interrupt, the device cannot be used. */
function openAt(entry: StartupEntry, address: usize, fileIsReadOnly: bool): DeviceFault {
  // An earlier life of this service may have left reads with the device. After a reset the device uses no memory that
  // it was told of, so the memory pinned for these reads is unpinned. If it does not stop, all of it stays pinned.
  const stopped = reset(probed);
  if (stopped !== DeviceFault.None) {
    return stopped;
  }
  unpinAll(entry.slot);
  if (!pinMemory(entry.slot)) {
    return DeviceFault.QueueMemory;
  }
  told.used = USED_ADDRESS;
  told.request = DMA_ADDRESS + REQUESTS_OFFSET;
  told.requestPin = dmaPin;
  told.requestOffset = REQUESTS_OFFSET;
  const fault = disk().open(address, entry.slot, told, fileIsReadOnly);
  if (fault !== DeviceFault.None) {
    return fault;
  }
  if (!bindTo(entry.irq)) {
    disk().close();
    return DeviceFault.NoInterrupt;
  }
  deviceSlot = entry.slot;
  registersBase = entry.base;
  interruptNumber = entry.irq;
  return DeviceFault.None;
}

/** Creates the DMA memory, once, and pins it for a device. */
function pinMemory(device: u32): bool {
  if (dmaVmo === NO_SLOT) {
    if (createVmo(DMA_BYTES) !== Refusal.None) {
      return false;
    }
    dmaVmo = <u32>result(0);
    if (map(dmaVmo, DMA_ADDRESS, 0, DMA_BYTES, Right.Read | Right.Write) !== Refusal.None) {
      drop(dmaVmo);
      dmaVmo = NO_SLOT;
      return false;
    }
  }
  if (pin(device, dmaVmo, 0, DMA_BYTES) !== Refusal.None) {
    return false;
  }
  dmaPin = <u32>result(0);
  return true;
}

/** Leaves the memory pinned and never uses it again. */
function forgetMemory(): void {
  if (dmaVmo === NO_SLOT) {
    return;
  }
  unmap(DMA_ADDRESS);
  drop(dmaVmo);
  dmaVmo = NO_SLOT;
}

/** Binds interrupt `irq` to our notification. It stays bound, also for a disk that is closed and opened again. */
function bindTo(irq: u32): bool {
  if (notificationSlot === NO_SLOT) {
    if (create(Kind.Notification) !== Refusal.None) {
      return false;
    }
    notificationSlot = <u32>result(0);
  }
  for (let nth: u32 = 0; nth < SLOTS_MAX; nth++) {
    const entry = entryOf(Role.VirtioInterrupt, nth);
    if (entry === null) {
      return false;
    }
    if (entry.irq !== irq) {
      continue;
    }
    interruptSlot = entry.slot;
    const bit: u32 = (<u32>1) << nth;
    if ((boundInterrupts & bit) !== 0) {
      return true;
    }
    if (bindInterrupt(entry.slot, notificationSlot, INTERRUPT_BIT) !== Refusal.None) {
      return false;
    }
    boundInterrupts |= bit;
    return true;
  }
  return false;
}

/** Drops the capabilities of all slots but the disk's, so that they cannot be misused here. */
export function keepOnly(kept: u32): void {
  for (let nth: u32 = 0; nth < SLOTS_MAX; nth++) {
    const device = entryOf(Role.VirtioDevice, nth);
    if (device !== null && nth !== kept) {
      drop(device.slot);
    }
    const interrupt = entryOf(Role.VirtioInterrupt, nth);
    if (interrupt !== null && interrupt.slot !== interruptSlot) {
      drop(interrupt.slot);
    }
  }
}

/**
 * Handles the device's interrupt: acknowledges and completes it at the kernel, then moves finished reads to the list of
 * completions. A device that was given up gets no completion: its line is never acknowledged again, so it could fire for ever.
 */
export function handleInterrupt(): void {
  if (!disk().isReady) {
    return;
  }
  const bits = disk().interruptBits();
  completeInterrupt(interruptSlot, bits);
  reportFault(disk().handleInterrupt(bits), disk());
}

/** Ends the reads that the device did not answer in time. */
export function expireReads(): void {
  reportFault(disk().expire(turnTime()), disk());
}
