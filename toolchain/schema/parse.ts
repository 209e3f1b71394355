// Reads the part of Cap'n Proto's schema language that our contracts use: one file id, then structs, enums,
// interfaces and constants, all at the top level. Everything else (unions, groups, generics, imports, nested
// declarations, annotations, floats) is refused by name at its place, and never skipped: a schema that we accept means
// the same here as to the capnp compiler. The list is in docs/architecture/wire-format.md.

import type {
  ConstantSyntax,
  EnumSyntax,
  FieldSyntax,
  InterfaceSyntax,
  MethodSyntax,
  Place,
  SchemaSyntax,
  StructSyntax,
  TypeSyntax,
  ValueSyntax,
} from "./syntax.ts";
import { Source, type Token, tokenize } from "./tokens.ts";

const ORDINAL_MAX = 65_534;
const SUBSET_HINT = "docs/architecture/wire-format.md lists what a schema here may contain.";
const outside: ReadonlyMap<string, string> = new Map([
  ["using", "aliases and imports"],
  ["import", "imports"],
  ["annotation", "annotations"],
  ["union", "unions"],
  ["group", "groups"],
]);

/**
 * Parses a schema.
 *
 * @param text the schema
 * @param file its name in messages
 * @throws Problem with line and column
 */
export function parse(text: string, file: string): SchemaSyntax {
  return new Parser(new Source(text, file)).schema();
}

class Parser {
  readonly source: Source;
  readonly tokens: readonly Token[];
  next = 0;

  constructor(source: Source) {
    this.source = source;
    this.tokens = tokenize(source);
  }

  schema(): SchemaSyntax {
    const id = this.fileId();
    const doc = this.end(";");
    const structs: StructSyntax[] = [];
    const enums: EnumSyntax[] = [];
    const interfaces: InterfaceSyntax[] = [];
    const constants: ConstantSyntax[] = [];
    for (let token = this.peek(); token.kind !== "end"; token = this.peek()) {
      if (token.text === "struct") {
        structs.push(this.struct());
      } else if (token.text === "enum") {
        enums.push(this.enumeration());
      } else if (token.text === "interface") {
        interfaces.push(this.interface());
      } else if (token.text === "const") {
        constants.push(this.constant());
      } else {
        throw this.unexpected("struct, enum, interface or const");
      }
    }
    return { id, doc, structs, enums, interfaces, constants };
  }

  fileId(): bigint {
    this.take("@");
    const token = this.peek();
    const id = this.number();
    if (id < 1n << 63n || id >= 1n << 64n) {
      throw this.source.wrong(
        token,
        "a file id is a 64-bit number with its highest bit set: `capnp id` makes one",
      );
    }
    return id;
  }

  struct(): StructSyntax {
    this.take("struct");
    const { place, name } = this.typeName();
    const doc = this.end("{");
    const fields: FieldSyntax[] = [];
    while (!this.accept("}")) {
      fields.push(this.structField());
    }
    this.checkNames(fields);
    this.checkOrdinals(fields);
    return { place, name, fields, doc };
  }

  structField(): FieldSyntax {
    this.refuseNested();
    const { place, name } = this.memberName();
    if (this.accept(":")) {
      this.refuseUnnumbered();
    }
    const ordinal = this.ordinal();
    this.take(":");
    this.refuseOutside();
    const type = this.type();
    const value = this.accept("=") ? this.value() : undefined;
    const doc = this.end(";");
    return { place, name, ordinal, type, doc, ...(value ? { value } : {}) };
  }

  enumeration(): EnumSyntax {
    this.take("enum");
    const { place, name } = this.typeName();
    const doc = this.end("{");
    const enumerants = [];
    while (!this.accept("}")) {
      const member = this.memberName();
      const ordinal = this.ordinal();
      enumerants.push({ ...member, ordinal, doc: this.end(";") });
    }
    this.checkNames(enumerants);
    this.checkOrdinals(enumerants);
    return { place, name, enumerants, doc };
  }

  interface(): InterfaceSyntax {
    this.take("interface");
    const { place, name } = this.typeName();
    if (this.peek().text === "extends" || this.peek().text === "(") {
      throw this.source.wrong(this.peek(), "interfaces cannot extend others here", SUBSET_HINT);
    }
    const doc = this.end("{");
    const methods: MethodSyntax[] = [];
    while (!this.accept("}")) {
      methods.push(this.method());
    }
    this.checkNames(methods);
    this.checkOrdinals(methods);
    return { place, name, methods, doc };
  }

  method(): MethodSyntax {
    this.refuseNested();
    const { place, name } = this.memberName();
    const ordinal = this.ordinal();
    const params = this.parameters();
    this.take("->");
    const results = this.parameters();
    return { place, name, ordinal, params, results, doc: this.end(";") };
  }

  /** `(a :Text, b :UInt32 = 5)`, whose order gives the ordinals, or a struct's name. */
  parameters(): readonly FieldSyntax[] | TypeSyntax {
    if (!this.accept("(")) {
      return this.type();
    }
    const fields: FieldSyntax[] = [];
    while (!this.accept(")")) {
      if (fields.length > 0) {
        this.take(",");
      }
      const { place, name } = this.memberName();
      this.take(":");
      const type = this.type();
      const value = this.accept("=") ? this.value() : undefined;
      fields.push({ place, name, ordinal: fields.length, type, doc: [], ...(value ? { value } : {}) });
    }
    this.checkNames(fields);
    return fields;
  }

