// The host's side of the wire tests: random values for a struct, their streams (drivers.ts), and the same values
// written and read by capnp-es.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Data, Struct as HostStruct, List, Message, ObjectSize, type StructCtor, utils } from "capnp-es";
import { transform } from "esbuild";
import fc from "fast-check";
import { generateHost } from "../../../toolchain/schema/generate.ts";
import {
  capital,
  type Field,
  type Schema,
  type Struct,
  scalarLogBits,
  type Type,
} from "../../../toolchain/schema/layout.ts";
import { root } from "../../harness/guest.ts";

/** A scalar, a text, data, the elements of a list, the fields of a struct; null for a struct's null pointer. */
export type Value = bigint | string | Uint8Array | readonly Value[] | null;

/** Structs within one another that values have, and that are read back. */
export const DEPTH_MAX = 3;

/** The stream's words, as bytes. */
class Stream {
  readonly words: bigint[] = [];

  word(value: bigint): void {
    this.words.push(BigInt.asUintN(64, value));
  }

  bytes(content: Uint8Array): void {
    this.word(BigInt(content.length));
    const padded = new Uint8Array(Math.ceil(content.length / 8) * 8);
    padded.set(content);
    for (const word of new BigUint64Array(padded.buffer)) {
      this.word(word);
    }
  }

  done(): Uint8Array {
    return new Uint8Array(BigUint64Array.from(this.words).buffer);
  }
}

// --- random values ------------------------------------------------------------------------------------------------

export function anyStruct(schema: Schema, name: string, depth = DEPTH_MAX): fc.Arbitrary<readonly Value[]> {
  const fields = structNamed(schema, name).fields.map((field) => anyValue(schema, field.type, depth));
  return fc.tuple(...fields);
}

function anyValue(schema: Schema, type: Type, depth: number): fc.Arbitrary<Value> {
  switch (type.kind) {
    case "void":
      return fc.constant(0n);
    case "enum":
      return fc.bigInt(0n, 0x7fffn);
    case "scalar": {
      const bits = 2 ** scalarLogBits[type.scalar];
      const isSigned = type.scalar.startsWith("I");
      const lowest = isSigned ? -(2n ** BigInt(bits - 1)) : 0n;
      return fc.bigInt(lowest, lowest + 2n ** BigInt(bits) - 1n);
    }
    case "text":
      return fc.string({ unit: "grapheme", maxLength: 20 });
    case "data":
      return fc.uint8Array({ maxLength: 40 });
    case "struct":
      return depth === 0 ? fc.constant(null) : fc.option(anyStruct(schema, type.name, depth - 1));
    case "list": {
      const isCut = depth === 0 && type.element.kind === "struct";
      const element = isCut ? fc.constant(null) : elementOf(schema, type.element, depth);
      return fc.array<Value>(element, { maxLength: isCut ? 0 : 5 });
    }
  }
}

function elementOf(schema: Schema, type: Type, depth: number): fc.Arbitrary<Value> {
  return type.kind === "struct" ? anyStruct(schema, type.name, depth - 1) : anyValue(schema, type, depth);
}

// --- streams ------------------------------------------------------------------------------------------------------

/** The stream that the guest builds a message from. */
export function buildStream(schema: Schema, name: string, fields: readonly Value[]): Uint8Array {
  const stream = new Stream();
  const add = (type: Type, value: Value, isElement: boolean): void => {
    if (type.kind === "void") {
      return;
    }
    if (type.kind === "struct") {
      if (!isElement) {
        stream.word(value === null ? 0n : 1n);
      }
      if (Array.isArray(value)) {
        addFields(type.name, value);
      }
    } else if (typeof value === "bigint") {
      stream.word(value);
    } else if (typeof value === "string") {
      stream.bytes(new TextEncoder().encode(value));
    } else if (value instanceof Uint8Array) {
      stream.bytes(value);
    } else if (type.kind === "list" && Array.isArray(value)) {
      stream.word(BigInt(value.length));
      for (const element of value) {
        add(type.element, element, true);
      }
    }
  };
  const addFields = (struct: string, values: readonly Value[]): void => {
    for (const [index, { type }] of structNamed(schema, struct).fields.entries()) {
      add(type, values[index] ?? null, false);
    }
  };
  addFields(name, fields);
  return stream.done();
}

