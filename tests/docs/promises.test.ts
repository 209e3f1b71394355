// docs/security/promises.md: every row names code and a test that there are, every attack has a row, and so has every
// invariant, prohibition and mitigation of the contract.

import { readFileSync, statSync } from "node:fs";
import { join, normalize } from "node:path";
import { expect, test } from "vitest";
import { listFiles } from "../../host/files.ts";
import { root } from "../../host/root.ts";
import { defined } from "../harness/defined.ts";

/** The cells of a page's tables, by the heading that they stand below; without the tables' own headings. */
function rowsOf(page: string): { heading: string; cells: string[] }[] {
  let heading = "";
  return readFileSync(join(root, page), "utf8")
    .split("\n")
    .flatMap((line, index, lines) => {
      heading = /^## (.+)$/.exec(line)?.[1] ?? heading;
      const isHead = line.startsWith("| ---") || lines[index + 1]?.startsWith("| ---");
      return line.startsWith("|") && !isHead ? [{ heading, cells: line.split("|").slice(1, -1) }] : [];
    });
}

/** The files that a cell of a page in `folder` links. */
function filesOf(folder: string, cell: string): string[] {
  return [...cell.matchAll(/\]\(([^)#]+)\)/g)].map(([, target]) => normalize(join(folder, defined(target))));
}

const promises = rowsOf("docs/security/promises.md").map(({ cells }) => ({
  promise: defined(cells[0]).trim(),
  code: filesOf("docs/security", defined(cells[1])),
  tests: filesOf("docs/security", defined(cells[2])),
  outcome: defined(cells[3]).trim(),
}));

test("each row has a promise, code that keeps it, a test that attacks it, and what happens", () => {
  expect(promises.length).toBeGreaterThan(50);
  const isFile = (path: string): boolean =>
    statSync(join(root, path), { throwIfNoEntry: false })?.isFile() === true;
  const wrong = promises.filter(
    ({ promise, code, tests, outcome }) =>
      promise === "" ||
      outcome === "" ||
      code.length === 0 ||
      tests.length === 0 ||
      code.some((path) => !path.startsWith("source/") || !isFile(path)) ||
      tests.some((path) => !/^tests\/.+\.test\.ts$/.test(path) || !isFile(path)),
  );
  expect(wrong).toEqual([]);
});

test("each attack is named by a row", () => {
  const named = new Set(promises.flatMap(({ tests }) => tests));
  const attacks = listFiles(root, "tests/attack").filter((file) => file.endsWith(".test.ts"));
  expect(attacks.length).toBeGreaterThan(16);
  expect(attacks.filter((file) => !named.has(file))).toEqual([]);
});

test("each invariant, prohibition and mitigation of the contract is attacked here by one of its tests", () => {
  const named = new Set(promises.flatMap(({ tests }) => tests));
  const headings = [
    "Security invariants",
    "Prohibitions",
    "Mitigations",
    "RISC-V SMP requirements",
    "Block device policy",
  ];
  const asked = rowsOf("docs/contract.md").filter(({ heading }) => headings.includes(heading));
  expect(asked.length).toBeGreaterThan(30);
  const missing = asked
    .filter(({ cells }) => !filesOf("docs", defined(cells[2])).some((file) => named.has(file)))
    .map(({ cells }) => defined(cells[0]).trim());
  expect(missing).toEqual([]);
});
