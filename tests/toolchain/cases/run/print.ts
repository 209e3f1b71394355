/**
 * How a test program prints: bare bytes, since both sides have nothing more in common.
 */

import { put } from "./assembly";

/** Marks where the program's own output begins, after the firmware's. */
const START_OF_TEXT: u32 = 2;

export function begin(): void {
  put(START_OF_TEXT);
}

/** Prints a constant text of ASCII. */
export function print(text: string): void {
  for (let i = 0; i < text.length; i++) {
    put(text.charCodeAt(i));
  }
}

/** Prints 16 hexadecimal digits and a space. */
export function hex(value: u64): void {
  for (let shift = 60; shift >= 0; shift -= 4) {
    const digit = <u32>(value >> <u64>shift) & 15;
    put(digit < 10 ? 48 + digit : 87 + digit);
  }
  put(32);
}

export function line(): void {
  put(10);
}
