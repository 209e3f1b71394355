// How ./nx test counts: no failed or skipped test may get lost between vitest's report and the last line.

import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../../host/root.ts";
import { type Counts, countReport } from "../../../tools/test/test.ts";

function count(...files: { status: string; results: Record<string, string> }[]): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: [] };
  const testResults = files.map(({ status, results }, index) => ({
    name: join(root, `tests/file${index}.test.ts`),
    status,
    assertionResults: Object.entries(results).map(([fullName, result]) => ({ fullName, status: result })),
  }));
  countReport({ testResults }, counts);
  return counts;
}

test("passed and failed tests are counted one by one", () => {
  const first = { status: "failed", results: { a: "passed", b: "failed", c: "failed" } };
  const second = { status: "passed", results: { d: "passed" } };
  expect(count(first, second)).toEqual({ passed: 2, failed: 2, skipped: [] });
});

test("a test that did not run counts as skipped, and is named with its file", () => {
  const file = {
    status: "passed",
    results: { "boots at 4 harts": "skipped", later: "todo", pending: "pending" },
  };
  expect(count(file).skipped).toEqual([
    "tests/file0.test.ts: boots at 4 harts",
    "tests/file0.test.ts: later",
    "tests/file0.test.ts: pending",
  ]);
});

test("a file that could not be loaded counts as one failure", () => {
  expect(count({ status: "failed", results: {} })).toEqual({ passed: 0, failed: 1, skipped: [] });
});

test("a set-up that failed counts as a failure, although its tests are only skipped", () => {
  expect(count({ status: "failed", results: { a: "skipped" } })).toMatchObject({ failed: 1 });
});
