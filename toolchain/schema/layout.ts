// Gives every field its place, exactly as the capnp compiler does, and resolves names. Two ends of a wire that were
// built separately agree only because this algorithm is a part of the format.
//
// Fields are placed in the order of their ordinals. A pointer takes the next pointer slot. A scalar of 2^n bits takes
// the smallest hole that is left, or a new word of the data section. The rest of that hole or word becomes holes again,
// at most one of each size:
//
//   a :UInt8, b :UInt64, c :UInt16      word 0  │ a │ · │   c   │       ·       │     holes: 8 bits at byte 1,
//                                       word 1  │               b               │            32 bits at byte 4

import type { EnumSyntax, FieldSyntax, Place, SchemaSyntax, TypeSyntax, ValueSyntax } from "./syntax.ts";
import type { Source } from "./tokens.ts";

/** The scalars, and their size as a power of two in bits. Floats are left out: the guest has none. */
export const scalarLogBits = {
  Bool: 0,
  Int8: 3,
  Int16: 4,
  Int32: 5,
  Int64: 6,
  UInt8: 3,
  UInt16: 4,
  UInt32: 5,
  UInt64: 6,
} as const;

export type ScalarName = keyof typeof scalarLogBits;

export type Type =
  | { readonly kind: "void" | "text" | "data" }
  | { readonly kind: "scalar"; readonly scalar: ScalarName }
  | { readonly kind: "enum"; readonly name: string }
  | { readonly kind: "struct"; readonly name: string }
  | { readonly kind: "list"; readonly element: Type };

export interface Field {
  readonly name: string;
  readonly doc: readonly string[];
  readonly type: Type;
  /** For a scalar or enum: its first bit in the data section. For a pointer: its number. For Void: 0. */
  readonly offset: number;
  /** The value of an absent field. Only scalars and enums have another than zero. */
  readonly value: bigint;
}

export interface Struct {
  readonly name: string;
  readonly doc: readonly string[];
  readonly dataWords: number;
  readonly pointerCount: number;
  /** In the order of their ordinals. */
  readonly fields: readonly Field[];
}

export interface Method {
  readonly name: string;
  readonly ordinal: number;
  readonly doc: readonly string[];
  /** The names of the structs. */
  readonly params: string;
  readonly results: string;
  /** Whether these are written as lists of parameters, so that the structs belong to this method. */
  readonly isImplicit: { readonly params: boolean; readonly results: boolean };
}

export interface Schema {
  readonly file: string;
  readonly id: bigint;
  readonly doc: readonly string[];
  readonly constants: readonly { name: string; scalar: ScalarName; value: bigint; doc: readonly string[] }[];
  readonly enums: readonly EnumSyntax[];
  readonly interfaces: readonly { name: string; doc: readonly string[]; methods: readonly Method[] }[];
  /** All structs. The ones that methods imply (`VirtioBlkReadParams`) come last. */
  readonly structs: readonly Struct[];
}

/** The most words that a struct may have here: a null pointer is read from a static area of this size. */
export const STRUCT_WORDS_MAX = 64;

/**
 * Resolves and lays out a parsed schema.
 *
 * @throws Problem at an unknown type, a value out of range, two declarations of one name, or a struct that is too large
 */
export function layOut(syntax: SchemaSyntax, source: Source): Schema {
  return new Resolver(syntax, source).schema();
}

class Resolver {
  readonly syntax: SchemaSyntax;
  readonly source: Source;
  readonly enums: ReadonlyMap<string, EnumSyntax>;
  readonly structNames: ReadonlySet<string>;

  constructor(syntax: SchemaSyntax, source: Source) {
    this.syntax = syntax;
    this.source = source;
    this.enums = new Map(syntax.enums.map((one) => [one.name, one]));
    this.structNames = new Set(syntax.structs.map((one) => one.name));
  }

