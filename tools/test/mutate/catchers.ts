// The tests that missed a check the last time, in caught.txt: they are tried first, so most checks cost one test. Its lines are
// test files, below each its tests, and below each test the checks that it misses.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../../host/root.ts";
import type { Catcher, Result } from "./words.ts";

const FILE = "tools/test/mutate/caught.txt";
const STEP = "  ";

/** The catchers of the last runs, by the check's name. */
export function knownCatchers(): Map<string, Catcher> {
  const path = join(root, FILE);
  const known = new Map<string, Catcher>();
  let file = "";
  let test = "";
  for (const line of existsSync(path) ? readFileSync(path, "utf8").split("\n") : []) {
    if (line.startsWith(STEP.repeat(2))) {
      known.set(line.trim(), { file, test });
    } else if (line.startsWith(STEP)) {
      test = line.slice(STEP.length);
    } else {
      file = line;
    }
  }
  return known;
}

/** Writes the catchers of a run beside those of checks that it did not take away. `names` are the checks that there are. */
export function writeCatchers(results: readonly Result[], names: ReadonlySet<string>): void {
  const known = knownCatchers();
  for (const { check, caught } of results) {
    known.delete(check.name);
    if (caught !== null) {
      known.set(check.name, caught);
    }
  }
  const lines = [...known]
    .filter(([name]) => names.has(name))
    .map(([name, { file, test }]) => [file, `${STEP}${test}`, `${STEP}${STEP}${name}`])
    .sort((a, b) => (a.join("\n") < b.join("\n") ? -1 : 1));
  const text = lines.map((parts, index) => {
    const before = lines[index - 1] ?? [];
    const isSameFile = parts[0] === before[0];
    return parts
      .slice(isSameFile ? (parts[1] === before[1] ? 2 : 1) : 0)
      .map((line) => `${line}\n`)
      .join("");
  });
  writeFileSync(join(root, FILE), text.join(""));
}
