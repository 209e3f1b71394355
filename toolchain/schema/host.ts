// Writes classes for capnp-es from a laid-out schema. With them, tests and tools on the host read and write the same
// bytes as the guest, by an independent library. (capnp-es has its own generator, but that needs the capnp compiler and
// an older TypeScript.) Structs have the ids that the capnp compiler gives them.

import { createHash } from "node:crypto";
import { capital, type Field, type ScalarName, type Schema, type Struct, type Type } from "./layout.ts";

/** The text of build/gen/idl-host/<name>.ts. */
export function writeHost(schema: Schema): string {
  const structIds = ids(schema);
  const blocks = [
    `// Made from ${schema.file}. Changes here are lost.`,
    'import * as $ from "capnp-es";',
    ...schema.constants.map(({ name, scalar, value }) => `export const ${name} = ${literal(scalar, value)};`),
    ...schema.enums.map(({ name, enumerants }) => constants(name, enumerants)),
    ...schema.interfaces.map(({ name, methods }) => constants(`${name}Method`, methods)),
    ...schema.structs.map((struct) => structClass(struct, structIds.get(struct.name) ?? 0n)),
  ];
  return `${blocks.join("\n\n")}\n`;
}

function constants(name: string, members: readonly { name: string; ordinal: number }[]): string {
  return [
    `export const ${name} = {`,
    ...members.map((member) => `  ${member.name}: ${member.ordinal},`),
    "} as const;",
  ].join("\n");
}

function structClass(struct: Struct, id: bigint): string {
  const { name, dataWords, pointerCount } = struct;
  const size = `new $.ObjectSize(${dataWords * 8}, ${pointerCount})`;
  return [
    `export class ${name} extends $.Struct {`,
    `  static readonly _capnp = { displayName: "${name}", id: "${id.toString(16)}", size: ${size} };`,
    ...struct.fields.flatMap(members),
    "}",
  ].join("\n");
}

/** The getter and setter of a field. */
function members(field: Field): string[] {
  const { name, type, offset } = field;
  switch (type.kind) {
    case "void":
      return [];
    case "scalar":
    case "enum":
      return scalarMembers(name, type.kind === "enum" ? "UInt16" : type.scalar, field);
    case "text":
      return pair(
        name,
        "string",
        `$.utils.getText(${offset}, this)`,
        `$.utils.setText(${offset}, value, this)`,
      );
    case "data":
      return [
        getter(name, "$.Data", `$.utils.getData(${offset}, this)`),
        initializer(name, "length: number", "$.Data", `$.utils.initData(${offset}, length, this)`),
      ];
    case "struct":
      return [
        getter(name, type.name, `$.utils.getStruct(${offset}, ${type.name}, this)`),
        initializer(name, "", type.name, `$.utils.initStructAt(${offset}, ${type.name}, this)`),
      ];
    case "list": {
      const [list, element] = listClass(type.element);
      const init = `$.utils.initList(${offset}, ${list}, length, this)`;
      return [
        getter(name, `$.List<${element}>`, `$.utils.getList(${offset}, ${list}, this)`),
        initializer(name, "length: number", `$.List<${element}>`, init),
      ];
    }
  }
}

function scalarMembers(name: string, scalar: ScalarName, { offset, value }: Field): string[] {
  const at = scalar === "Bool" ? offset : offset >> 3;
  // With a default, capnp-es 0.0.16 xors only half of an Int32, and returns a UInt32 with a sign.
  if (scalar.endsWith("Int32") && value !== 0n) {
    const mask = `$.getUint32Mask(${BigInt.asUintN(32, value)})`;
    const get = `$.utils.getUint32(${at}, this, ${mask}) ${scalar === "Int32" ? "| 0" : ">>> 0"}`;
    return pair(name, "number", get, `$.utils.setUint32(${at}, value >>> 0, this, ${mask})`);
  }
  const access = scalar.replace("UInt", "Uint").replace("Bool", "Bit");
  const mask = value === 0n ? "" : `, ${maskOf(scalar, access, offset, value)}`;
  const get = `$.utils.get${access}(${at}, this${mask})`;
  return pair(name, hostType(scalar), get, `$.utils.set${access}(${at}, value, this${mask})`);
}

function pair(name: string, type: string, get: string, set: string): string[] {
  return [getter(name, type, get), `  set ${name}(value: ${type}) {\n    ${set};\n  }`];
}

function getter(name: string, type: string, get: string): string {
  return `  get ${name}(): ${type} {\n    return ${get};\n  }`;
}

function initializer(name: string, parameters: string, type: string, init: string): string {
  return `  _init${capital(name)}(${parameters}): ${type} {\n    return ${init};\n  }`;
}

/** capnp-es's class for a list, and the type of its items. */
function listClass(element: Type): [string, string] {
  if (element.kind === "struct") {
    return [`$.CompositeList(${element.name})`, element.name];
  }
  if (element.kind === "text") {
    return ["$.TextList", "string"];
  }
  if (element.kind === "data") {
    return ["$.DataList", "$.Data"];
  }
  const scalar = element.kind === "scalar" ? element.scalar : "UInt16";
  return [`$.${scalar.replace("UInt", "Uint")}List`, hostType(scalar)];
}

function hostType(scalar: ScalarName): string {
  if (scalar === "Bool") {
    return "boolean";
  }
  return scalar === "Int64" || scalar === "UInt64" ? "bigint" : "number";
}

function maskOf(scalar: ScalarName, access: string, offset: number, value: bigint): string {
  if (scalar === "Bool") {
    return `$.getBitMask(true, ${offset & 7})`;
  }
  return `$.get${access}Mask(${literal(scalar, value)})`;
}

function literal(scalar: ScalarName, value: bigint): string {
  if (scalar === "Bool") {
    return String(value !== 0n);
  }
  return hostType(scalar) === "bigint" ? `${value}n` : String(value);
}

/** The id of each struct: a hash over its parent's id, and its name or its method's ordinal. */
function ids(schema: Schema): Map<string, bigint> {
  const found = new Map<string, bigint>();
  for (const { name } of schema.structs) {
    found.set(name, childId(schema.id, name));
  }
  for (const { name, methods } of schema.interfaces) {
    const parent = childId(schema.id, name);
    for (const { ordinal, params, results, isImplicit } of methods) {
      if (isImplicit.params) {
        found.set(params, methodId(parent, ordinal, 0));
      }
      if (isImplicit.results) {
        found.set(results, methodId(parent, ordinal, 1));
      }
    }
  }
  return found;
}

function childId(parent: bigint, name: string): bigint {
  return hashId(Buffer.concat([idBytes(parent), Buffer.from(name, "utf8")]));
}

function methodId(parent: bigint, ordinal: number, isResults: 0 | 1): bigint {
  return hashId(Buffer.concat([idBytes(parent), Buffer.from([ordinal & 0xff, ordinal >> 8, isResults])]));
}

function idBytes(id: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(id);
  return bytes;
}

function hashId(bytes: Buffer): bigint {
  return createHash("md5").update(bytes).digest().readBigUInt64BE(0) | (1n << 63n);
}
