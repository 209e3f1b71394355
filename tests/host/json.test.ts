// JSON is read under a shape: JSON that fits gets its type, and JSON that does not fit is a Problem that says where.

import { expect, test } from "vitest";
import {
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  pair,
  readJson,
  text,
  truth,
} from "../../host/json.ts";

const shape = object({
  version: number,
  kind: oneOf("old", "new"),
  steps: list(object({ name: text, files: list(pair(text, nullable(text))) })),
});

const right = { version: 1, kind: "new", steps: [{ name: "a", files: [["b", null]] }] };

test("JSON that fits the shape is returned, without fields that the shape does not name", () => {
  expect(readJson(JSON.stringify({ ...right, more: 1 }), "it", shape)).toEqual(right);
});

test.each([
  ["{", /^x\.json is not JSON: /],
  ["", /^x\.json is not JSON: /],
  ["null", /^x\.json has no object in it$/],
  ["[]", /^x\.json has no object in it$/],
  [{ ...right, version: "1" }, /^x\.json has no number at version$/],
  [{ ...right, kind: "other" }, /^x\.json has no old or new at kind$/],
  [{ ...right, steps: undefined }, /^x\.json has no list at steps$/],
  [
    { ...right, steps: [{ name: "a", files: [] }, { files: [] }] },
    /^x\.json has no text at steps\[1\]\.name$/,
  ],
  [{ ...right, steps: [{ name: "a", files: [["b"]] }] }, /^x\.json has no pair at steps\[0\]\.files\[0\]$/],
  [{ ...right, steps: [{ name: "a", files: [["b", 1]] }] }, /no text at steps\[0\]\.files\[0\]\[1\]$/],
])("%j is refused with a Problem that says where", (value, says) => {
  const content = typeof value === "string" ? value : JSON.stringify(value);
  const read = () => readJson(content, "x.json", shape);
  expect(read).toThrow(expect.objectContaining({ name: "Problem" }));
  expect(read).toThrow(says);
});

test("an optional field that is missing is undefined, and one that is present is checked", () => {
  const settings = object({ ok: truth, recording: optional(text) });
  expect(readJson('{ "ok": false }', "it", settings)).toEqual({ ok: false, recording: undefined });
  expect(() => readJson('{ "ok": 0 }', "it", settings)).toThrow("it has no true or false at ok");
  expect(() => readJson('{ "ok": true, "recording": 1 }', "it", settings)).toThrow("no text at recording");
});
