// A name that means nothing: it is said, with what is nearest to it, and nothing is built or run.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../../../host/root.ts";
import { nearest } from "../../../tools/test/nearest.ts";
import { requireTests } from "../../../tools/test/test.ts";

function nx(...args: string[]): [status: number | null, stdout: string, stderr: string] {
  const { status, stdout, stderr } = spawnSync(join(root, "nx"), args, { cwd: "/", encoding: "utf8" });
  return [status, stdout, stderr];
}

describe("./nx test", () => {
  const files = [
    "tests/libs/fdt/reader.test.ts",
    "tests/libs/elf/reader.test.ts",
    "tests/architecture.test.ts",
  ];

  test.each([
    "fdt",
    "libs/FDT",
    "tests/libs/fdt/reader.test.ts:12",
    "./tests/libs",
    join(root, "tests/libs/elf"),
  ])("takes %s", (name) => {
    expect(() => requireTests([name], files)).not.toThrow();
  });

  test("refuses a name that no test has, beside one that a test has", () => {
    expect(() => requireTests(["fdt", "nosuch"], files)).toThrow('no test file has "nosuch" in its path');
  });

  test("names the nearest test, and runs nothing", () => {
    expect(nx("test", "architektur")).toEqual([
      2,
      "",
      'nx: no test file has "architektur" in its path\ntry: ./nx test tests/architecture.test.ts\n',
    ]);
    expect(nx("test", "qqqqqqqqq")[2]).toMatch(/^nx: no test file has .*\ntry: [^\n]+\n$/);
  });

  test.each([
    [["fdt", "--wast", "x"], "fdt and --wast cannot be run at once"],
    [["--riscv-tests", "x", "--wast", "x"], "--riscv-tests and --wast cannot be run at once"],
    [["--json"], "--json is for --wast and --mutate alone"],
    [["--wast", "x", "--mutate"], "--wast and --mutate cannot be run at once"],
  ])("%j is refused", (words, says) => {
    expect(nx("test", ...words)).toEqual([2, "", expect.stringContaining(`nx: ${says}\ntry: `)]);
  });
});

test("the nearest name is the one with the fewest letters to change, and a distant name is not suggested", () => {
  const known = ["virtioblkd", "packagefsd", "neuron", "nx"];
  expect(nearest("virtioblk", known)).toEqual(["virtioblkd"]);
  expect(nearest("pakagefsd", known)).toEqual(["packagefsd"]);
  expect(nearest("Neurno", known)).toEqual(["neuron"]);
  expect(nearest("zzzzzz", known)).toEqual([]);
});
