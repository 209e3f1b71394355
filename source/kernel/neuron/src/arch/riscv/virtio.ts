/**
 * The registers of a virtio-mmio device, as the kernel writes them (virtio 1.2, 4.2.2; the legacy version 1 is 4.2.4). What may
 * be written is decided in dma/ and syscall/dma.ts.
 */
import { QUEUE, VERSION_MODERN, VirtioRegister } from "abi/virtio";
import { fenceIo, outOfLine, volatileLoad32, volatileStore32 } from "./intrinsics";
import { availableOffset, usedOffset } from "./ring";

/** The unit of a legacy ring's address, and the alignment of its used ring. */
const PAGE_BYTES: u32 = 4096;
const PAGE_SHIFT: u32 = 12;

/**
 * Status, which is 0 for a device that was reset and not begun with (4.2.2). What the device wrote before is in memory then.
 */
export function statusOf(registers: usize): u32 {
  const status = volatileLoad32(registers + VirtioRegister.Status);
  fenceIo();
  return status;
}

/** What kind of device it is (5). */
export function deviceIdOf(registers: usize): u32 {
  return volatileLoad32(registers + VirtioRegister.DeviceId);
}

/** Writes a register; what was written to memory is seen first. */
export function writeRegister(registers: usize, register: u32, value: u32): void {
  fenceIo();
  volatileStore32(registers + register, value);
}

/** Accepts features. A legacy device has 32 of them, and no register to choose the others. */
export function acceptFeatures(registers: usize, features: u64): void {
  writeRegister(registers, VirtioRegister.DriverFeaturesSel, 0);
  writeRegister(registers, VirtioRegister.DriverFeatures, <u32>features);
  if (isModern(registers)) {
    writeRegister(registers, VirtioRegister.DriverFeaturesSel, 1);
    writeRegister(registers, VirtioRegister.DriverFeatures, <u32>(features >> 32));
  }
}

function isModern(registers: usize): bool {
  return volatileLoad32(registers + VirtioRegister.Version) === VERSION_MODERN;
}

/** The most descriptors that the queue can have. */
export function queueSizeMax(registers: usize): u32 {
  writeRegister(registers, VirtioRegister.QueueSel, QUEUE);
  return volatileLoad32(registers + VirtioRegister.QueueNumMax);
}

/** Whether the device has a ring already. */
export function hasQueue(registers: usize): bool {
  writeRegister(registers, VirtioRegister.QueueSel, QUEUE);
  const register = isModern(registers) ? VirtioRegister.QueueReady : VirtioRegister.QueuePfn;
  return volatileLoad32(registers + register) !== 0;
}

/** Tells the device of an empty ring at `ring`, whole pages (4.2.3.2; legacy 4.2.4). */
export function startQueue(registers: usize, ring: u32, size: u32): void {
  outOfLine();
  writeRegister(registers, VirtioRegister.QueueSel, QUEUE);
  if (!isModern(registers)) {
    writeRegister(registers, VirtioRegister.GuestPageSize, PAGE_BYTES);
    writeRegister(registers, VirtioRegister.QueueNum, size);
    writeRegister(registers, VirtioRegister.QueueAlign, PAGE_BYTES);
    writeRegister(registers, VirtioRegister.QueuePfn, ring >> PAGE_SHIFT);
    return;
  }
  writeRegister(registers, VirtioRegister.QueueNum, size);
  writeAddress(registers, VirtioRegister.QueueDescLow, ring);
  writeAddress(registers, VirtioRegister.QueueDriverLow, ring + availableOffset(size));
  writeAddress(registers, VirtioRegister.QueueDeviceLow, ring + usedOffset(size));
  writeRegister(registers, VirtioRegister.QueueReady, 1);
}

/** All of RAM that this kernel uses lies below 4 GiB, so the upper half is 0. */
function writeAddress(registers: usize, low: u32, address: u32): void {
  outOfLine();
  writeRegister(registers, low, address);
  writeRegister(registers, low + 4, 0);
}