  schema(): Schema {
    const { syntax } = this;
    const structs = syntax.structs.map(({ name, doc, fields, place }) =>
      this.struct(name, doc, fields, place),
    );
    const interfaces = syntax.interfaces.map(({ name: interfaceName, doc, methods }) => ({
      name: interfaceName,
      doc,
      methods: methods.map((method): Method => {
        const side = (fields: readonly FieldSyntax[] | TypeSyntax, suffix: string): string => {
          if ("name" in fields) {
            return this.structName(fields);
          }
          const name = `${interfaceName}${capital(method.name)}${suffix}`;
          structs.push(this.struct(name, [], fields, method.place));
          return name;
        };
        const params = side(method.params, "Params");
        const results = side(method.results, "Results");
        const isImplicit = { params: !("name" in method.params), results: !("name" in method.results) };
        return { name: method.name, ordinal: method.ordinal, doc: method.doc, params, results, isImplicit };
      }),
    }));
    const constants = syntax.constants.map(({ name, doc, type, value }) => {
      const resolved = this.type(type);
      if (resolved.kind !== "scalar") {
        throw this.source.wrong(type.place, "a constant is a number or a Bool");
      }
      return { name, doc, scalar: resolved.scalar, value: this.value(resolved, value) };
    });
    this.checkNames(structs);
    const { id, doc, enums } = syntax;
    return { file: this.source.file, id, doc, constants, enums, interfaces, structs };
  }

  struct(name: string, doc: readonly string[], fields: readonly FieldSyntax[], place: Place): Struct {
    const section = new DataSection();
    let pointerCount = 0;
    const inOrder = [...fields].sort((a, b) => a.ordinal - b.ordinal);
    const placed = inOrder.map((field): Field => {
      const type = this.type(field.type);
      const value = field.value ? this.value(type, field.value) : 0n;
      const offset = isPointer(type) ? pointerCount++ : section.place(logBits(type));
      return { name: field.name, doc: field.doc, type, offset, value };
    });
    this.checkAccessors(inOrder);
    const dataWords = section.words;
    if (dataWords + pointerCount > STRUCT_WORDS_MAX) {
      throw this.source.wrong(
        place,
        `${name} has ${dataWords + pointerCount} words, above the ${STRUCT_WORDS_MAX} of a struct`,
      );
    }
    return { name, doc, dataWords, pointerCount, fields: placed };
  }

  /** `path :Text` gives `pathStart` and `pathLength`: no other field may have these names. */
  checkAccessors(fields: readonly FieldSyntax[]): void {
    const owners = new Map<string, FieldSyntax>();
    for (const field of fields) {
      for (const suffix of ["", ...accessorSuffixes(this.type(field.type))]) {
        const accessor = `${field.name}${suffix}`;
        const owner = owners.get(accessor);
        if (owner) {
          const both = `the accessors of ${owner.name} and ${field.name} would both be called ${accessor}`;
          throw this.source.wrong(owner.place, both);
        }
        owners.set(accessor, field);
      }
    }
  }

  type(syntax: TypeSyntax): Type {
    const { name, element, place } = syntax;
    if (name === "List") {
      if (!element) {
        throw this.source.wrong(place, "a list needs the type of its items: List(UInt32)");
      }
      const inner = this.type(element);
      const isBit = inner.kind === "scalar" && inner.scalar === "Bool";
      if (isBit || inner.kind === "void" || inner.kind === "list") {
        throw this.source.wrong(element.place, "lists hold numbers, enums, Text, Data or structs here");
      }
      return { kind: "list", element: inner };
    }
    if (name === "Void") {
      return { kind: "void" };
    }
    if (name === "Text") {
      return { kind: "text" };
    }
    if (name === "Data") {
      return { kind: "data" };
    }
    if (isScalar(name)) {
      return { kind: "scalar", scalar: name };
    }
    if (this.enums.has(name)) {
      return { kind: "enum", name };
    }
    if (this.structNames.has(name)) {
      return { kind: "struct", name };
    }
    if (name === "Float32" || name === "Float64") {
      throw this.source.wrong(place, `${name}: the guest has no floating point`, "Send a scaled integer.");
    }
    if (this.syntax.interfaces.some((one) => one.name === name) || name === "Capability") {
      throw this.source.wrong(place, `${name}: a capability travels beside a message, not inside it`);
    }
    throw this.source.wrong(place, `there is no type ${name}`);
  }

  structName(syntax: TypeSyntax): string {
    const type = this.type(syntax);
    if (type.kind !== "struct") {
      throw this.source.wrong(syntax.place, `${syntax.name} is not a struct`);
    }
    return type.name;
  }

