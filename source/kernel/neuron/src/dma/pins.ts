/**
 * The memory that each virtio device may be told of: its pool. A driver pins part of a memory object and gets a number, its
 * place in the pool. Only the kernel knows the address behind it, which is the physical one: `virt` has no IOMMU. One would
 * be told of the part here, and forget it here.
 *
 * The object stays, even without the driver and its mappings, until it is unpinned, or a holder of the device has reset it. So
 * no late DMA lands in memory that now belongs to another task. `inFlight` says how many descriptors that the device has name
 * a pin: as long as there are any, only a reset ends it.
 *
 * All of this is under one lock (queue.ts holds it as well). Reached from syscall/dma.ts and dma/queue.ts.
 */
import { Resource } from "abi/job";
import { DEVICE_PINS_MAX } from "abi/virtio";
import { VIRTIO_SLOTS_MAX } from "../boot/devices";
import { giveBack, Job } from "../job/job";
import { releaseVmo, retainVmo, Vmo } from "../mm/vmo";
import { LOCK_BYTES, Lock } from "../sync/lock";
import { Rank } from "../sync/order";

/** Pins of all devices together: what the first job has. */
export const PINS_MAX: u32 = 64;

@unmanaged
@final
export class Pin {
  /** Null for a free record. */
  vmo: Vmo | null;
  /** What it is charged to. */
  job: Job;
  /** Its address for the device, and its length. */
  base: u32;
  bytes: u32;
  /** Descriptors that the device has, or is to get, and that name it. */
  inFlight: u32;
  // A power of two: a pin is found without a multiplication.
  private reserved0: u32;
  private reserved1: u64;
}

/** The pins of one device. */
@unmanaged
@final
export class Pool {
  /** The record `number`, below DEVICE_PINS_MAX. */
  at(number: u32): Pin {
    return changetype<Pin>(changetype<usize>(this) + number * offsetof<Pin>());
  }
}

/** Records in the table: DEVICE_PINS_MAX for each slot. */
export const PIN_RECORDS: u32 = VIRTIO_SLOTS_MAX * DEVICE_PINS_MAX;

const table: usize = memory.data(PIN_RECORDS * <u32>offsetof<Pin>(), 8);
const lock = changetype<Lock>(memory.data(LOCK_BYTES, 8));

export function poolOf(device: u32): Pool {
  return changetype<Pool>(table + device * DEVICE_PINS_MAX * offsetof<Pin>());
}

/** The record `number`, below DEVICE_PINS_MAX, of a device. */
export function pinAt(device: u32, number: u32): Pin {
  return poolOf(device).at(number);
}

export function pinsInit(): void {
  lock.init(Rank.Devices);
}

/** The lock of all that devices are told. */
export function dmaLock(): Lock {
  return lock;
}

/**
 * Keeps `bytes` from `offset` of memory object `vmo`, which has them, for `device`; the pin was charged to `job`. The
 * number of the pin, or DEVICE_PINS_MAX: the device's pool is full.
 */
export function pinFor(device: u32, vmo: Vmo, offset: u32, bytes: u32, job: Job): u32 {
  lock.acquire();
  let number: u32 = 0;
  while (number < DEVICE_PINS_MAX && pinAt(device, number).vmo !== null) {
    number++;
  }
  if (number < DEVICE_PINS_MAX) {
    const pin = pinAt(device, number);
    retainVmo(vmo);
    pin.vmo = vmo;
    pin.job = job;
    pin.base = vmo.base + offset;
    pin.bytes = bytes;
    pin.inFlight = 0;
  }
  lock.release();
  return number;
}

/** Pins that go in one go, with interrupts off. */
const PINS_A_TURN: u32 = 4;

/** The device has no descriptors: what it was told of may go. False if this has to be called again for the rest. */
export function unpinSome(device: u32): bool {
  let left = PINS_A_TURN;
  for (let number: u32 = 0; number < DEVICE_PINS_MAX; number++) {
    lock.acquire();
    const pin = pinAt(device, number);
    const vmo = pin.vmo;
    const job = pin.job;
    const goes = vmo !== null && left > 0 && pin.inFlight === 0;
    if (goes) {
      pin.vmo = null;
    }
    lock.release();
    if (vmo === null) {
      continue;
    }
    if (!goes) {
      return false;
    }
    letGo(vmo, job);
    left--;
  }
  return true;
}

/** What was pinned is let go of. The lock is not held. */
export function letGo(vmo: Vmo, job: Job): void {
  releaseVmo(vmo);
  giveBack(job, Resource.Pins, 0);
}
