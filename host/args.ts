// Options that several commands take, and the checks of their values. A wrong value is refused before
// anything runs, in a message that says what is right.

import { InvalidArgumentError, Option } from "commander";

const PORT_MAX = 65_535;

/** `--gdb PORT`, of `boot` and `replay`. */
export function gdbOption(): Option {
  const text =
    "wait for gdb on this local port (0: any free one); on the embedded machine gdb can also go back";
  return new Option("--gdb <port>", text).argParser(integerBetween(0, PORT_MAX));
}

/** A parser for an option whose value is a text that is not empty. */
export function someText(text: string): string {
  if (text.trim() !== "") {
    return text;
  }
  throw new InvalidArgumentError("it is empty.");
}

/** A parser for an option whose value is a whole number from `min` to `max`. */
export function integerBetween(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) {
      return value;
    }
    throw new InvalidArgumentError(`a whole number from ${min} to ${max} is needed.`);
  };
}

const MINUTES_MAX = 10_000;

/** A time in minutes: a decimal number above 0. @throws InvalidArgumentError */
export function minutes(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value > 0 && value <= MINUTES_MAX) {
    return value;
  }
  throw new InvalidArgumentError(`a number above 0, up to ${MINUTES_MAX}, is needed.`);
}
