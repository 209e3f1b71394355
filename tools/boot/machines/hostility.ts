// The words that make the embedded machine unkind: --fault for its disk, --chaos for its harts.

import { existsSync, readFileSync } from "node:fs";
import { requireInput } from "../../../host/inputs.ts";
import { Problem } from "../../../host/problem.ts";
import { parseChaos } from "../../../machine/host/chaos.ts";
import { parseFaults } from "../../../machine/host/faults.ts";
import type { DiskFault } from "../../../machine/host/machine.ts";

/** The plan of `--fault`: its words, or a file of them. Throws Problem for one that cannot be read. */
export function faultsOf(plan: string | undefined): DiskFault[] {
  if (plan === undefined) {
    return [];
  }
  const text = existsSync(plan) ? planOf(plan) : plan;
  return orProblem("--fault", "kind@n, kind@first-last, several with commas, or a file of these", () =>
    parseFaults(text),
  );
}

/** The kinds of `--chaos`, as bits: all where no kinds are named, none where the word is missing. */
export function chaosOf(kinds: string | true | undefined): number {
  if (kinds === undefined) {
    return 0;
  }
  return orProblem("--chaos", "--chaos alone is all of them", () =>
    parseChaos(kinds === true ? "all" : kinds),
  );
}

function planOf(file: string): string {
  requireInput({ word: "--fault", file });
  return readFileSync(file, "utf8");
}

function orProblem<T>(what: string, hint: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Problem(`${what} cannot be read: ${why}`, { hints: [hint], exitCode: 2 });
  }
}
