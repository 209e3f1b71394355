/**
 * The ACLINT (RISC-V Advanced Core Local Interruptor 1.0): software interrupts of machine mode, each hart's machine
 * timer, and software interrupts of supervisor mode.
 *
 *   MSWI  0x200_0000   msip of hart h at 4h: bit 0 is the interrupt
 *   MTIMER 0x200_4000  mtimecmp of hart h at 8h; mtime at 0x7ff8
 *   SSWI  0x2f0_0000   setssip of hart h at 4h: a store of 1 raises SSIP, reads give 0
 *
 * This file keeps no state: the pending bits and the compare values are in the harts (hart.ts), the time is the clock's.
 */
import { time } from "../clock";
import { hartAt, Interrupt, machineDeadline, setMachineDeadline, setPending } from "../hart/hart";
import { hartCount } from "../layout";

export const MSWI_BYTES: u32 = 0x4000;
export const MTIMER_BYTES: u32 = 0x8000;
export const SSWI_BYTES: u32 = 0x4000;

const MTIME: u32 = 0x7ff8;

/** Reads msip, 32 bits. */
export function mswiLoad(offset: u32): u32 {
  const hart = offset >> 2;
  if (hart >= hartCount()) {
    return 0;
  }
  return <u32>(hartAt(hart).mip >> Interrupt.MachineSoftware) & 1;
}

/** Writes msip, 32 bits. */
export function mswiStore(offset: u32, value: u32): void {
  const hart = offset >> 2;
  if (hart < hartCount()) {
    setPending(hart, Interrupt.MachineSoftware, (value & 1) !== 0);
  }
}

/** Reads mtimecmp or mtime: `size` is 4 or 8. */
export function mtimerLoad(offset: u32, size: u32): u64 {
  const at = offset & ~7;
  let value: u64 = 0;
  if (at === MTIME) {
    value = time();
  } else if (at >> 3 < hartCount()) {
    value = machineDeadline(at >> 3);
  }
  return size === 8 ? value : (value >> <u64>((offset & 4) << 3)) & 0xffff_ffff;
}

/** Writes mtimecmp; mtime cannot be written on this machine. `size` is 4 or 8. */
export function mtimerStore(offset: u32, size: u32, value: u64): void {
  const hart = offset >> 3;
  if (hart >= hartCount()) {
    return;
  }
  const old = machineDeadline(hart);
  if (size === 8) {
    setMachineDeadline(hart, value);
  } else if ((offset & 4) !== 0) {
    setMachineDeadline(hart, (old & 0xffff_ffff) | (value << 32));
  } else {
    setMachineDeadline(hart, (old & ~0xffff_ffff) | (value & 0xffff_ffff));
  }
}

/** Writes setssip: 1 raises the interrupt, 0 does nothing. */
export function sswiStore(offset: u32, value: u32): void {
  const hart = offset >> 2;
  if (hart < hartCount() && (value & 1) !== 0) {
    setPending(hart, Interrupt.SupervisorSoftware, true);
  }
}
