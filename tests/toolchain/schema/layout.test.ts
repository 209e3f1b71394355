// Our layout against the capnp compiler's: the real contracts, and random structs.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { generateHost, readSchema } from "../../../toolchain/schema/generate.ts";
import { root } from "../../harness/guest.ts";
import { capnpFacts, hasCapnp, ourFactsById } from "./capnp-compiler.ts";

const idlFolder = join(root, "source/idl");
const everything = join(root, "tests/libs/capnp/everything.capnp");
const schemaFiles = [...readdirSync(idlFolder).map((name) => join(idlFolder, name)), everything];

function expectSameLayout(text: string): void {
  const ours = ourFactsById(readSchema(text, "test.capnp"), generateHost(text, "test.capnp"));
  expect(ours).toEqual(capnpFacts(text));
}

const scalars = ["Bool", "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Colour"];
const pointers = ["Text", "Data", "List(UInt16)", "List(Text)", "List(Leaf)", "Leaf", "Void"];
const aStruct = fc
  .array(fc.constantFrom(...scalars, ...scalars, ...pointers), { maxLength: 30 })
  .chain((types) =>
    fc
      .shuffledSubarray(
        types.map((_, ordinal) => ordinal),
        { minLength: types.length },
      )
      .map((order) => order.map((ordinal) => `  f${ordinal} @${ordinal} :${types[ordinal]};`).join("\n")),
  );

describe.skipIf(!hasCapnp)("layout, against the capnp compiler", () => {
  it.each(schemaFiles)("places every field of %s as capnp does, under the same ids", (path) => {
    expectSameLayout(readFileSync(path, "utf8"));
  });

  it("places the fields of random structs as capnp does", () => {
    const aSchema = fc
      .array(aStruct, { minLength: 20, maxLength: 40 })
      .map((structs) =>
        [
          "@0xdeadbeefdeadbeef;",
          "enum Colour { red @0; green @1; }",
          "struct Leaf { value @0 :UInt32; }",
          ...structs.map((fields, index) => `struct S${index} {\n${fields}\n}`),
        ].join("\n"),
      );
    fc.assert(fc.property(aSchema, expectSameLayout), { numRuns: 15 });
  });
});

describe("layout", () => {
  it("fills a hole with the smallest field that fits, as in the drawing of layout.ts", () => {
    const schema = readSchema(
      "@0xdeadbeefdeadbeef; struct S { a @0 :UInt8; b @1 :UInt64; c @2 :UInt16; d @3 :Bool; e @4 :UInt32; }",
      "s.capnp",
    );
    const offsets = schema.structs[0]?.fields.map(({ name, offset }) => `${name}=${offset}`);
    expect(offsets).toEqual(["a=0", "b=64", "c=16", "d=8", "e=32"]);
  });
});
