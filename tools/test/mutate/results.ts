// What ./nx test --mutate says at its end, and whether that is good.

import { lineOf } from "./catchers.ts";
import { survivors } from "./survivors.ts";
import type { Check } from "./tree/checks.ts";
import type { MutateWords, Result } from "./words.ts";

/** Prints the result. Gives the exit code. */
export function printResults(
  results: readonly Result[],
  all: readonly Check[],
  { json }: MutateWords,
): number {
  const survived = results.filter(({ caught }) => caught === null);
  const unexplained = survived.filter(({ check }) => !survivors.has(lineOf(check)));
  const missed = results.filter(({ check, caught }) => caught !== null && survivors.has(lineOf(check)));
  const there = new Set(all.map(lineOf));
  const gone = [...survivors.keys()].filter((line) => !there.has(line));
  const isGood = unexplained.length + missed.length + gone.length === 0;
  if (json === true) {
    process.stdout.write(`${JSON.stringify({ results, unexplained, missed, gone }, undefined, 2)}\n`);
    return isGood ? 0 : 1;
  }
  const lines = [
    ...unexplained.map(
      ({ check, tests }) =>
        `no test misses ${check.name} (line ${check.line}: ${check.text}; ${tests ?? "some"} tests make it refuse)`,
    ),
    ...missed.map(
      ({ check, caught }) =>
        `${check.name} is in survivors.ts, and ${caught?.file} misses it: ${caught?.test}`,
    ),
    ...gone.map((line) => `${line} is in survivors.ts, and there is no such check`),
    `${results.length} checks taken away: ${results.length - survived.length} missed by a test, ${survived.length - unexplained.length} explained, ${unexplained.length} not`,
  ];
  process.stdout.write(lines.map((line) => `${line}\n`).join(""));
  return isGood ? 0 : 1;
}
