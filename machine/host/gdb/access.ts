// Packets that read or change a hart while the machine stands still: registers, memory, breakpoints.
//
// Each function takes the words of one packet and returns the answer. A packet is carried out as a whole or refused as a
// whole.

import type { Debugger } from "./debugger.ts";
import { PACKET_BYTES_MAX } from "./packets.ts";
import { canHold, csrOf, PRIVILEGE, REGISTERS } from "./target.ts";
import type { Watched } from "./watchpoints.ts";
import {
  bytesOf,
  digits,
  numberOf,
  REFUSED,
  REGISTER_DIGITS,
  registerOf,
  registerText,
  smallNumberOf,
} from "./words.ts";

/** The answer if there is no memory at an address. */
const NO_MEMORY = "E14";

/** All general registers and the program counter. */
export function readRegisters(debugged: Debugger, hart: number): string {
  return Array.from({ length: REGISTERS }, (_, index) =>
    registerText(debugged.readRegister(hart, index)),
  ).join("");
}

/** One register, in gdb's numbering. */
export function readRegister(debugged: Debugger, hart: number, words: string): string {
  const number = smallNumberOf(words);
  if (number === undefined) {
    return REFUSED;
  }
  if (number < REGISTERS) {
    return registerText(debugged.readRegister(hart, number));
  }
  if (number === PRIVILEGE) {
    return registerText(BigInt(debugged.run.machine.core.hartMode(hart)));
  }
  const csr = csrOf(number);
  return csr === undefined ? REFUSED : registerText(debugged.readCsr(hart, csr));
}

/** `number=value`. */
export function writeRegister(debugged: Debugger, hart: number, words: string): string {
  const [text, digitsOfValue, ...more] = words.split("=");
  const number = smallNumberOf(text);
  const value = registerOf(digitsOfValue);
  if (number === undefined || value === undefined || more.length > 0) {
    return REFUSED;
  }
  if (!canHold(number, value)) {
    return REFUSED;
  }
  debugged.writeRegister(hart, number, value);
  return "OK";
}

/** Writes all general registers and the program counter, or none of them. */
export function writeRegisters(debugged: Debugger, hart: number, words: string): string {
  const values = Array.from({ length: REGISTERS }, (_, index) =>
    registerOf(words.slice(index * REGISTER_DIGITS, (index + 1) * REGISTER_DIGITS)),
  );
  if (words.length !== REGISTERS * REGISTER_DIGITS) {
    return REFUSED;
  }
  if (!values.every((value, index) => value !== undefined && canHold(index, value))) {
    return REFUSED;
  }
  for (const [index, value] of values.entries()) {
    if (value !== undefined) {
      debugged.writeRegister(hart, index, value);
    }
  }
  return "OK";
}

/** `address,length`: reads as many of the bytes as there are. */
export function readMemory(debugged: Debugger, hart: number, words: string): string {
  const [place, length, ...more] = words.split(",");
  const address = numberOf(place);
  const count = smallNumberOf(length);
  if (address === undefined || count === undefined || more.length > 0) {
    return REFUSED;
  }
  const bytes = debugged.readMemory(hart, address, Math.min(count, PACKET_BYTES_MAX / 2));
  return bytes.length === 0 && count > 0 ? NO_MEMORY : digits(bytes);
}

/** `address,length:bytes`. */
export function writeMemory(debugged: Debugger, hart: number, words: string): string {
  const [, place, length, data] = /^([^,]*),([^:]*):(.*)$/.exec(words) ?? [];
  const address = numberOf(place);
  const bytes = bytesOf(data ?? "");
  if (address === undefined || bytes === undefined || smallNumberOf(length) !== bytes.length) {
    return REFUSED;
  }
  return debugged.writeMemory(hart, address, bytes) ? "OK" : NO_MEMORY;
}

/** The kinds of watchpoints in `Z` and `z`. */
const watchedBy: ReadonlyMap<string, Watched> = new Map([
  ["2", "write"],
  ["3", "read"],
  ["4", "access"],
]);

/** Sets or clears a breakpoint, or a watchpoint for memory as the hart sees it. Answers "" if that kind is not offered. */
export function breakpoint(debugged: Debugger, hart: number, isSet: boolean, words: string): string {
  const [kind = "", place, length, ...more] = words.split(",");
  const address = numberOf(place);
  const bytes = smallNumberOf(length);
  if (address === undefined || bytes === undefined || more.length > 0) {
    return REFUSED;
  }
  const watched = watchedBy.get(kind);
  if (watched !== undefined) {
    if (isSet) {
      return debugged.stops.setWatchpoint(watched, hart, address, bytes) ? "OK" : REFUSED;
    }
    debugged.stops.clearWatchpoint(watched, address, bytes);
    return "OK";
  }
  // Software and hardware breakpoints are the same here.
  if (kind !== "0" && kind !== "1") {
    return "";
  }
  if (isSet) {
    return debugged.stops.setBreakpoint(address) ? "OK" : REFUSED;
  }
  debugged.stops.clearBreakpoint(address);
  return "OK";
}