  value(type: Type, { place, value }: ValueSyntax): bigint {
    if (type.kind === "enum") {
      const found = this.enums.get(type.name)?.enumerants.find((one) => one.name === value);
      if (!found) {
        throw this.source.wrong(place, `${type.name} has no ${value}`);
      }
      return BigInt(found.ordinal);
    }
    if (type.kind !== "scalar") {
      throw this.source.wrong(place, "only numbers, Bools and enums have values here");
    }
    if (type.scalar === "Bool") {
      if (typeof value !== "boolean") {
        throw this.source.wrong(place, "a Bool is true or false");
      }
      return value ? 1n : 0n;
    }
    if (typeof value !== "bigint") {
      throw this.source.wrong(place, `${type.scalar} needs a number`);
    }
    const bits = 1n << BigInt(scalarLogBits[type.scalar]);
    const isSigned = type.scalar.startsWith("I");
    const lowest = isSigned ? -(1n << (bits - 1n)) : 0n;
    const highest = isSigned ? (1n << (bits - 1n)) - 1n : (1n << bits) - 1n;
    if (value < lowest || value > highest) {
      throw this.source.wrong(place, `${value} does not fit in ${type.scalar}`);
    }
    return value;
  }

  /** All declarations at the top level share one space of names, also with the structs that methods imply. */
  checkNames(structs: readonly Struct[]): void {
    const { syntax } = this;
    const declared = [...syntax.structs, ...syntax.enums, ...syntax.interfaces, ...syntax.constants];
    const seen = new Set<string>();
    for (const { place, name } of declared) {
      if (seen.has(name)) {
        throw this.source.wrong(place, `${name} is declared twice`);
      }
      if (isScalar(name) || ["Void", "Text", "Data", "List"].includes(name)) {
        throw this.source.wrong(place, `${name} is the name of a built-in type`);
      }
      seen.add(name);
    }
    for (const { name } of structs.slice(syntax.structs.length)) {
      const owner = declared.find((one) => one.name === name);
      if (owner) {
        throw this.source.wrong(owner.place, `${name} is also the name that a method's struct gets`);
      }
    }
  }
}

/** The data section while it grows: its words, and the one hole of each size that may be left in them. */
class DataSection {
  words = 0;
  /** By log2 of the size in bits (0 to 5): the hole's offset in units of its size, 0 for none. */
  readonly holes = [0, 0, 0, 0, 0, 0];

  /** Places a scalar of 2^log bits, and gives its offset in bits. Void (undefined) takes no room. */
  place(log: number | undefined): number {
    if (log === undefined) {
      return 0;
    }
    const hole = this.takeHole(log);
    if (hole !== undefined) {
      return hole * 2 ** log;
    }
    const offset = this.words * 2 ** (6 - log);
    this.words += 1;
    // The rest of the new word: one hole of each size, each twice as large as the one before it.
    for (let size = log, at = offset + 1; size < 6; size += 1, at = (at + 1) / 2) {
      this.holes[size] = at;
    }
    return offset * 2 ** log;
  }

  /** A hole of 2^log bits: one of that size, else the first half of a larger one, whose second half stays a hole. */
  takeHole(log: number): number | undefined {
    if (log >= 6) {
      return undefined;
    }
    const hole = this.holes[log];
    if (hole) {
      this.holes[log] = 0;
      return hole;
    }
    const larger = this.takeHole(log + 1);
    if (larger === undefined) {
      return undefined;
    }
    this.holes[log] = larger * 2 + 1;
    return larger * 2;
  }
}

export function isPointer(type: Type): boolean {
  return type.kind === "text" || type.kind === "data" || type.kind === "struct" || type.kind === "list";
}

/** The suffixes that generated accessors (guest.ts) add to the name of a field. */
function accessorSuffixes(type: Type): readonly string[] {
  if (type.kind === "text" || type.kind === "data") {
    return ["Start", "Length"];
  }
  if (type.kind !== "list") {
    return [];
  }
  return isPointer(type.element) && type.element.kind !== "struct"
    ? ["Length", "ItemStart", "ItemLength"]
    : ["Length"];
}

/** log2 of a scalar's size in bits; undefined for Void. */
function logBits(type: Type): number | undefined {
  if (type.kind === "scalar") {
    return scalarLogBits[type.scalar];
  }
  return type.kind === "enum" ? 4 : undefined;
}

function isScalar(name: string): name is ScalarName {
  return Object.hasOwn(scalarLogBits, name);
}

export function capital(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}