/** The stream of what capnp-es reads. */
export function hostStream(schema: Schema, name: string, from: object, depth = DEPTH_MAX): Uint8Array {
  const stream = new Stream();
  const add = (type: Type, value: unknown, left: number): void => {
    if (typeof value === "bigint") {
      stream.word(value);
    } else if (typeof value === "number" || typeof value === "boolean") {
      stream.word(BigInt(value));
    } else if (typeof value === "string") {
      stream.bytes(new TextEncoder().encode(value));
    } else if (value instanceof Data) {
      stream.bytes(value.toUint8Array());
    } else if (type.kind === "list" && value instanceof List) {
      stream.word(BigInt(value.length));
      for (let i = 0; i < value.length; i++) {
        add(type.element, value.get(i), left);
      }
    } else if (type.kind === "struct" && value instanceof HostStruct) {
      if (left > 0) {
        addFields(type.name, value, left - 1);
      }
    } else if (type.kind !== "void") {
      throw new Error(`capnp-es gave no ${type.kind}`);
    }
  };
  const addFields = (struct: string, instance: object, left: number): void => {
    for (const { name: field, type } of structNamed(schema, struct).fields) {
      if (type.kind !== "struct" || left > 0) {
        add(type, Reflect.get(instance, field), left);
      }
    }
  };
  addFields(name, from, depth);
  return stream.done();
}

// --- capnp-es -----------------------------------------------------------------------------------------------------

/** The classes that `generateHost` makes of a schema. */
export async function hostClasses(
  schemaText: string,
  file: string,
): Promise<(name: string) => StructCtor<HostStruct>> {
  const { code } = await transform(generateHost(schemaText, file), { loader: "ts" });
  const folder = join(root, "build/test-cache");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${file.replace(/\W/g, "-")}-${process.pid}.mjs`);
  writeFileSync(path, code);
  const module: Record<string, StructCtor<HostStruct>> = await import(
    /* @vite-ignore */ pathToFileURL(path).href
  );
  return (name) => {
    const found = module[name];
    if (!found) {
      throw new Error(`the host's classes have no ${name}`);
    }
    return found;
  };
}

/** A framed message with these values, by capnp-es. */
export function hostMessage(
  schema: Schema,
  root: StructCtor<HostStruct>,
  name: string,
  fields: readonly Value[],
): Uint8Array {
  const message = new Message();
  writeStruct(schema, name, message.initRoot(root), fields);
  return new Uint8Array(message.toArrayBuffer());
}

function writeStruct(schema: Schema, name: string, to: object, values: readonly Value[]): void {
  for (const [index, field] of structNamed(schema, name).fields.entries()) {
    const value = values[index];
    if (value !== undefined && value !== null) {
      writeField(schema, field, to, value);
    }
  }
}

function writeField(schema: Schema, { name, type }: Field, to: object, value: Value): void {
  if (type.kind === "void") {
    return;
  }
  if (type.kind === "text" || type.kind === "scalar" || type.kind === "enum") {
    Reflect.set(to, name, hostScalar(type, value));
    return;
  }
  const initialize: unknown = Reflect.get(to, `_init${capital(name)}`);
  if (typeof initialize !== "function") {
    throw new Error(`no initializer for ${name}`);
  }
  if (type.kind === "struct") {
    if (Array.isArray(value)) {
      writeStruct(schema, type.name, initialize.call(to), value);
    }
  } else if (type.kind === "data") {
    if (value instanceof Uint8Array) {
      initialize.call(to, value.length).copyBuffer(value);
    }
  } else if (type.kind === "list" && Array.isArray(value)) {
    const list: unknown = initialize.call(to, value.length);
    if (!(list instanceof List)) {
      throw new Error(`${name} is no list`);
    }
    for (const [index, element] of value.entries()) {
      writeElement(schema, type.element, list, index, element);
    }
  }
}

function writeElement(schema: Schema, type: Type, list: List<unknown>, index: number, value: Value): void {
  if (type.kind === "struct") {
    const element: unknown = list.get(index);
    if (element instanceof HostStruct && Array.isArray(value)) {
      writeStruct(schema, type.name, element, value);
    }
  } else if (type.kind === "data") {
    if (value instanceof Uint8Array) {
      list.set(index, dataOf(value));
    }
  } else {
    list.set(index, hostScalar(type, value));
  }
}

/** Data in a message of its own: what an element of a list of Data is set from is copied. */
function dataOf(content: Uint8Array): Data {
  const data = utils.initData(0, content.length, new Message().initRoot(Holder));
  data.copyBuffer(content);
  return data;
}

class Holder extends HostStruct {
  static readonly _capnp = { displayName: "Holder", id: "0", size: new ObjectSize(0, 1) };
}

function hostScalar(type: Type, value: Value): unknown {
  if (typeof value !== "bigint" || type.kind === "enum") {
    return typeof value === "bigint" ? Number(value) : value;
  }
  if (type.kind !== "scalar") {
    return value;
  }
  if (type.scalar === "Bool") {
    return value !== 0n;
  }
  return scalarLogBits[type.scalar] === 6 ? value : Number(value);
}

export function structNamed(schema: Schema, name: string): Struct {
  const struct = schema.structs.find((one) => one.name === name);
  if (!struct) {
    throw new Error(`no struct ${name}`);
  }
  return struct;
}
