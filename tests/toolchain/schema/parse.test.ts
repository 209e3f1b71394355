// Schemas that are refused, each with the place and the sentence that its author reads.

import { describe, expect, it } from "vitest";
import { generate } from "../../../toolchain/schema/generate.ts";
import { parse } from "../../../toolchain/schema/parse.ts";

const id = "@0xdeadbeefdeadbeef;";

/** What stands where the arrow points: each text has `→` at the place to be reported, and is parsed without it. */
const refused: readonly [string, string, string][] = [
  ["no file id", "→struct S {}", "expected `@`, found `struct`"],
  [
    "a small file id",
    "@→0x1234;",
    "a file id is a 64-bit number with its highest bit set: `capnp id` makes one",
  ],
  ["an empty file", "→", "expected `@`, found the end of the file"],
  ["a character of no token", `${id} struct S { a @0 →? }`, '"?" begins no token of a schema'],
  ["a fraction", `${id} const a :UInt8 = →1.5;`, '"1" begins no token of a schema'],
  ["a text value", `${id} const a :UInt8 = →"x";`, "texts as values are not supported"],
  ["a text constant", `${id} const a :→Text = 1;`, "a constant is a number or a Bool"],
  ["a missing semicolon", `${id} struct S { a @0 :UInt8 →}`, "expected `;`, found `}`"],
  ["an unclosed struct", `${id} struct S { a @0 :UInt8;→`, "expected a name, found the end of the file"],
  ["a missing ordinal", `${id} struct S { a →:UInt8; }`, "expected `@`, found `:`"],
  [
    "an ordinal that comes twice",
    `${id} struct S { a @0 :UInt8; →b @0 :UInt8; }`,
    "b has ordinal @0, which another one has already",
  ],
  ["a gap in the ordinals", `${id} enum E { a @0; →b @2; }`, "@1 is missing: b has @2"],
  ["a huge ordinal", `${id} struct S { a @→65535 :UInt8; }`, "an ordinal is at most 65534"],
  ["a field that is declared twice", `${id} struct S { a @0 :UInt8; →a @1 :UInt8; }`, "a is declared twice"],
  [
    "a parameter that is declared twice",
    `${id} interface I { m @0 (a :Bool, →a :Bool) -> (); }`,
    "a is declared twice",
  ],
  [
    "a method that is declared twice",
    `${id} interface I { m @0 () -> (); →m @1 () -> (); }`,
    "m is declared twice",
  ],
  ["a type that is declared twice", `${id} struct S {} enum →S {}`, "S is declared twice"],
  ["a type with a built-in name", `${id} struct →Text {}`, "Text is the name of a built-in type"],
  [
    "a type with a small letter",
    `${id} struct →s {}`,
    "s: the name of a type begins with a capital and has no underscore",
  ],
  [
    "a field with a capital",
    `${id} struct S { →A @0 :UInt8; }`,
    "A: this name begins with a small letter and has no underscore",
  ],
  [
    "a field with an underscore",
    `${id} struct S { →a_b @0 :UInt8; }`,
    "a_b: this name begins with a small letter and has no underscore",
  ],
  ["an unknown type", `${id} struct S { a @0 :→Thing; }`, "there is no type Thing"],
  ["a float", `${id} struct S { a @0 :→Float64; }`, "Float64: the guest has no floating point"],
  [
    "a capability",
    `${id} interface I {} struct S { a @0 :→I; }`,
    "I: a capability travels beside a message, not inside it",
  ],
  [
    "a list of bits",
    `${id} struct S { a @0 :List(→Bool); }`,
    "lists hold numbers, enums, Text, Data or structs here",
  ],
  [
    "a list of lists",
    `${id} struct S { a @0 :List(→List(UInt8)); }`,
    "lists hold numbers, enums, Text, Data or structs here",
  ],
  ["a bare list", `${id} struct S { a @0 :→List; }`, "a list needs the type of its items: List(UInt32)"],
  [
    "a generic type",
    `${id} struct S { a @0 :→Map(Text); }`,
    "generic types such as Map(…) are not supported",
  ],
  ["a union", `${id} struct S { →union { a @0 :UInt8; } }`, "unions are not supported"],
  ["a named union", `${id} struct S { u :→union { a @0 :UInt8; } }`, "unions are not supported"],
  ["a group", `${id} struct S { g @0 :→group { } }`, "groups are not supported"],
  ["an import", `${id} →using X = import "x.capnp";`, "aliases and imports are not supported"],
  ["an annotation", `${id} struct S { a @0 :UInt8 →$x; }`, "annotations are not supported"],
  [
    "a nested struct",
    `${id} struct S { →struct T {} }`,
    "a declaration has to be at the top level, not inside another",
  ],
  ["an interface that extends", `${id} interface I →extends(J) {}`, "interfaces cannot extend others here"],
  ["a method that takes a number", `${id} interface I { m @0 →UInt8 -> (); }`, "UInt8 is not a struct"],
  ["a number that does not fit", `${id} const a :UInt8 = →256;`, "256 does not fit in UInt8"],
  ["a negative unsigned number", `${id} const a :UInt8 = →-1;`, "-1 does not fit in UInt8"],
  ["a number for a Bool", `${id} const a :Bool = →1;`, "a Bool is true or false"],
  ["a word for a number", `${id} const a :UInt8 = →true;`, "UInt8 needs a number"],
  ["an unknown enumerant", `${id} enum E { a @0; } struct S { e @0 :E = →b; }`, "E has no b"],
  [
    "a default for a text",
    `${id} struct S { a @0 :Text = →5; }`,
    "only numbers, Bools and enums have values here",
  ],
  [
    "a name that a method needs",
    `${id} interface I { m @0 () -> (); } struct →IMParams {}`,
    "IMParams is also the name that a method's struct gets",
  ],
  [
    "a struct above the limit",
    `${id} →struct S { ${Array.from({ length: 65 }, (_, i) => `f${i} @${i} :UInt64;`).join(" ")} }`.replace(
      "→struct ",
      "struct →",
    ),
    "S has 65 words, above the 64 of a struct",
  ],
  [
    "two members of one name in the accessors",
    `${id} struct S { →a @0 :Text; aLength @1 :UInt32; }`,
    "the accessors of a and aLength would both be called aLength",
  ],
];

