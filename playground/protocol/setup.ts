// What a run follows from, as the address has it: all a person can choose, and what was typed. The same setup on the same
// build is the same run, to the last byte.

import { integer, list, object, optional, type Shape, text } from "../../host/json.ts";

/** A byte that was typed when the clock stood at `at`. */
export interface Typed {
  at: number;
  byte: number;
}

/** Something that was done to a hart's register, as a debugger would: the tour of the lost wake-up plants it. */
export interface Planted {
  at: number;
  hart: number;
  register: number;
  value: string;
}

export interface Setup {
  /** Decimal digits. */
  seed: string;
  harts: number;
  /** Words, as `./nx boot --chaos` takes them; empty for none. */
  chaos: string;
  /** Words, as `./nx boot --fault` takes them; empty for none. */
  faults: string;
  typed: Typed[];
  planted: Planted[];
  /** Where the run stops by itself, and stands still. */
  stopAt?: number | undefined;
}

export const HARTS_MIN = 1;
/** The kernel's own limit. */
export const HARTS_MAX = 4;

/** The seed's bits. */
export const SEED_END = 2n ** 64n;

export const setup: Shape<Setup> = object({
  seed: text,
  harts: integer(HARTS_MIN, HARTS_MAX),
  chaos: text,
  faults: text,
  typed: list(object({ at: integer(), byte: integer(0, 0xff) })),
  planted: list(
    object({ at: integer(), hart: integer(0, HARTS_MAX - 1), register: integer(0, 32), value: text }),
  ),
  stopAt: optional(integer()),
});

/** The run that a newcomer sees. */
export const usualSetup: Setup = { seed: "1", harts: 4, chaos: "", faults: "", typed: [], planted: [] };
