// Guest code that reads and builds any struct of a schema through its generated accessors, driven by a stream of
// 64-bit words: what a test compares is two such streams.
//
//   scalar, enum   its value, extended to 64 bits          list     the length, then the elements
//   Text, Data     the length, then the bytes in words     struct   its fields, in the order of their ordinals
//
// In a stream to build from, a word stands before a struct behind a pointer: 0 leaves the pointer null. In a stream
// that was read there is none: a null pointer reads as a struct of defaults, down to `depth` structs within another.

import { generate, readSchema } from "../../../toolchain/schema/generate.ts";
import { capital, type Field, type Struct, type Type } from "../../../toolchain/schema/layout.ts";
import { scalarType } from "../../../toolchain/schema/scalars.ts";

const head = `
import { finishMessage } from "capnp/build";
import { refusalOf } from "capnp/open";

let cursor: usize = 0;
let end: usize = 0;
let touched: u32 = 0;

function put(value: u64): void {
  if (cursor < end) store<u64>(cursor, value);
  cursor += 8;
}
function putBytes(start: usize, length: u32): void {
  put(length);
  touched += length;
  for (let i: u32 = 0; i < length; i += 8) {
    let word: u64 = 0;
    for (let j: u32 = i; j < min(length, i + 8); j++) word |= (<u64>load<u8>(start + j)) << ((j - i) << 3);
    put(word);
  }
}
function take(): u64 {
  const word = load<u64>(cursor);
  cursor += 8;
  return word;
}
function takeBytes(length: u32): usize {
  const at = cursor;
  cursor += (length + 7) & ~7;
  return at;
}

/** The bytes of texts and lists that the last reading went through. */
export function touchedBytes(): u32 {
  return touched;
}
`;

/** The accessors of a schema with drivers for all its structs, as one guest file. */
export function withDrivers(schemaText: string, file: string): string {
  // The accessors are part of the entry here, and a class that an entry exports is a warning of asc.
  const accessors = generate(schemaText, file).replaceAll("export class", "class");
  const drivers = readSchema(schemaText, file).structs.map((struct) =>
    driver(struct, shapeIn(accessors, struct.name)),
  );
  return `${accessors}${head}${drivers.join("\n")}`;
}

/** The shape that a struct's `open` passes on, as an expression. */
function shapeIn(accessors: string, name: string): string {
  const open = new RegExp(`class ${name} \\{[^}]*openMessage\\(address, length, SHAPES, ([^)]*)\\)`);
  const shape = open.exec(accessors)?.[1];
  if (shape === undefined) {
    throw new Error(`the accessors have no ${name}`);
  }
  return shape;
}

function driver(struct: Struct, shape: string): string {
  const { name } = struct;
  return `
function read_${name}(v: ${name}, depth: u32): void {
  ${struct.fields.map(readField).join("\n  ")}
}
function fill_${name}(b: ${name}Builder): void {
  ${struct.fields.map(fillField).join("\n  ")}
}
/** Opens a message and writes its stream to \`to\`: the stream's length in bytes, or -1 if it was refused. */
export function readMessage_${name}(at: usize, length: u32, to: usize, capacity: u32, depth: u32): i32 {
  cursor = to;
  end = to + capacity;
  touched = 0;
  const v = ${name}.open(at, length);
  if (v === null) return -1;
  read_${name}(v, depth);
  return <i32>(cursor - to);
}
/** Why the message is refused; 0 if it is not. */
export function refusal_${name}(at: usize, length: u32): i32 {
  return refusalOf(at, length, SHAPES, ${shape});
}
/** Builds a message at \`at\` from the stream at \`from\`: its length, or 0. */
export function buildMessage_${name}(from: usize, at: usize, capacity: u32): u32 {
  cursor = from;
  fill_${name}(${name}Builder.begin(at, capacity));
  return finishMessage();
}
`;
}

function readField({ name, type }: Field): string {
  switch (type.kind) {
    case "void":
      return "";
    case "scalar":
    case "enum":
      return `put(${word(type, `v.${name}`)});`;
    case "text":
    case "data":
      return `putBytes(v.${name}Start, v.${name}Length);`;
    case "struct":
      return `if (depth > 0) read_${type.name}(v.${name}, depth - 1);`;
    case "list":
      return [
        `put(v.${name}Length);`,
        `touched += v.${name}Length;`,
        `for (let i: u32 = 0; i < v.${name}Length; i++) { ${readElement(name, type.element)} }`,
      ].join("\n  ");
  }
}

function readElement(name: string, element: Type): string {
  if (element.kind === "struct") {
    return `if (depth > 0) read_${element.name}(v.${name}(i), depth - 1);`;
  }
  if (element.kind !== "text" && element.kind !== "data") {
    return `put(${word(element, `v.${name}(i)`)});`;
  }
  return `putBytes(v.${name}ItemStart(i), v.${name}ItemLength(i));`;
}

function word(type: Type, value: string): string {
  return type.kind === "scalar" && type.scalar === "Bool" ? `${value} ? 1 : 0` : `<u64>${value}`;
}

function fillField({ name, type }: Field): string {
  const count = `${name}Count`;
  switch (type.kind) {
    case "void":
      return "";
    case "scalar":
    case "enum":
      return `b.${name} = ${taken(type)};`;
    case "text":
    case "data":
      return `const ${count} = <u32>take(); b.set${capital(name)}(takeBytes(${count}), ${count});`;
    case "struct":
      return `if (take() !== 0) fill_${type.name}(b.init${capital(name)}());`;
    case "list":
      return [
        `const ${count} = <u32>take();`,
        `b.init${capital(name)}(${count});`,
        `for (let i: u32 = 0; i < ${count}; i++) { ${fillElement(name, type.element)} }`,
      ].join(" ");
  }
}

function fillElement(name: string, element: Type): string {
  if (element.kind === "struct") {
    return `fill_${element.name}(b.${name}(i));`;
  }
  const isText = element.kind === "text" || element.kind === "data";
  if (isText) {
    return `const n = <u32>take(); b.set${capital(name)}Item(i, takeBytes(n), n);`;
  }
  return `b.set${capital(name)}Item(i, ${taken(element)});`;
}

function taken(type: Type): string {
  if (type.kind === "scalar") {
    return type.scalar === "Bool" ? "take() !== 0" : `<${scalarType[type.scalar]}>take()`;
  }
  return "<i32>take()";
}
