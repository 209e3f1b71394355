/**
 * The 16550 UART as a polled transmitter: `neuron:` lines and panics. The base address comes from the device tree
 * (boot/devices.ts). Only diag/print.ts calls this, under the console's lock.
 */
import { volatileLoad8, volatileStore8 } from "./intrinsics";
import { consolePutchar } from "./sbi/legacy";

// Registers and bits of the 16550, one byte apart.
const THR: usize = 0;
export const LSR: usize = 5;
export const LSR_THRE: u32 = 0x20;
export const LSR_TEMT: u32 = 0x40;

/** Polls before a byte is given up: a reader that has stalled must not stop the kernel for ever. */
const POLLS_MAX: u32 = 20_000_000;

let base: usize = 0;

/** Kernel address of the registers. Until this is called the firmware's console is used. */
export function uartInit(address: usize): void {
  base = address;
}

function waitFor(bit: u32): bool {
  for (let polls: u32 = 0; polls < POLLS_MAX; polls++) {
    if ((volatileLoad8(base + LSR) & bit) !== 0) {
      return true;
    }
  }
  return false;
}

/** Sends `length` bytes. False, at the first that the device does not take in time. */
export function uartWrite(start: usize, length: u32): bool {
  for (let i: u32 = 0; i < length; i++) {
    if (base === 0) {
      consolePutchar(load<u8>(start + i));
      continue;
    }
    if (!waitFor(LSR_THRE)) {
      return false;
    }
    volatileStore8(base + THR, load<u8>(start + i));
  }
  return true;
}

/** Waits until the last byte has left the device, so that nothing is lost when the machine is turned off. */
export function uartDrain(): void {
  if (base !== 0) {
    waitFor(LSR_TEMT);
  }
}
