/**
 * Memory that a device was told of. A driver pins part of a memory object and gets its bus address (which is the
 * physical one: `virt` has no IOMMU). The object then stays, whatever happens to the driver and its mappings, until
 * somebody who holds the device says that it was reset: no late DMA ever lands in memory that has become another's.
 */
import { Lock } from "../sync/lock";
import { Rank } from "../sync/order";
import { releaseVmo, retainVmo } from "./vmo";

/** Objects that all devices together may have pinned. */
export const PINS_MAX: u32 = 64;

@unmanaged
@final
export class Pin {
  /** Device index + 1; 0 for a free record. */
  device: u32;
  vmo: u32;
}

const table: usize = memory.data(512, 8);
const lockWord: usize = memory.data(16, 8);
if (PINS_MAX * offsetof<Pin>() > 512) ERROR("the table of pins is too small");

function pinAt(index: u32): Pin {
  return changetype<Pin>(table + index * offsetof<Pin>());
}

function lock(): Lock {
  return changetype<Lock>(lockWord);
}

export function pinsInit(): void {
  lock().init(Rank.Devices);
}

/** Keeps memory object `vmo` for `device`. False when the table is full. An object is pinned once, however often asked. */
export function pinFor(device: u32, vmo: u32): bool {
  lock().acquire();
  let free: u32 = PINS_MAX;
  for (let i: u32 = 0; i < PINS_MAX; i++) {
    const pin = pinAt(i);
    if (pin.device === device + 1 && pin.vmo === vmo) {
      lock().release();
      return true;
    }
    if (pin.device === 0 && free === PINS_MAX) free = i;
  }
  if (free < PINS_MAX) {
    pinAt(free).device = device + 1;
    pinAt(free).vmo = vmo;
    retainVmo(vmo);
  }
  lock().release();
  return free < PINS_MAX;
}

/** The device was told to forget memory object `vmo`. False if it was not pinned. */
export function unpinFor(device: u32, vmo: u32): bool {
  lock().acquire();
  let found = false;
  for (let i: u32 = 0; i < PINS_MAX && !found; i++) {
    const pin = pinAt(i);
    found = pin.device === device + 1 && pin.vmo === vmo;
    if (found) pin.device = 0;
  }
  lock().release();
  if (found) releaseVmo(vmo);
  return found;
}

/** The device was reset: it uses none of what it was told of. */
export function unpinAllOf(device: u32): void {
  for (let i: u32 = 0; i < PINS_MAX; i++) {
    lock().acquire();
    const pin = pinAt(i);
    const mine = pin.device === device + 1;
    const vmo = pin.vmo;
    if (mine) pin.device = 0;
    lock().release();
    if (mine) releaseVmo(vmo);
  }
}
