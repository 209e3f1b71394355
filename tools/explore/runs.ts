// What the guest runs in an exploration by default: the self-tests, and the attacks that would show a race.

import { SELFTEST_RUN } from "../boot/run.ts";

/** The seeds take these in turn. */
export const exploredRuns: readonly string[] = [
  SELFTEST_RUN,
  "attacker calls",
  "chaos harts 6",
  "attacker kin",
];

/** The run of a seed. */
export function runOf(seed: bigint, runs: readonly string[]): string {
  const run = runs[Number(seed % BigInt(runs.length))];
  if (run === undefined) {
    throw new Error("an exploration needs a run");
  }
  return run;
}