  constant(): ConstantSyntax {
    this.take("const");
    const { place, name } = this.memberName();
    this.take(":");
    const type = this.type();
    this.take("=");
    const value = this.value();
    return { place, name, type, value, doc: this.end(";") };
  }

  type(): TypeSyntax {
    const place = this.peek();
    const name = this.word("a type");
    if (!this.accept("(")) {
      return { place, name };
    }
    if (name !== "List") {
      throw this.source.wrong(place, `generic types such as ${name}(…) are not supported`, SUBSET_HINT);
    }
    const element = this.type();
    this.take(")");
    return { place, name, element };
  }

  value(): ValueSyntax {
    const place = this.peek();
    if (place.kind === "string") {
      throw this.source.wrong(place, "texts as values are not supported", SUBSET_HINT);
    }
    if (this.accept("-")) {
      return { place, value: -this.number() };
    }
    if (place.kind === "number") {
      return { place, value: this.number() };
    }
    const word = this.word("a number, true, false or an enumerant");
    return { place, value: word === "true" ? true : word === "false" ? false : word };
  }

  ordinal(): number {
    this.take("@");
    const token = this.peek();
    const value = this.number();
    if (value > ORDINAL_MAX) {
      throw this.source.wrong(token, `an ordinal is at most ${ORDINAL_MAX}`);
    }
    return Number(value);
  }

  number(): bigint {
    const token = this.peek();
    if (token.kind !== "number") {
      throw this.unexpected("a whole number");
    }
    this.next += 1;
    return BigInt(token.text);
  }

  typeName(): { place: Place; name: string } {
    const place = this.peek();
    const name = this.word("a name");
    if (!/^[A-Z][A-Za-z0-9]*$/.test(name)) {
      throw this.source.wrong(
        place,
        `${name}: the name of a type begins with a capital and has no underscore`,
      );
    }
    return { place, name };
  }

  memberName(): { place: Place; name: string } {
    const place = this.peek();
    this.refuseOutside();
    const name = this.word("a name");
    if (!/^[a-z][A-Za-z0-9]*$/.test(name)) {
      throw this.source.wrong(place, `${name}: this name begins with a small letter and has no underscore`);
    }
    return { place, name };
  }

  word(wanted: string): string {
    const token = this.peek();
    if (token.kind !== "word") {
      throw this.unexpected(wanted);
    }
    this.next += 1;
    return token.text;
  }

  peek(): Token {
    const token = this.tokens[Math.min(this.next, this.tokens.length - 1)];
    if (!token) {
      throw new Error("a token list ends with an end token");
    }
    return token;
  }

  accept(text: string): boolean {
    const token = this.peek();
    if (token.kind === "string" || token.kind === "end" || token.text !== text) {
      return false;
    }
    this.next += 1;
    return true;
  }

  take(text: string): void {
    if (!this.accept(text)) {
      throw this.unexpected(`\`${text}\``);
    }
  }

  /** Takes the end of a declaration's head, and gives the comment that documents the declaration. */
  end(text: ";" | "{"): readonly string[] {
    const token = this.peek();
    if (token.text === "$") {
      throw this.source.wrong(token, "annotations are not supported", SUBSET_HINT);
    }
    this.take(text);
    return token.comment;
  }

  unexpected(wanted: string): Error {
    const token = this.peek();
    this.refuseOutside();
    const found = token.kind === "end" ? "the end of the file" : `\`${token.text}\``;
    return this.source.wrong(token, `expected ${wanted}, found ${found}`);
  }

  /** A keyword of the language that the subset leaves out, unless it is used as a name (`group @0 :Text`). */
  refuseOutside(): void {
    const token = this.peek();
    const what = token.kind === "word" ? outside.get(token.text) : undefined;
    const after = this.tokens[this.next + 1]?.text;
    if (what === undefined || after === "@" || after === ":") {
      return;
    }
    throw this.source.wrong(token, `${what} are not supported`, SUBSET_HINT);
  }

  /** `name :union {…}` is a form of the language. Any other field without an ordinal is a mistake. */
  refuseUnnumbered(): never {
    this.refuseOutside();
    this.next -= 1;
    throw this.unexpected("`@`");
  }

  refuseNested(): void {
    const token = this.peek();
    const isDeclaration = ["struct", "enum", "interface", "const"].includes(token.text);
    if (!isDeclaration || this.tokens[this.next + 1]?.kind !== "word") {
      return;
    }
    throw this.source.wrong(
      token,
      "a declaration has to be at the top level, not inside another",
      SUBSET_HINT,
    );
  }

  checkNames(members: readonly { place: Place; name: string }[]): void {
    const seen = new Set<string>();
    for (const { place, name } of members) {
      if (seen.has(name)) {
        throw this.source.wrong(place, `${name} is declared twice`);
      }
      seen.add(name);
    }
  }

  /** Ordinals count from zero without a gap, in any order: a gap would be a field that was removed. */
  checkOrdinals(members: readonly { place: Place; name: string; ordinal: number }[]): void {
    const inOrder = [...members].sort((a, b) => a.ordinal - b.ordinal);
    for (const [expected, { place, name, ordinal }] of inOrder.entries()) {
      if (ordinal < expected) {
        throw this.source.wrong(place, `${name} has ordinal @${ordinal}, which another one has already`);
      }
      if (ordinal > expected) {
        throw this.source.wrong(place, `@${expected} is missing: ${name} has @${ordinal}`);
      }
    }
  }
}
