/**
 * The event trace: events that the host is told of during a run, if it asked for them. Telling the host changes nothing in
 * the machine, so a traced run is the same run.
 *
 * Each event is reported where it happens: traps and returns in trap.ts, address spaces in csr.ts, calls into firmware in
 * firmware.ts, waits in system.ts, the ends of waits in machine.ts, starts in hart.ts, accesses to devices in bus.ts,
 * requests in devices/virtio-blk.ts. If the host does not listen, each of these places costs one load.
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
  /** A hart waits no more: `first` has the interrupts that it enabled and that are pending, as bits of mip. */
  Wake = 7,
  /** The built-in firmware starts a hart: `first` is the address, `second` the word that it gets. */
  Start = 8,
  /** The disk takes a request: `first` is its number, from 1 on. No hart does this: it is NO_HART's. */
  DiskTake = 9,
  /** The disk has carried a request out: `first` is its number, `second` is `diskAnswer`. NO_HART's too. */
  DiskAnswer = 10,
}

/** The hart of an event that is no hart's. */
export const NO_HART: u32 = 0xffff_ffff;

/** An answer of the disk: the first sector in the upper half, then 8 bits of status, then the bytes of data, up to 24 bits. */
export function diskAnswer(sector: u64, status: u32, byteCount: u64): u64 {
  return (sector << 32) | ((<u64>(status & 0xff)) << 24) | (byteCount & 0xff_ffff);
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
