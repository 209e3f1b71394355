// JSON is read under a shape: JSON that fits gets its type, and JSON that does not fit is a Problem that says where.

import { expect, test } from "vitest";
import {
  anything,
  decimal,
  integer,
  list,
  members,
  nullable,
  number,
  object,
  oneOf,
  optional,
  pair,
  readJson,
  table,
  text,
  truth,
  variant,
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

test.each([
  [integer(1, 4), "4", 4],
  [decimal, '"18446744073709551615"', 2n ** 64n - 1n],
  [table(number), '{ "a": 1, "b": 2 }', { a: 1, b: 2 }],
  [anything, "[null]", [null]],
  [members, '{ "a": [] }', { a: [] }],
])("what fits is given back: %#", (each, content, value) => {
  expect(readJson<unknown>(content, "it", each)).toEqual(value);
});

test.each([
  [integer(1, 4), "5", "it has 5 in it, and needs a whole number from 1 to 4 there"],
  [integer(1, 4), "0", "it has 0 in it, and needs a whole number from 1 to 4 there"],
  [integer(1, 4), "1.5", "it has 1.5 in it, and needs a whole number from 1 to 4 there"],
  [integer(1, 4), '"1"', "it has no number in it"],
  [decimal, "1", "it has no text in it"],
  [decimal, '"-1"', "it has no number in decimal digits in it"],
  [decimal, '"18446744073709551616"', "it has no number in decimal digits in it"],
  [table(number), '{ "a": "1" }', "it has no number at a"],
  [table(number), "[]", "it has no object in it"],
  [members, "[]", "it has no object in it"],
])("what does not fit is refused: %#", (each, content, says) => {
  expect(() => readJson<unknown>(content, "it", each)).toThrow(says);
});

test("one member says which of several shapes an object has", () => {
  const shapes = list(
    variant<{ type: string; size?: number; name?: string }>("type", {
      box: object({ type: oneOf("box"), size: number }),
      word: object({ type: oneOf("word"), name: text }),
    }),
  );
  const right = [
    { type: "word", name: "a" },
    { type: "box", size: 1 },
  ];
  expect(readJson(JSON.stringify(right), "it", shapes)).toEqual(right);
  expect(() => readJson('[{ "type": "box", "name": "a" }]', "it", shapes)).toThrow(
    "it has no number at [0].size",
  );
  for (const type of ['"ball"', '"constructor"', "1", "null"]) {
    expect(() => readJson(`[{ "type": ${type} }]`, "it", shapes)).toThrow(
      "it has no box or word at [0].type",
    );
  }
});
