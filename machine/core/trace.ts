/**
 * The event trace: what the host is told while a run goes on, if it asked for it. Telling changes nothing in the
 * machine, so a traced run is the same run.
 *
 * Every event is told where it happens: traps and returns (trap.ts), address spaces (csr.ts), calls into firmware
 * (firmware.ts), accesses to devices (bus.ts). Without a listener each of these places costs one load.
 */
import { clock } from "./clock";
import { traceEvent } from "./host";

/** What happened. */
export const enum Event {
  /** A trap: `first` is the cause, `second` where it came from. */
  Trap = 0,
  /** Back from a trap: `first` is the mode, `second` where it goes on. */
  Return = 1,
  /** Another address space: `first` is satp. */
  Space = 2,
  /** A call into the built-in firmware: `first` is the extension, `second` the function. */
  Firmware = 3,
  /** A read of a device: `first` is the address, `second` the value. */
  DeviceRead = 4,
  /** A write to a device. */
  DeviceWrite = 5,
  /** A hart begins to wait for an interrupt. */
  Wait = 6,
}

const listening: usize = memory.data(4, 4);

/** The host wants to be told, or not any more. */
export function setTrace(on: bool): void {
  store<u32>(listening, on ? 1 : 0);
}

/** Tells the host, if it listens. */
export function trace(kind: Event, hart: u32, first: u64, second: u64): void {
  if (load<u32>(listening) !== 0) {
    traceEvent(kind, hart, clock(), first, second);
  }
}
