// The options that make the embedded machine hostile: --fault for its disk, --chaos for its harts.

import { existsSync, readFileSync } from "node:fs";
import { requireInput } from "../../../host/inputs.ts";
import { Problem } from "../../../host/problem.ts";
import { parseChaos } from "../../../machine/host/chaos.ts";
import { parseFaults } from "../../../machine/host/faults.ts";
import type { DiskFault } from "../../../machine/host/machine.ts";

/** The plan of `--fault`: its words, or a file with them. Throws Problem if it cannot be read. */
export function faultsOf(plan: string | undefined): DiskFault[] {
  if (plan === undefined) {
    return [];
  }
  const text = existsSync(plan) ? planOf(plan) : plan;
  return orProblem(
    "--fault",
    "write kind@n or kind@first-last, several with commas, or name a file with these",
    () => parseFaults(text),
  );
}

/** The kinds of `--chaos`, as bits: all if it names no kinds, none if the option is missing. */
export function chaosOf(kinds: string | true | undefined): number {
  if (kinds === undefined) {
    return 0;
  }
  return orProblem("--chaos", "--chaos alone means all kinds", () =>
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
