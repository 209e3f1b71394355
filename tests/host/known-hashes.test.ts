// Hashes that are kept with a file's identity: which files are not read again, and that every other one is.

import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { anything, list, object, pair, readJson, text } from "../../host/json.ts";
import { KnownHashes } from "../../host/known-hashes.js";
import { root as repository } from "../../host/root.ts";

/** No content has it, so a file that is said to have it was not read. */
const KEPT = "kept";

let root: string;

const sha256 = (bytes: string | Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Keeps KEPT as the hash of a file, with the identity that the file has now. */
function keep(path: string): void {
  const { dev, ino, size, mtimeMs, ctimeMs } = statSync(join(root, path));
  const files = [[path, [`${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`, KEPT]]];
  writeFileSync(join(root, "known.json"), JSON.stringify({ version: 1, files }));
}

function look(path: string): string | null {
  return new KnownHashes(root, "known.json").hash(path);
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "known-"));
  writeFileSync(join(root, "a"), "first");
});

afterEach(() => rmSync(root, { recursive: true }));

test("a file has the hash of its content, and a missing file has none", () => {
  expect([look("a"), look("b")]).toEqual([sha256("first"), null]);
});

test("a file with the identity that is kept is not read", () => {
  keep("a");
  expect(look("a")).toBe(KEPT);
});

test("a file that is gone has no hash, whatever is kept", () => {
  keep("a");
  rmSync(join(root, "a"));
  expect(look("a")).toBe(null);
});

test.each([
  ["its content, with the same length and its old time", () => rewrite("other")],
  ["its time", () => utimesSync(join(root, "a"), 1, 1)],
  ["its length", () => writeFileSync(join(root, "a"), "longer than first")],
  ["the file itself, by another with the same times", replace],
])("a file is read after a change of %s", (_, change) => {
  keep("a");
  change();
  expect(look("a")).toBe(sha256(readFileSync(join(root, "a"))));
});

function rewrite(content: string): void {
  const { atime, mtime } = statSync(join(root, "a"));
  writeFileSync(join(root, "a"), content);
  utimesSync(join(root, "a"), atime, mtime);
}

function replace(): void {
  const { atime, mtime } = statSync(join(root, "a"));
  writeFileSync(join(root, "new"), "other");
  utimesSync(join(root, "new"), atime, mtime);
  renameSync(join(root, "new"), join(root, "a"));
}

test.each([
  "",
  "{",
  "null",
  '{"version": 1}',
  '{"version": 1, "files": [["a", 5]]}',
  '{"version": 0, "files": []}',
])("a record that is damaged counts as empty: %j", (record) => {
  writeFileSync(join(root, "known.json"), record);
  expect(look("a")).toBe(sha256("first"));
});

test("what was read is kept, except a file that has just changed: a second change could leave the same times", () => {
  const file = join(root, "known.json");
  const settled = "node_modules/typescript/package.json";
  const changed = relative(repository, join(root, "a"));
  const hashes = new KnownHashes(repository, relative(repository, file));
  hashes.hash(settled);
  hashes.hash(changed);
  hashes.save();
  const shape = object({ files: list(pair(text, anything)) });
  expect(readJson(readFileSync(file, "utf8"), file, shape).files.map(([path]) => path)).toEqual([settled]);
});
