/**
 * Whether the machine is still on. The test finisher and the firmware's system reset turn it off. The run loop looks here
 * after each access to a device and each call into firmware. Once the machine is off, no instruction is executed.
 *
 *   0 state     a `Power`
 *   4 code      what the guest said: 0 is success
 */

export const enum Power {
  On = 0,
  /** Ended by the test finisher or by SBI SRST, shutdown. */
  Off = 1,
  /** The guest asked for a restart. The host treats that as the end: a guest that restarts the machine has failed. */
  Reset = 2,
}

const state: usize = memory.data(8, 4);

/** On, off or reset. */
export function power(): Power {
  return load<u32>(state);
}

/** What the guest gave as the reason, 0 for success. */
export function powerCode(): u32 {
  return load<u32>(state, 4);
}

/** Turns the machine off, or asks for a reset. Only the first call has an effect. */
export function turnOff(how: Power, code: u32): void {
  if (load<u32>(state) !== Power.On) {
    return;
  }
  store<u32>(state, how);
  store<u32>(state, code, 4);
}

/** Turns the machine on, before the first instruction. */
export function turnOn(): void {
  store<u64>(state, 0);
}
