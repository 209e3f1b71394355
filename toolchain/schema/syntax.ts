// A parsed schema: names are not resolved yet, and nothing has an offset.

/** A place in the text, for messages. Lines and columns count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** `UInt32`, `Entry`, `List(Text)`. */
export interface TypeSyntax {
  readonly place: Place;
  readonly name: string;
  /** For `List`, the type of its items. */
  readonly element?: TypeSyntax;
}

/** A number (bigint), a boolean, or the name of an enumerant. */
export interface ValueSyntax {
  readonly place: Place;
  readonly value: bigint | boolean | string;
}

export interface FieldSyntax {
  readonly place: Place;
  readonly name: string;
  readonly ordinal: number;
  readonly type: TypeSyntax;
  readonly value?: ValueSyntax;
  readonly doc: readonly string[];
}

export interface StructSyntax {
  readonly place: Place;
  readonly name: string;
  readonly fields: readonly FieldSyntax[];
  readonly doc: readonly string[];
}

export interface EnumSyntax {
  readonly place: Place;
  readonly name: string;
  readonly enumerants: readonly { place: Place; name: string; ordinal: number; doc: readonly string[] }[];
  readonly doc: readonly string[];
}

export interface MethodSyntax {
  readonly place: Place;
  readonly name: string;
  readonly ordinal: number;
  /** A list of parameters, in order, or the name of a struct. */
  readonly params: readonly FieldSyntax[] | TypeSyntax;
  readonly results: readonly FieldSyntax[] | TypeSyntax;
  readonly doc: readonly string[];
}

export interface InterfaceSyntax {
  readonly place: Place;
  readonly name: string;
  readonly methods: readonly MethodSyntax[];
  readonly doc: readonly string[];
}

export interface ConstantSyntax {
  readonly place: Place;
  readonly name: string;
  readonly type: TypeSyntax;
  readonly value: ValueSyntax;
  readonly doc: readonly string[];
}

export interface SchemaSyntax {
  /** The file's id. */
  readonly id: bigint;
  readonly doc: readonly string[];
  readonly structs: readonly StructSyntax[];
  readonly enums: readonly EnumSyntax[];
  readonly interfaces: readonly InterfaceSyntax[];
  readonly constants: readonly ConstantSyntax[];
}
