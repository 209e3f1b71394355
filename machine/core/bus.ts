/**
 * Everything that is not RAM: which device an address belongs to, and when devices want to be heard.
 *
 * The map is QEMU's `virt`. Reached from mmu.ts for every access outside RAM, and from the run loop in machine.ts for
 * what devices do by themselves; goes on in devices/. An access that no device answers sets `busFault`, and becomes an
 * access fault of the hart.
 *
 * For the run loop: `busNextEvent` is the time (10 MHz ticks) at which a device has something to do, `busEvents` does
 * what is due. Both change only when a device is written to or an event runs, so the loop may keep the time it was told
 * until then.
 */
/** Set by `busLoad` and `busStore` when nothing answers at the address, cleared when something does. */
export let busFault: bool = false;

/** Reads `size` (1, 2, 4 or 8) bytes at a physical address outside RAM for `hart`, zero-extended. */
export function busLoad(hart: u32, address: u64, size: u32): u64 {
  busFault = true;
  return 0;
}

/** Writes the low `size` (1, 2, 4 or 8) bytes of `value` at a physical address outside RAM for `hart`. */
export function busStore(hart: u32, address: u64, size: u32, value: u64): void {
  busFault = true;
}

/** The time of the next thing a device does by itself, u64.MAX_VALUE for none. */
export function busNextEvent(): u64 {
  return u64.MAX_VALUE;
}

/** Does what devices have to do by `now`. */
export function busEvents(now: u64): void {}
