// The tests that missed a check the last time, in caught.txt: they are tried first, so most checks cost one test. Its lines are
// test files, below each its tests, and below each test the checks that it misses, with their conditions. A check whose
// condition is another one now is another check.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../../host/root.ts";
import type { Check } from "./tree/checks.ts";
import type { Catcher, Result } from "./words.ts";

const FILE = "tools/test/mutate/caught.txt";
const STEP = "  ";

/** The catchers of the last runs, by the check's name. */
export function knownCatchers(checks: readonly Check[]): Map<string, Catcher> {
  const lines = readLines();
  return new Map(
    checks.flatMap((check) => {
      const catcher = lines.get(lineOf(check));
      return catcher === undefined ? [] : [[check.name, catcher]];
    }),
  );
}

/** A check in caught.txt and in survivors.ts. */
export function lineOf({ name, text }: Check): string {
  return `${name}: ${text}`;
}

/** The catchers by the lines of the checks. */
function readLines(): Map<string, Catcher> {
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

/** Writes the catchers of a run beside those that it did not find: its tests may have been a part of all. `all` are the checks that there are. */
export function writeCatchers(results: readonly Result[], all: readonly Check[]): void {
  const known = knownCatchers(all);
  for (const { check, caught } of results) {
    if (caught !== null) {
      known.set(check.name, caught);
    }
  }
  const lines = all
    .flatMap((check) => {
      const catcher = known.get(check.name);
      if (catcher === undefined) {
        return [];
      }
      const { file, test } = catcher;
      return [[file, `${STEP}${test}`, `${STEP}${STEP}${lineOf(check)}`]];
    })
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
