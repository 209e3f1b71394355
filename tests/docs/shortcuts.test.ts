// No shortcuts in the sources: no check is switched off, no value is assumed to be there, and the guest throws nothing.

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../host/root.ts";
import { sourceFiles } from "../harness/imports.ts";

const guest = sourceFiles(root, ["source", "machine/core"]);
const host = sourceFiles(root, ["host", "toolchain", "tools", "machine/host", "tests", "bench"]);

/** The lines of these files that `pattern` matches, as file:line. */
function found(files: readonly string[], pattern: RegExp): string[] {
  return files.flatMap((file) =>
    readFileSync(join(root, file), "utf8")
      .split("\n")
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}`] : [])),
  );
}

/** What the linter says of a file with `text` at each of these paths, as "rule path". */
function lint(paths: readonly string[], text: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), "neuron-lint-"));
  try {
    copyFileSync(join(root, "biome.json"), join(folder, "biome.json"));
    for (const path of paths) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const biome = spawnSync(
      join(root, "node_modules/.bin/biome"),
      ["lint", "--vcs-enabled=false", "--reporter=github", "--max-diagnostics=none", "."],
      { cwd: folder, encoding: "utf8" },
    );
    return [...biome.stdout.matchAll(/^::error title=lint\/(\S+?),file=(\S+?),/gm)].map(
      ([, rule, file = ""]) => `${rule} ${relative(folder, file)}`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// Put together from parts, so that this file does not find itself.
const suppressions = new RegExp(
  `(${["@ts-", "biome-", "eslint-"].join("|")})(ignore|expect-error|nocheck|disable)`,
);

test("no line and no file turns off a check", () => {
  expect(found([...guest, ...host], suppressions)).toEqual([]);
});

// The linter goes through every file (npm run check), and by the test above no line can keep it out.
test("the linter refuses a non-null assertion and any, in the guest and in the host", () => {
  const paths = ["host/file.ts", "machine/core/file.ts", "source/kernel/file.ts", "tests/file.ts"];
  const refused = (text: string): string[] => lint(paths, text).sort();
  expect(refused("export const first: number = 1;\n")).toEqual([]);
  expect(refused('export const first = new Map([["a", "b"]]).get("a")!.length;\n')).toEqual(
    paths.map((path) => `style/noNonNullAssertion ${path}`),
  );
  expect(refused("export const first: any = 1;\n")).toEqual(
    paths.map((path) => `suspicious/noExplicitAny ${path}`),
  );
});

test("the guest throws nothing: an error is a value", () => {
  // Both begin a line wherever they stand: the formatter and useBlockStatements see to it.
  expect(found(guest, /^\s*(throw |try \{)/)).toEqual([]);
});
