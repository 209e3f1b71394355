/**
 * What the driver of a virtio device has the kernel do before the device works: write registers, pin memory, make the ring.
 * Reached from syscall/dispatch.ts; goes on in dma/. What it offers the device then is in syscall/offer.ts.
 */
import { Kind, Right } from "abi/handle";
import { Resource } from "abi/job";
import { PAGE_BYTES } from "abi/layout";
import { Refusal } from "abi/refusal";
import { DEVICE_PINS_MAX, QUEUE, VIRTIO_F_VERSION_1, VirtioRegister } from "abi/virtio";
import { usedOffset } from "../arch/riscv/ring";
import { acceptFeatures, writeRegister } from "../arch/riscv/virtio";
import { virtioRegisters } from "../boot/devices";
import { dmaLock, letGo, pinAt, pinFor, unpinSome } from "../dma/pins";
import { isIdle } from "../dma/queue";
import { isQueueSize, isReset, queueBytes, startQueue, takeEnded, writeStatus } from "../dma/setup";
import { callAgain, setResult, setStatus } from "../ipc/results";
import { giveBack } from "../job/job";
import { mapVmo, unmapAgain } from "../lifecycle/memory";
import { createVmo, releaseVmo, Vmo, vmoPages } from "../mm/vmo";
import { chargeTo } from "../task/charges";
import { capabilityAt, check } from "../task/handles";
import { Task } from "../task/objects";
import { checkVirtio } from "./offer";

/**
 * The features that a driver may accept: those of its kind of device, and VERSION_1. The others between 24 and 41 change what
 * stands in the ring, or what an address means.
 */
const FEATURES_ALLOWED: u64 = 0xff_ffff | VIRTIO_F_VERSION_1;
/** All bits that Status has. */
const STATUS_MAX: u64 = 0xff;

/** Writes one of the registers that name no memory. */
export function write(task: Task, slot: u64, register: u64, value: u64): void {
  let refusal = checkVirtio(task, slot, Right.Write);
  if (refusal === Refusal.None) {
    refusal = writeAllowed(capabilityAt(task, <u32>slot).object, register, value);
  }
  setStatus(task, refusal);
}

function writeAllowed(device: u32, register: u64, value: u64): Refusal {
  if (register === VirtioRegister.Status) {
    return changeStatus(device, value);
  }
  const registers = virtioRegisters(device);
  if (register === VirtioRegister.DriverFeatures) {
    return writeFeatures(registers, value);
  }
  const isChoice =
    register === VirtioRegister.DeviceFeaturesSel ||
    (register === VirtioRegister.QueueSel && value === QUEUE);
  if (!isChoice) {
    return Refusal.BadArgument;
  }
  writeRegister(registers, <u32>register, <u32>value);
  return Refusal.None;
}

/** Both halves at once: no other hart may come between the choice of a half and what is written to it. */
function writeFeatures(registers: usize, features: u64): Refusal {
  if ((features & ~FEATURES_ALLOWED) !== 0) {
    return Refusal.BadArgument;
  }
  const lock = dmaLock();
  lock.acquire();
  acceptFeatures(registers, features);
  lock.release();
  return Refusal.None;
}

function changeStatus(device: u32, value: u64): Refusal {
  if (value > STATUS_MAX) {
    return Refusal.BadArgument;
  }
  const lock = dmaLock();
  lock.acquire();
  writeStatus(device, <u32>value);
  const ring = takeEnded(device);
  lock.release();
  letRingGo(ring);
  return Refusal.None;
}

function letRingGo(ring: Vmo | null): void {
  if (ring !== null) {
    releaseVmo(ring);
  }
}

/** Pins part of a memory object that the caller may write, and tells the number of the pin. */
export function pin(task: Task, slot: u64, vmoSlot: u64, offset: u64, bytes: u64): void {
  let refusal = checkVirtio(task, slot, Right.Manage);
  if (refusal === Refusal.None) {
    refusal = check(task, vmoSlot, Kind.Vmo, Right.Read | Right.Write);
  }
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  const vmo = capabilityAt(task, <u32>vmoSlot).vmo;
  const size = <u64>vmo.pages * PAGE_BYTES;
  if (bytes === 0 || offset >= size || bytes > size - offset) {
    return setStatus(task, Refusal.BadArgument);
  }
  refusal = chargeTo(task.job, task, Resource.Pins, 0);
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  const number = pinFor(capabilityAt(task, <u32>slot).object, vmo, <u32>offset, <u32>bytes, task.job);
  if (number === DEVICE_PINS_MAX) {
    giveBack(task.job, Resource.Pins, 0);
    return setStatus(task, Refusal.TableFull);
  }
  setResult(task, number);
}

export function unpin(task: Task, slot: u64, number: u64, taken: u64): void {
  const refusal = checkVirtio(task, slot, Right.Manage);
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  if (number >= DEVICE_PINS_MAX) {
    return setStatus(task, Refusal.BadArgument);
  }
  const device = capabilityAt(task, <u32>slot).object;
  const lock = dmaLock();
  lock.acquire();
  const pinned = pinAt(device, <u32>number);
  const job = pinned.job;
  let vmo = pinned.vmo;
  if (vmo !== null && isIdle(device, pinned, <u32>taken)) {
    pinned.vmo = null;
  } else {
    vmo = null;
  }
  lock.release();
  if (vmo === null) {
    return setStatus(task, Refusal.BadState);
  }
  letGo(vmo, job);
  setStatus(task, Refusal.None);
}

export function unpinAll(task: Task, slot: u64): void {
  const refusal = checkVirtio(task, slot, Right.Manage);
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  const device = capabilityAt(task, <u32>slot).object;
  const lock = dmaLock();
  lock.acquire();
  const mayGo = isReset(device);
  const ring = takeEnded(device);
  lock.release();
  letRingGo(ring);
  if (!mayGo) {
    return setStatus(task, Refusal.BadState);
  }
  if (!unpinSome(device)) {
    return callAgain(task);
  }
  setStatus(task, Refusal.None);
}

/** Makes the ring, tells the device of it, and maps the part that the device writes, for the caller to read. */
export function setUpQueue(task: Task, slot: u64, size: u64, address: u64): void {
  const refusal = checkVirtio(task, slot, Right.Manage);
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  if (!isQueueSize(size)) {
    return setStatus(task, Refusal.BadArgument);
  }
  // A mapping that the task has begun would go on in place of the one below.
  if (task.work !== null) {
    return setStatus(task, Refusal.BadState);
  }
  setStatus(task, setUp(task, <u32>slot, <u32>size, address));
}

function setUp(task: Task, slot: u32, size: u32, address: u64): Refusal {
  const capability = capabilityAt(task, slot);
  const device = capability.object;
  const bytes = queueBytes(size);
  let refusal = chargeTo(task.job, task, Resource.Vmos, vmoPages(bytes));
  if (refusal !== Refusal.None) {
    return refusal;
  }
  const vmo = createVmo(task.job, bytes);
  if (vmo === null) {
    return Refusal.NoMemory;
  }
  refusal = mapVmo(task, task, vmo, address, usedOffset(size), PAGE_BYTES, Right.Read, capability.lease);
  if (refusal !== Refusal.None) {
    releaseVmo(vmo);
    return refusal;
  }
  const lock = dmaLock();
  lock.acquire();
  refusal = startQueue(device, vmo, size);
  const before = takeEnded(device);
  lock.release();
  letRingGo(before);
  if (refusal !== Refusal.None) {
    unmapAgain(task, <u32>address, vmo);
    releaseVmo(vmo);
  }
  return refusal;
}
