// Writes and reads the messages of a service with capnp-es: requests and answers by field names, from the schema.
//
//     const fs = await Wire.of("package_fs");
//     fs.encode("PackageFsOpenParams", { path: "fixtures/hello.txt" });
//     fs.decode("PackageFsOpenResults", answer)        // { status: "ok", file: 16, size: 6n }

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Data, type Struct as HostStruct, List, Message, type StructCtor } from "capnp-es";
import { readSchema } from "../../../toolchain/schema/generate.ts";
import type { Field, Schema, Type } from "../../../toolchain/schema/layout.ts";
import { root } from "../../harness/guest.ts";
import { hostClasses, structNamed } from "../../libs/capnp/values.ts";

export type Value = number | bigint | boolean | string | Uint8Array | readonly Fields[];
export interface Fields {
  readonly [name: string]: Value;
}

export class Wire {
  private readonly schema: Schema;
  private readonly classNamed: (name: string) => StructCtor<HostStruct>;

  private constructor(schema: Schema, classNamed: (name: string) => StructCtor<HostStruct>) {
    this.schema = schema;
    this.classNamed = classNamed;
  }

  /** For source/idl/`name`.capnp. */
  static async of(name: string): Promise<Wire> {
    const file = `source/idl/${name}.capnp`;
    const text = readFileSync(join(root, file), "utf8");
    return new Wire(readSchema(text, file), await hostClasses(text, file));
  }

  /** The ordinal of a method, for the first word of a call. */
  method(name: string): bigint {
    for (const { methods } of this.schema.interfaces) {
      const found = methods.find((method) => method.name === name);
      if (found) {
        return BigInt(found.ordinal);
      }
    }
    throw new Error(`no method ${name}`);
  }

  /** A message of that struct. Enums are given by their names. */
  encode(struct: string, fields: Fields): Uint8Array {
    const message = new Message();
    this.write(struct, message.initRoot(this.classNamed(struct)), fields);
    return new Uint8Array(message.toArrayBuffer());
  }

  private write(struct: string, to: object, fields: Fields): void {
    for (const [name, value] of Object.entries(fields)) {
      const field = this.field(struct, name);
      const { type } = field;
      if (typeof value === "object" && !(value instanceof Uint8Array)) {
        if (type.kind !== "list" || type.element.kind !== "struct") {
          throw new Error(`${struct}.${name} is no list of structs`);
        }
        const element = type.element.name;
        const list = initList(to, name, value.length);
        value.forEach((each, index) => {
          this.write(element, list.get(index), each);
        });
        continue;
      }
      if (value instanceof Uint8Array) {
        writeData(to, name, value);
        continue;
      }
      if (!Reflect.set(to, name, this.toWire(field, value))) {
        throw new Error(`${struct}.${name} cannot be set`);
      }
    }
  }

  /** The struct's fields. Enums come as their names, data as bytes. */
  decode(struct: string, bytes: Uint8Array): Fields {
    const message = new Message(bytes.slice().buffer, false);
    return this.read(struct, message.getRoot(this.classNamed(struct)));
  }

  private read(struct: string, from: object): Fields {
    const fields: Record<string, Value> = {};
    for (const { name, type } of structNamed(this.schema, struct).fields) {
      fields[name] = this.fromWire(type, Reflect.get(from, name));
    }
    return fields;
  }

  private fromWire(type: Type, value: unknown): Value {
    if (type.kind === "enum" && typeof value === "number") {
      return this.enumName(type.name, value);
    }
    if (value instanceof Data) {
      return value.toUint8Array().slice();
    }
    if (type.kind === "list" && type.element.kind === "struct" && value instanceof List) {
      const { name } = type.element;
      return Array.from({ length: value.length }, (_, index) => this.read(name, value.get(index)));
    }
    if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") {
      return value;
    }
    if (typeof value === "string") {
      return value;
    }
    throw new Error(`capnp-es gave no ${type.kind}`);
  }

  private toWire(field: Field, value: Value): Value {
    if (field.type.kind !== "enum" || typeof value !== "string") {
      return value;
    }
    const { name } = field.type;
    const member = this.enumNamed(name).find((one) => one.name === value);
    if (!member) {
      throw new Error(`${name} has no ${value}`);
    }
    return member.ordinal;
  }

  private enumName(name: string, ordinal: number): string {
    return this.enumNamed(name).find((one) => one.ordinal === ordinal)?.name ?? `${name} ${ordinal}`;
  }

  private enumNamed(name: string): readonly { readonly name: string; readonly ordinal: number }[] {
    const found = this.schema.enums.find((one) => one.name === name);
    if (!found) {
      throw new Error(`no enum ${name}`);
    }
    return found.enumerants;
  }

  private field(struct: string, name: string): Field {
    const found = structNamed(this.schema, struct).fields.find((one) => one.name === name);
    if (!found) {
      throw new Error(`${struct} has no ${name}`);
    }
    return found;
  }
}

/** A list of structs has no setter, so its structs are made, and then they are filled in. */
function initList(to: object, name: string, length: number): { get(index: number): object } {
  const list = initField(to, name, length);
  if (!(list instanceof List)) {
    throw new Error(`${name} is no list`);
  }
  return { get: (index) => Object(list.get(index)) };
}

/** What capnp-es makes for a field of that length. */
function initField(to: object, name: string, length: number): unknown {
  const init: unknown = Reflect.get(to, `_init${name.charAt(0).toUpperCase()}${name.slice(1)}`);
  return typeof init === "function" ? init.call(to, length) : undefined;
}

/** Data has no setter, so room is made for its bytes, and then they are copied. */
function writeData(to: object, name: string, bytes: Uint8Array): void {
  const data = initField(to, name, bytes.length);
  if (!(data instanceof Data)) {
    throw new Error(`${name} is not Data`);
  }
  data.copyBuffer(bytes);
}