describe("a schema is refused with its place", () => {
  it.each(refused)("%s", (_, marked, message) => {
    const offset = marked.indexOf("→");
    const before = marked.slice(0, offset);
    // A first line and an indent, so that neither number is right by accident.
    const text = `# first line\n  ${before}${marked.slice(offset + 1)}`;
    const place = `x.capnp:2:${before.length + 3}`;
    expect(() => generate(text, "x.capnp")).toThrow(`${place}: ${message}`);
  });

  it("gives the place as data, with the line around it", () => {
    const line = "struct S { a @0 :Thing; }";
    const diagnostic = (): unknown => {
      try {
        generate(`${id}\n${line}\n`, "x.capnp");
      } catch (error) {
        return error;
      }
      return undefined;
    };
    const place = { file: "x.capnp", line: 2, column: 18, text: line };
    expect(diagnostic()).toMatchObject({ details: { diagnostics: [{ severity: "error", place }] } });
  });
});

describe("a schema is read", () => {
  it("attaches a comment to the declaration before it, up to the next blank line", () => {
    const schema = parse(
      `${id}\n# The file.\n\n# Nobody's.\nstruct S { # The struct.\n  # More.\n  a @0 :UInt8; # The field.\n}\n`,
      "x.capnp",
    );
    expect(schema.doc).toEqual(["The file."]);
    expect(schema.structs[0]?.doc).toEqual(["The struct.", "More."]);
    expect(schema.structs[0]?.fields[0]?.doc).toEqual(["The field."]);
  });

  it("takes keywords as names of fields", () => {
    const schema = parse(`${id} struct S { union @0 :UInt8; struct @1 :UInt8; group @2 :UInt8; }`, "x.capnp");
    expect(schema.structs[0]?.fields.map(({ name }) => name)).toEqual(["union", "struct", "group"]);
  });

  it("numbers parameters in their order", () => {
    const { interfaces } = parse(`${id} interface I { m @0 (a :Bool, b :Text = 1) -> (); }`, "x.capnp");
    expect(interfaces[0]?.methods[0]?.params).toMatchObject([{ ordinal: 0 }, { ordinal: 1 }]);
  });

  it("names the schema in the first line of the accessors", () => {
    expect(generate(id, "source/idl/x.capnp").split("\n")[0]).toBe(
      "// Made from source/idl/x.capnp. Changes here are lost.",
    );
  });
});
