/**
 * Everything that is not RAM: which device an address belongs to, and when a device has something to do.
 *
 *   0x0010_0000  test finisher          0x0c00_0000  PLIC
 *   0x0200_0000  ACLINT MSWI, MTIMER    0x1000_0000  UART
 *   0x02f0_0000  ACLINT SSWI, if any    0x1000_1000  eight virtio-mmio slots
 *
 * The map is QEMU's `virt`. Reached from access.ts for every access outside RAM, and from the run loop in machine.ts for
 * what devices do by themselves; goes on in devices/. An access that no device answers sets `busFault`, and becomes an
 * access fault of the hart.
 *
 * For the run loop, `busNextEvent` gives the time (10 MHz ticks) at which a device has something to do, and `busEvents`
 * does what is due. The time changes only when a device is written to or does something, so the loop may keep it until then.
 */

import { turnOn } from "../power";
import { Event, trace } from "../trace";
import {
  MSWI_BYTES,
  MTIMER_BYTES,
  mswiLoad,
  mswiStore,
  mtimerLoad,
  mtimerStore,
  SSWI_BYTES,
  sswiStore,
} from "./aclint";
import { FINISHER_BYTES, finisherStore } from "./finisher";
import { PLIC_BYTES, plicLoad, plicReset, plicStore } from "./plic";
import { UART_BYTES, uartLoad, uartReset, uartStore } from "./uart";
import { diskAttach, diskNextEvent } from "./virtio-blk";
import {
  NO_SLOT,
  VIRTIO_BYTES,
  VIRTIO_SLOTS,
  VIRTIO_STRIDE,
  virtioEvents,
  virtioLoad,
  virtioReset,
  virtioStore,
} from "./virtio-mmio";

export const FINISHER: u64 = 0x10_0000;
export const MSWI: u64 = 0x200_0000;
const MTIMER: u64 = 0x200_4000;
export const SSWI: u64 = 0x2f0_0000;
export const PLIC: u64 = 0xc00_0000;
export const UART: u64 = 0x1000_0000;
export const VIRTIO: u64 = 0x1000_1000;

/** The optional devices, set by `busReset`. */
@unmanaged
@final
class Equipment {
  /** SSWI answers. */
  sswi: u32;
  /** MSWI and MTIMER answer. Otherwise they belong to the built-in firmware, and the supervisor cannot reach them. */
  clint: u32;
}

const equipment = changetype<Equipment>(memory.data(8, 4));

/** Set by `busLoad` and `busStore` when nothing answers at the address, cleared when something does. */
export let busFault: bool = false;

/**
 * Power-on of every device, without a disk. `sswi`: the machine has ACLINT's supervisor software interrupts. `clint`: its
 * machine-level devices can be reached, which firmware in M-mode needs.
 */
export function busReset(hartCount: u32, sswi: bool, clint: bool): void {
  equipment.sswi = sswi ? 1 : 0;
  equipment.clint = clint ? 1 : 0;
  turnOn();
  plicReset(hartCount);
  uartReset();
  diskAttach(0);
  virtioReset(NO_SLOT, 2);
}

/** Puts a disk of `byteCount` bytes into virtio slot `slot` (0 to 7). It speaks virtio-mmio `version` 1 or 2. */
export function attachDisk(slot: u32, version: u32, byteCount: u64): bool {
  if (slot >= VIRTIO_SLOTS || (version !== 1 && version !== 2)) {
    return false;
  }
  diskAttach(byteCount);
  virtioReset(slot, version);
  return true;
}

/** Reads `size` (1, 2, 4 or 8) bytes at a physical address outside RAM for a hart, zero-extended. */
export function busLoad(hart: u32, address: u64, size: u32): u64 {
  busFault = false;
  const value = loadDevice(address, size);
  trace(Event.DeviceRead, hart, address, value);
  return value;
}

function loadDevice(address: u64, size: u32): u64 {
  if (within(address, size, UART, UART_BYTES)) {
    return size === 1 ? uartLoad(<u32>(address - UART)) : 0;
  }
  if (within(address, size, PLIC, PLIC_BYTES) && size === 4) {
    return plicLoad(<u32>(address - PLIC));
  }
  if (virtioSlot(address, size) !== NO_SLOT) {
    return virtioLoad(virtioSlot(address, size), <u32>(address - VIRTIO) % VIRTIO_STRIDE, size);
  }
  if (equipment.sswi !== 0 && within(address, size, SSWI, SSWI_BYTES) && size === 4) {
    return 0;
  }
  if (within(address, size, FINISHER, FINISHER_BYTES)) {
    return 0;
  }
  if (equipment.clint !== 0 && size >= 4) {
    if (within(address, size, MSWI, MSWI_BYTES)) {
      return mswiLoad(<u32>(address - MSWI));
    }
    if (within(address, size, MTIMER, MTIMER_BYTES)) {
      return mtimerLoad(<u32>(address - MTIMER), size);
    }
  }
  busFault = true;
  return 0;
}

/** Writes the low `size` (1, 2, 4 or 8) bytes of `value` at a physical address outside RAM for a hart. */
export function busStore(hart: u32, address: u64, size: u32, value: u64): void {
  busFault = false;
  trace(Event.DeviceWrite, hart, address, value);
  if (within(address, size, UART, UART_BYTES)) {
    if (size === 1) {
      uartStore(<u32>(address - UART), <u32>value);
    }
  } else if (within(address, size, PLIC, PLIC_BYTES) && size === 4) {
    plicStore(<u32>(address - PLIC), <u32>value);
  } else if (virtioSlot(address, size) !== NO_SLOT) {
    virtioStore(virtioSlot(address, size), <u32>(address - VIRTIO) % VIRTIO_STRIDE, size, <u32>value);
  } else if (equipment.sswi !== 0 && within(address, size, SSWI, SSWI_BYTES) && size === 4) {
    sswiStore(<u32>(address - SSWI), <u32>value);
  } else if (within(address, size, FINISHER, FINISHER_BYTES)) {
    finisherStore(<u32>(address - FINISHER), <u32>value);
  } else if (equipment.clint !== 0 && size >= 4 && within(address, size, MSWI, MSWI_BYTES)) {
    mswiStore(<u32>(address - MSWI), <u32>value);
  } else if (equipment.clint !== 0 && size >= 4 && within(address, size, MTIMER, MTIMER_BYTES)) {
    mtimerStore(<u32>(address - MTIMER), size, value);
  } else {
    busFault = true;
  }
}

/** The time of the next thing a device does by itself, u64.MAX_VALUE for none. */
export function busNextEvent(): u64 {
  return diskNextEvent();
}

/** Does what devices have to do by `now`. */
export function busEvents(now: u64): void {
  virtioEvents(now);
}

/** Whether an aligned access lies in the `byteCount` bytes at `base`. */
function within(address: u64, size: u32, base: u64, byteCount: u32): bool {
  return address >= base && address + <u64>size <= base + <u64>byteCount;
}

/** The slot whose registers an access goes to, or NO_SLOT. */
function virtioSlot(address: u64, size: u32): u32 {
  if (!within(address, size, VIRTIO, VIRTIO_SLOTS * VIRTIO_STRIDE)) {
    return NO_SLOT;
  }
  const offset = <u32>(address - VIRTIO);
  return (offset % VIRTIO_STRIDE) + size <= VIRTIO_BYTES ? offset / VIRTIO_STRIDE : NO_SLOT;
}
