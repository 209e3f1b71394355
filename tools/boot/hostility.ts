// The words that make the embedded machine unkind: --fault for its disk, --chaos for its harts.

import { existsSync, readFileSync } from "node:fs";
import { parseChaos } from "../../machine/host/chaos.ts";
import { parseFaults } from "../../machine/host/faults.ts";
import type { DiskFault } from "../../machine/host/machine.ts";
import { Problem } from "../../toolchain/problem.ts";

/** The plan of `--fault`: its words, or a file of them. Throws Problem for one that cannot be read. */
export function faultsOf(plan: string | undefined): DiskFault[] {
  if (plan === undefined) return [];
  const text = existsSync(plan) ? readFileSync(plan, "utf8") : plan;
  return orProblem("the fault plan", () => parseFaults(text));
}

/** The kinds of `--chaos`, as bits: all where no kinds are named, none where the word is missing. */
export function chaosOf(kinds: string | true | undefined): number {
  if (kinds === undefined) return 0;
  return orProblem("--chaos", () => parseChaos(kinds === true ? "all" : kinds));
}

function orProblem<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Problem(`${what} cannot be read: ${why}`, { exitCode: 2 });
  }
}
