// Clocks, traps and bytes in words, for labels and hints.

import { Interrupt } from "../../build/gen/host/machine/core/hart/hart.ts";
import { Cause } from "../../build/gen/host/machine/core/hart/trap.ts";
import { Syscall } from "../../build/gen/host/source/abi/syscall.ts";
import { namesOf, textsOf, wordOf } from "../../machine/host/members.ts";
import { CLOCKS_A_SECOND, Doing, INTERRUPT_BASE } from "../protocol/rows.ts";

const interrupts = textsOf(Interrupt, {
  SupervisorSoftware: "interrupt from a hart",
  MachineSoftware: "machine software interrupt",
  SupervisorTimer: "timer interrupt",
  MachineTimer: "machine timer interrupt",
  SupervisorExternal: "interrupt from a device",
  MachineExternal: "machine external interrupt",
});
const causes = namesOf(Cause);
const calls = namesOf(Syscall);

const doings: Readonly<Record<number, string>> = {
  [Doing.Off]: "off",
  [Doing.User]: "user mode",
  [Doing.Kernel]: "kernel",
  [Doing.Idle]: "waits for an interrupt",
};

export function doingText(doing: number): string {
  return doings[doing] ?? "?";
}

/** What trap it was: `system call Receive`, `timer interrupt`. */
export function trapText(cause: number, call: number): string {
  if (cause >= INTERRUPT_BASE) {
    return interrupts.get(cause - INTERRUPT_BASE) ?? `interrupt ${cause - INTERRUPT_BASE}`;
  }
  if (cause === Cause.UserCall) {
    return `system call ${calls.get(call) ?? call}`;
  }
  return wordOf(causes.get(cause) ?? `exception ${cause}`).replaceAll("-", " ");
}

/** A length of time: `3.2 µs`. */
export function durationText(clocks: number): string {
  return timeText(clocks, 3);
}

/** A moment, to the nanosecond where that is seen at `scale` clocks a pixel. */
export function momentText(clock: number, scale = 1): string {
  const microseconds = (clock / CLOCKS_A_SECOND) * 1e6;
  const step = (scale * 60 * 1e6) / CLOCKS_A_SECOND;
  if (microseconds >= 1e6) {
    return `${fixed(microseconds / 1e6, step / 1e6)} s`;
  }
  if (microseconds >= 1e3 || step >= 100) {
    return `${fixed(microseconds / 1e3, step / 1e3)} ms`;
  }
  return `${fixed(microseconds, step)} µs`;
}

/** A whole number with its thousands apart. */
export function countText(count: number): string {
  return count.toLocaleString("en-US");
}

export function bytesText(count: number): string {
  return count >= 1024 ? `${count / 1024} KiB` : `${count} bytes`;
}

function timeText(clocks: number, digits: number): string {
  const seconds = clocks / CLOCKS_A_SECOND;
  const [value, unit] =
    seconds >= 1
      ? [seconds, "s"]
      : seconds >= 1e-3
        ? [seconds * 1e3, "ms"]
        : seconds >= 1e-6
          ? [seconds * 1e6, "µs"]
          : [seconds * 1e9, "ns"];
  return `${Number(value.toPrecision(digits))} ${unit}`;
}

function fixed(value: number, step: number): string {
  const digits = step >= 1 ? 0 : Math.min(6, Math.ceil(-Math.log10(Math.max(step, 1e-6))));
  return value.toFixed(digits);
}
