/**
 * The test finisher (SiFive test device): one 32-bit register that turns the machine off.
 *
 *   0x5555             off, success
 *   code << 16 | 0x3333  off, failure
 *   0x7777             reset
 */
import { Power, turnOff } from "../power";

export const FINISHER_BYTES: u32 = 0x1000;

const PASS: u32 = 0x5555;
const FAIL: u32 = 0x3333;
const RESET: u32 = 0x7777;

/** A write to the register at `offset`; other words are ignored. */
export function finisherStore(offset: u32, value: u32): void {
  if (offset !== 0) {
    return;
  }
  const command = value & 0xffff;
  if (command === PASS) {
    turnOff(Power.Off, 0);
  } else if (command === FAIL) {
    turnOff(Power.Off, value >> 16);
  } else if (command === RESET) {
    turnOff(Power.Reset, 0);
  }
}
