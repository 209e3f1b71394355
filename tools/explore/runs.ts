// What the guest does while it is explored, by default: the self-tests, and the attacks in which a race would show.

import { SELFTEST_RUN } from "../boot/run.ts";

/** The seed decides which of these is its run: one after the other. */
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
