// What the runner orders of a worker, and what a worker answers.

import { list, nullable, number, object, type Shaped, text, truth } from "../../../../host/json.ts";

export const orderShape = object({
  /** The bundle of a test file. */
  bundle: text,
  /** The test to run, or null for none. */
  test: nullable(text),
  /** The number of the check that does not hold; null notes which checks refuse. */
  without: nullable(number),
  /** The rounds of turns that the guest's loops may have, when a check does not hold (tree/turns.ts). */
  roundsMax: number,
  /** Whether the test may write through a null reference: its own code does so. */
  mayWriteToNothing: truth,
});

export const answerShape = object({
  /** The file's tests. One that is not among them was not run. */
  tests: list(text),
  /** What the test threw, or null if it passed. */
  failure: nullable(text),
  /** The checks that refused. */
  fired: list(number),
  /** The compiled modules that were used, by their names in the cache. */
  modules: list(text),
  /** Of the processor, which other processes do not prolong. */
  milliseconds: number,
  /** The rounds of turns that the guest's loops had. */
  rounds: number,
  wroteToNothing: truth,
});

export type Order = Shaped<typeof orderShape>;
export type Answer = Shaped<typeof answerShape>;

/** What an order with all checks in place says beside its test. */
export const wholeOrder = { without: null, roundsMax: 0, mayWriteToNothing: true } as const;
