// How ./nx test counts: no failed or skipped test may get lost between vitest and the last line.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "../../../host/root.ts";
import { type Counts, countReport, runVitest } from "../../../tools/test/test.ts";
import { defined } from "../../harness/defined.ts";

describe("of what the reporter tells", () => {
  function count(...files: { ok: boolean; tests: Record<string, string> }[]): Counts {
    const counts: Counts = { passed: 0, failed: 0, skipped: [] };
    const reports = files.map(({ ok, tests }, index) => ({
      file: `tests/file${index}.test.ts`,
      ok,
      tests: Object.entries(tests).map(([name, state]) => ({ name, state })),
    }));
    countReport({ files: reports, errors: 0 }, counts);
    return counts;
  }

  test("passed and failed tests are counted one by one", () => {
    const first = { ok: false, tests: { a: "passed", b: "failed", c: "failed" } };
    const second = { ok: true, tests: { d: "passed" } };
    expect(count(first, second)).toEqual({ passed: 2, failed: 2, skipped: [] });
  });

  test("a test that did not run counts as skipped, and is named with its file", () => {
    const file = { ok: true, tests: { "boots at 4 harts": "skipped", pending: "pending" } };
    expect(count(file).skipped).toEqual([
      "tests/file0.test.ts: boots at 4 harts",
      "tests/file0.test.ts: pending",
    ]);
  });

  test("a file that could not be loaded counts as one failure", () => {
    expect(count({ ok: false, tests: {} })).toEqual({ passed: 0, failed: 1, skipped: [] });
  });

  test("a set-up that failed counts as a failure, although its tests are only skipped", () => {
    expect(count({ ok: false, tests: { a: "skipped" } })).toMatchObject({ failed: 1 });
  });

  test("an error outside of any test counts as a failure", () => {
    const counts: Counts = { passed: 0, failed: 0, skipped: [] };
    countReport({ files: [], errors: 2 }, counts);
    expect(counts.failed).toBe(2);
  });
});

describe("vitest's run", () => {
  let folder: string;
  // Below the root, so that the files find vitest.
  beforeAll(() => {
    folder = mkdtempSync(join(root, "build/count-"));
    // Without settings of its own, vitest would take those of the repository.
    writeFileSync(join(folder, "vitest.config.ts"), "export default {};\n");
    put(
      "good.test.ts",
      'test("passes", () => {}); test.skip("is skipped", () => {}); test.todo("is to do");',
    );
    put("bad.test.ts", 'describe("a", () => test("fails", () => { throw new Error("as it should"); }));');
    put(
      "unset.test.ts",
      'beforeAll(() => { throw new Error("as it should"); }); test("is not reached", () => {});',
    );
    put("unloadable.test.ts", "this is no TypeScript");
    put("rejected.test.ts", 'test("passes", () => { Promise.reject(new Error("as it should")); });');
    put("exits.test.ts", 'test("is not ended", () => { process.kill(process.pid, "SIGKILL"); });');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function put(name: string, text: string): void {
    const head = 'import { beforeAll, describe, test } from "vitest";\n';
    writeFileSync(join(folder, name), `${head}${text}\n`);
  }

  test("is told test by test, with what went wrong outside of them", async () => {
    const names = ["good", "bad", "unset", "unloadable", "rejected"];
    const { status, told } = await runVitest(names, folder, "ignore");
    expect(status).toBe(1);
    const files = [...defined(told).files].sort((left, right) => (left.file < right.file ? -1 : 1));
    expect(files).toEqual([
      { file: "bad.test.ts", ok: false, tests: [{ name: "a > fails", state: "failed" }] },
      {
        file: "good.test.ts",
        ok: true,
        tests: [
          { name: "passes", state: "passed" },
          { name: "is skipped", state: "skipped" },
          { name: "is to do", state: "skipped" },
        ],
      },
      { file: "rejected.test.ts", ok: true, tests: [{ name: "passes", state: "passed" }] },
      { file: "unloadable.test.ts", ok: false, tests: [] },
      { file: "unset.test.ts", ok: false, tests: [{ name: "is not reached", state: "skipped" }] },
    ]);
    expect(defined(told).errors).toBe(1);
  });

  test("is not good if a worker died", async () => {
    const { status, told } = await runVitest(["good", "exits"], folder, "ignore");
    expect(status).toBe(1);
    const counts: Counts = { passed: 0, failed: 0, skipped: [] };
    countReport(defined(told), counts);
    expect(counts).toMatchObject({ passed: 1, failed: expect.toSatisfy((failed: number) => failed > 0) });
  });

  test("tells nothing if vitest broke off", async () => {
    const { status, told } = await runVitest(["--no-such-option"], folder, "ignore");
    expect([status, told]).toEqual([1, undefined]);
  });
});
