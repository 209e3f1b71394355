// No shortcuts in the sources: no value is assumed to be there, no check is switched off, no failure is thrown in the guest.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../host/root.ts";
import { defined } from "../harness/defined.ts";
import { sourceFiles } from "../harness/imports.ts";

const guest = sourceFiles(root, ["source", "machine/core"]);
const host = sourceFiles(root, ["host", "toolchain", "tools", "machine/host", "tests", "bench"]);

/** The lines of these files that `pattern` finds outside of comments and texts, as file:line. */
function found(files: readonly string[], pattern: RegExp): string[] {
  return files.flatMap((file) =>
    readFileSync(join(root, file), "utf8")
      .split("\n")
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}`] : [])),
  );
}

// Put together from parts, so that this file does not find itself.
const suppressions = new RegExp(
  `(${["@ts-", "biome-", "eslint-"].join("|")})(ignore|expect-error|nocheck|disable)`,
);

test("no line and no file turns off a check", () => {
  expect(found([...guest, ...host], suppressions)).toEqual([]);
});

test("no code uses a non-null assertion", () => {
  const assertion = /[\w)\]]!(\.|\[|;|,|\)| as\b)/;
  const inCode = found(host, assertion).filter((place) => {
    const [file = "", line = "0"] = place.split(":");
    const text = defined(readFileSync(join(root, file), "utf8").split("\n")[Number(line) - 1]);
    return !/(["'`/]|\/\/).*[\w)\]]!/.test(text);
  });
  expect([...inCode, ...found(guest, /[\w)\]]!(\.|\[|;)/)]).toEqual([]);
});

test("the guest throws nothing: an error is a value", () => {
  expect(found(guest, /^\s*(throw |try \{)/)).toEqual([]);
});
