/**
 * The event trace: events that the host is told of during a run, if it asked for them. Telling the host changes nothing in
 * the machine, so a traced run is the same run.
 *
 * Each event is reported where it happens: traps and returns in trap.ts, address spaces in csr.ts, calls into firmware in
 * firmware.ts, accesses to devices in bus.ts. If the host does not listen, each of these places costs one load.
 */
import { clock } from "./clock";
import { traceEvent } from "./host";

/** What happened. */
export const enum Event {
  /** A trap: `first` is the cause, `second` where it came from. */
  Trap = 0,
  /** A return from a trap: `first` is the mode, `second` where the hart goes on. */
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

/** Turns the trace on or off. */
export function setTrace(on: bool): void {
  store<u32>(listening, on ? 1 : 0);
}

/** Tells the host, if it listens. */
export function trace(kind: Event, hart: u32, first: u64, second: u64): void {
  if (load<u32>(listening) !== 0) {
    traceEvent(kind, hart, clock(), first, second);
  }
}
