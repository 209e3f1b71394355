// The checks of the guest's code, from its files alone.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { listFiles } from "../../../../host/files.ts";
import { Problem } from "../../../../host/problem.ts";
import { root } from "../../../../host/root.ts";
import { type Check, gateSource } from "./checks.ts";

/** The folders whose checks are removed. */
const mutated: readonly string[] = [
  "source/kernel",
  "source/services/virtioblkd",
  "source/services/packagefsd",
  "source/drivers",
  "source/libs",
];

/** Whether the checks of a file are removed. */
export function isMutated(file: string): boolean {
  return mutated.some((folder) => file.startsWith(`${folder}/`));
}

/** Every check, by file and place. */
export async function listChecks(): Promise<Check[]> {
  const core = await import("assemblyscript");
  const files = mutated.flatMap((folder) => listFiles(root, folder)).filter((file) => file.endsWith(".ts"));
  const checks = files.flatMap((file) => {
    const parser = new core.Parser();
    parser.parseFile(readFileSync(join(root, file), "utf8"), file, true);
    const [source] = parser.sources;
    return source === undefined ? [] : gateSource(core, source, file);
  });
  if (new Set(checks.map(({ number }) => number)).size !== checks.length) {
    throw new Problem("two checks have the same number", { hints: ["change how checks.ts makes numbers"] });
  }
  return checks;
}
