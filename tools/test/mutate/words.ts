// What ./nx test --mutate is asked for, and what it finds.

import type { Check } from "./tree/checks.ts";

export interface MutateWords {
  /** A part of the names of the checks; default: all. */
  readonly only?: string | undefined;
  /** A part of the paths of the test files; default: all that run guest code in Node. */
  readonly tests?: string | undefined;
  readonly shard?: { readonly index: number; readonly count: number } | undefined;
  /** The number of a day: the sample of that day, and nothing else. */
  readonly sample?: number | undefined;
  readonly list?: boolean | undefined;
  /** Keep the tests that miss a check in caught.txt. */
  readonly write?: boolean | undefined;
  readonly json?: boolean | undefined;
  readonly jobs?: number | undefined;
}

/** A test that misses a check. */
export interface Catcher {
  readonly file: string;
  readonly test: string;
}

/** A check, and the test that misses it; null if none does. */
export interface Result {
  readonly check: Check;
  /** How many tests make it refuse; null if that was not asked. */
  readonly tests: number | null;
  readonly caught: Catcher | null;
  /** What the test said. */
  readonly failure: string | null;
}
