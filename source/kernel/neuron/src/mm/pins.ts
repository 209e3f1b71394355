/**
 * Memory that a device was told of. A driver pins part of a memory object and gets its bus address (which is the
 * physical one: `virt` has no IOMMU). The object then stays, even without the driver and its mappings, until a
 * holder of the device says that it was reset. So no late DMA lands in memory that now belongs to another task.
 */
import { Resource } from "abi/job";
import { giveBack, Job } from "../job/job";
import { LOCK_BYTES, Lock } from "../sync/lock";
import { Rank } from "../sync/order";
import { releaseVmo, retainVmo, Vmo } from "./vmo";

/** Objects that all devices together may have pinned. */
export const PINS_MAX: u32 = 64;

@unmanaged
@final
export class Pin {
  /** Null for a free record. */
  vmo: Vmo | null;
  /** The device's number. */
  device: u32;
  /** What it is charged to. */
  job: Job;
}

const table: usize = memory.data(PINS_MAX * <u32>offsetof<Pin>(), 8);
const lock = changetype<Lock>(memory.data(LOCK_BYTES, 8));

function pinAt(index: u32): Pin {
  return changetype<Pin>(table + index * offsetof<Pin>());
}

export function pinsInit(): void {
  lock.init(Rank.Devices);
}

/** What came of asking for a pin. */
export const enum Pinned {
  /** The table is full. */
  No = 0,
  Yes = 1,
  /** It is one pin with an earlier one, so what was charged for this one goes back. */
  Before = 2,
}

/**
 * Keeps memory object `vmo` for `device`; the pin was charged to `job`. An object is pinned once, however often asked.
 */
export function pinFor(device: u32, vmo: Vmo, job: Job): Pinned {
  lock.acquire();
  let free: u32 = PINS_MAX;
  for (let i: u32 = 0; i < PINS_MAX; i++) {
    const pin = pinAt(i);
    if (pin.vmo === vmo && pin.device === device) {
      lock.release();
      return Pinned.Before;
    }
    if (pin.vmo === null && free === PINS_MAX) {
      free = i;
    }
  }
  if (free < PINS_MAX) {
    pinAt(free).device = device;
    pinAt(free).vmo = vmo;
    pinAt(free).job = job;
    retainVmo(vmo);
  }
  lock.release();
  return free < PINS_MAX ? Pinned.Yes : Pinned.No;
}

/** The device was told to forget memory object `vmo`. False if it was not pinned. */
export function unpinFor(device: u32, vmo: Vmo): bool {
  lock.acquire();
  let job: Job | null = null;
  for (let i: u32 = 0; i < PINS_MAX && job === null; i++) {
    const pin = pinAt(i);
    if (pin.vmo === vmo && pin.device === device) {
      pin.vmo = null;
      job = pin.job;
    }
  }
  lock.release();
  if (job === null) {
    return false;
  }
  letGo(vmo, job);
  return true;
}

/** Pins that go in one go, with interrupts off. */
const PINS_A_TURN: u32 = 4;

/** The device was reset: it uses none of what it was told of. False if this has to be called again for the rest. */
export function unpinAllOf(device: u32): bool {
  let left = PINS_A_TURN;
  for (let i: u32 = 0; i < PINS_MAX; i++) {
    lock.acquire();
    const pin = pinAt(i);
    const vmo = pin.device === device ? pin.vmo : null;
    const job = pin.job;
    if (vmo !== null && left > 0) {
      pin.vmo = null;
    }
    lock.release();
    if (vmo === null) {
      continue;
    }
    if (left === 0) {
      return false;
    }
    letGo(vmo, job);
    left--;
  }
  return true;
}

function letGo(vmo: Vmo, job: Job): void {
  releaseVmo(vmo);
  giveBack(job, Resource.Pins, 0);
}
