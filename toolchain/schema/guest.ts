// Writes the guest's accessors for a laid-out schema: constants, enums, method ordinals, and for each struct a reader
// and a builder. Both are views whose `this` is the struct's address in the message page, so a getter is one load
// with a constant offset, and nothing is allocated. Their common code is in source/libs/capnp.
//
//   T          open(address, length), then a getter a field; `pathStart` and `pathLength` for `path :Text`;
//              `entriesLength` and `entries(index)` for a list
//   TBuilder   begin(address, capacity), then a setter a field; `setPath(from, length)`; `initEntries(count)`
//              and `entries(index)`

import {
  capital,
  type Field,
  isPointer,
  type Schema,
  type Struct,
  scalarLogBits,
  type Type,
} from "./layout.ts";
import { guestType, literal, loadField, scalarType, stored, storeField, wireType } from "./scalars.ts";

const LINE_WIDTH = 110;

/** The text of build/gen/idl/<name>.ts. */
export function writeGuest(schema: Schema): string {
  const helpers = new Helpers();
  const shapes = new Shapes(schema);
  const blocks = [
    ...schema.constants.map(({ name, scalar, value, doc }) =>
      lines(
        docComment(doc, ""),
        `export const ${constantCase(name)}: ${scalarType[scalar]} = ${literal(scalar, value)};`,
      ),
    ),
    ...schema.enums.map(({ name, enumerants, doc }) =>
      lines(
        docComment(doc, ""),
        `export const enum ${name} {`,
        ...enumerants.flatMap((one) => [docComment(one.doc, "  "), `  ${one.name} = ${one.ordinal},`]),
        "}",
      ),
    ),
    ...schema.interfaces.map(({ name, methods, doc }) =>
      lines(
        docComment(doc, ""),
        `export const enum ${name}Method {`,
        ...methods.flatMap((one) => [docComment(one.doc, "  "), `  ${one.name} = ${one.ordinal},`]),
        "}",
      ),
    ),
    ...(schema.structs.length > 0 ? [shapes.text()] : []),
    ...schema.structs.flatMap((struct) => [
      reader(struct, schema, shapes, helpers),
      builder(struct, schema, helpers),
    ]),
  ];
  const head = lines(
    `// Made from ${schema.file}. Changes here are lost.`,
    schema.doc.length > 0 ? "//" : undefined,
    ...schema.doc.map((line) => `// ${line}`.trimEnd()),
  );
  return `${[head, helpers.imports(), ...blocks].filter((block) => block !== "").join("\n\n")}\n`;
}

/** The functions of source/libs/capnp that the generated text uses. */
class Helpers {
  readonly used = new Map<string, Set<string>>();

  /** Records the use of `name` from libs/capnp/`module`, and gives the name. */
  use(module: "open" | "read" | "build", name: string): string {
    const names = this.used.get(module) ?? new Set();
    this.used.set(module, names.add(name));
    return name;
  }

  imports(): string {
    const modules = [...this.used].sort(([a], [b]) => (a < b ? -1 : 1));
    return modules.map(([module, names]) => importLine([...names].sort(), `capnp/${module}`)).join("\n");
  }
}

/** The table of shapes (source/libs/capnp/shape.ts) of all structs of a file. */
class Shapes {
  readonly places = new Map<string, number>();
  readonly schema: Schema;

  constructor(schema: Schema) {
    this.schema = schema;
    let place = 0;
    for (const { name, pointerCount } of schema.structs) {
      this.places.set(name, place);
      place += 2 + 2 * pointerCount;
    }
  }

  /** Where the entry begins, in 16-bit numbers. */
  place(struct: string): number {
    return this.places.get(struct) ?? 0;
  }

  text(): string {
    const entries = this.schema.structs.map(({ name, dataWords, pointerCount, fields }) => {
      const pointers = fields
        .filter((field) => isPointer(field.type))
        .map((field) => this.pointer(field.type));
      return `  ${[dataWords, pointerCount, ...pointers.flat()].join(", ")}, // ${name}`;
    });
    return lines(
      "/** The structs as data, for the checker (libs/capnp/shape.ts). */",
      "const SHAPES: usize = memory.data<u16>([",
      ...entries,
      "]);",
    );
  }

  /** The kind of a pointer and its details, in the form of PointerKind in shape.ts. */
  pointer(type: Type): [number, number] {
    if (type.kind === "text") {
      return [0, 0];
    }
    if (type.kind === "data") {
      return [1, 0];
    }
    if (type.kind === "struct") {
      return [3, this.place(type.name)];
    }
    if (type.kind !== "list") {
      throw new Error(`${type.kind} is no pointer`);
    }
    const { element } = type;
    if (element.kind === "struct") {
      return [4, this.place(element.name)];
    }
    if (element.kind === "text") {
      return [5, 0];
    }
    if (element.kind === "data") {
      return [6, 0];
    }
    return [2, elementSize(element)];
  }
}

function reader(struct: Struct, schema: Schema, shapes: Shapes, helpers: Helpers): string {
  const { name } = struct;
  const place = shapes.place(name);
  const table = place === 0 ? "SHAPES" : `SHAPES + ${place * 2}`;
  const open = `${helpers.use("open", "openMessage")}(address, length, SHAPES, ${table})`;
  return lines(
    docComment([...struct.doc, ...(struct.doc.length > 0 ? [""] : []), `Read: ${sizes(struct)}.`], ""),
    "@unmanaged",
    "@final",
    `export class ${name} {`,
    "  /** The message of `length` bytes at `address`; null if it is refused (refusalOf in capnp/open says why). */",
    `  static open(address: usize, length: u32): ${name} | null {`,
    `    return changetype<${name} | null>(${open});`,
    "  }",
    ...struct.fields.flatMap((field) => ["", ...getter(field, struct, schema, helpers)]),
    "}",
  );
}

/** The members that read one field. */
function getter(field: Field, struct: Struct, schema: Schema, helpers: Helpers): (string | undefined)[] {
  const { name, type } = field;
  const doc = docComment(field.doc, "  ");
  if (type.kind === "void") {
    return [docComment([`${name} is Void: nothing to read.`], "  ")];
  }
  if (type.kind === "scalar" || type.kind === "enum") {
    return [doc, ...block(`get ${name}(): ${guestType(type)}`, `return ${loadField(field, type)};`)];
  }
  const at = pointerAt(field, struct);
  if (type.kind === "struct") {
    const call = `${helpers.use("read", "structAt")}(${at})`;
    return [doc, ...block(`get ${name}(): ${type.name}`, `return changetype<${type.name}>(${call});`)];
  }
  if (type.kind === "list" && type.element.kind === "struct") {
    const element = type.element.name;
    const length = `${helpers.use("read", "structListLength")}(${at})`;
    const words = structWords(schema, element);
    const call = `${helpers.use("read", "structListElement")}(${at}, index, ${words})`;
    return [
      doc,
      ...block(`get ${name}Length(): u32`, `return ${length};`),
      "",
      ...block(`${name}(index: u32): ${element}`, `return changetype<${element}>(${call});`),
    ];
  }
  if (type.kind !== "list") {
    return [doc, ...span(name, type, at, "", helpers)];
  }
  const { element } = type;
  const length = block(`get ${name}Length(): u32`, `return ${helpers.use("read", "listLength")}(${at});`);
  const elementAt = `${helpers.use("read", "listElement")}(${at}, index, ${elementShift(element)})`;
  if (isPointer(element)) {
    return [doc, ...length, "", ...span(`${name}Item`, element, elementAt, "index: u32", helpers)];
  }
  const load = `load<${wireType(element)}>(${elementAt})`;
  return [doc, ...length, "", ...block(`${name}(index: u32): ${guestType(element)}`, `return ${load};`)];
}

/** Start and length of a Text or Data whose pointer word is at `at`. */
function span(
  name: string,
  type: Type,
  at: string,
  parameters: string,
  helpers: Helpers,
): (string | undefined)[] {
  const length = helpers.use("read", type.kind === "text" ? "textLength" : "listLength");
  const accessor = parameters === "" ? "get " : "";
  return [
    ...block(
      `${accessor}${name}Start(${parameters}): usize`,
      `return ${helpers.use("read", "listStart")}(${at});`,
    ),
    "",
    ...block(`${accessor}${name}Length(${parameters}): u32`, `return ${length}(${at});`),
  ];
}

function builder(struct: Struct, schema: Schema, helpers: Helpers): string {
  const name = `${struct.name}Builder`;
  const begin = helpers.use("build", "beginMessage");
  const { dataWords, pointerCount } = struct;
  return lines(
    docComment([`Builds ${struct.name}.`], ""),
    "@unmanaged",
    "@final",
    `export class ${name} {`,
    "  /** Begins a message at `address`, of up to `capacity` bytes; finishMessage in capnp/build ends it. */",
    `  static begin(address: usize, capacity: u32): ${name} {`,
    `    return changetype<${name}>(${begin}(address, capacity, ${dataWords}, ${pointerCount}));`,
    "  }",
    ...struct.fields.flatMap((field) => {
      const members = setter(field, struct, schema, helpers);
      return members.length === 0 ? [] : ["", ...members];
    }),
    "}",
  );
}

/** The members that write one field. */
function setter(field: Field, struct: Struct, schema: Schema, helpers: Helpers): (string | undefined)[] {
  const { name, type } = field;
  const doc = docComment(field.doc, "  ");
  if (type.kind === "void") {
    return [];
  }
  if (type.kind === "scalar" || type.kind === "enum") {
    return [doc, ...block(`set ${name}(value: ${guestType(type)})`, `${storeField(field, type)};`)];
  }
  const at = pointerAt(field, struct);
  if (type.kind === "struct") {
    const { dataWords, pointerCount } = structNamed(schema, type.name);
    const call = `${helpers.use("build", "allocateStruct")}(${at}, ${dataWords}, ${pointerCount})`;
    const result = `${type.name}Builder`;
    return [doc, ...block(`init${capital(name)}(): ${result}`, `return changetype<${result}>(${call});`)];
  }
  if (type.kind !== "list") {
    return [doc, ...spanSetters(capital(name), type, at, "", helpers)];
  }
  const { element } = type;
  if (element.kind === "struct") {
    const { dataWords, pointerCount } = structNamed(schema, element.name);
    const call = `${helpers.use("build", "allocateStructList")}(${at}, ${dataWords}, ${pointerCount}, count);`;
    const shorten = `${helpers.use("build", "shortenStructList")}(${at}, count);`;
    const result = `${element.name}Builder`;
    const elementAt = `${helpers.use("build", "builtStruct")}(${at}, index)`;
    return [
      doc,
      ...block(`init${capital(name)}(count: u32): void`, call),
      "",
      docComment([`Keeps the first \`count\` of ${name}.`], "  "),
      ...block(`shorten${capital(name)}(count: u32): void`, shorten),
      "",
      ...block(`${name}(index: u32): ${result}`, `return changetype<${result}>(${elementAt});`),
    ];
  }
  const call = `${helpers.use("build", "allocateList")}(${at}, ${elementSize(element)}, count);`;
  const elementAt = `${helpers.use("build", "builtElement")}(${at}, index, ${elementShift(element)})`;
  const set = isPointer(element)
    ? spanSetters(`${capital(name)}Item`, element, elementAt, "index: u32, ", helpers)
    : block(
        `set${capital(name)}Item(index: u32, value: ${guestType(element)}): void`,
        `store<${wireType(element)}>(${elementAt}, ${stored(element, "value")});`,
      );
  return [doc, ...block(`init${capital(name)}(count: u32): void`, call), "", ...set];
}

function spanSetters(
  name: string,
  type: Type,
  at: string,
  parameters: string,
  helpers: Helpers,
): (string | undefined)[] {
  const write = helpers.use("build", type.kind === "text" ? "writeText" : "writeData");
  const copy = block(
    `set${name}(${parameters}from: usize, length: u32): void`,
    `${write}(${at}, from, length);`,
  );
  if (type.kind !== "text") {
    return copy;
  }
  const text = `${helpers.use("build", "writeString")}(${at}, text);`;
  return [
    ...copy,
    "",
    docComment(["From a string constant (ASCII)."], "  "),
    ...block(`set${name}String(${parameters}text: string): void`, text),
  ];
}

// --- pointers -----------------------------------------------------------------------------------------------------

/** The address of a field's pointer word. */
function pointerAt(field: Field, struct: Struct): string {
  const offset = (struct.dataWords + field.offset) * 8;
  return offset === 0 ? "changetype<usize>(this)" : `changetype<usize>(this) + ${offset}`;
}

/** The ElementSize of a list pointer (source/libs/capnp/pointer.ts). */
function elementSize(type: Type): number {
  return isPointer(type) ? 6 : 2 + elementShift(type);
}

function elementShift(type: Type): number {
  if (isPointer(type)) {
    return 3;
  }
  return type.kind === "scalar" ? scalarLogBits[type.scalar] - 3 : 1;
}

function structNamed(schema: Schema, name: string): Struct {
  const struct = schema.structs.find((one) => one.name === name);
  if (!struct) {
    throw new Error(`layout resolved ${name}, which does not exist`);
  }
  return struct;
}

function structWords(schema: Schema, name: string): number {
  const { dataWords, pointerCount } = structNamed(schema, name);
  return dataWords + pointerCount;
}

// --- text ---------------------------------------------------------------------------------------------------------

function sizes({ dataWords, pointerCount }: Struct): string {
  return `${dataWords} data word${dataWords === 1 ? "" : "s"}, ${pointerCount} pointer${pointerCount === 1 ? "" : "s"}`;
}

/** A member of one statement. */
function block(head: string, statement: string): string[] {
  return [`  ${head} {`, `    ${statement}`, "  }"];
}

function docComment(doc: readonly string[], indent: string): string | undefined {
  if (doc.length === 0) {
    return undefined;
  }
  if (doc.length === 1) {
    return `${indent}/** ${doc[0]} */`;
  }
  return [`${indent}/**`, ...doc.map((line) => `${indent} * ${line}`.trimEnd()), `${indent} */`].join("\n");
}

function lines(...parts: (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join("\n");
}

function importLine(names: readonly string[], module: string): string {
  const line = `import { ${names.join(", ")} } from "${module}";`;
  if (line.length <= LINE_WIDTH) {
    return line;
  }
  return ["import {", ...names.map((name) => `  ${name},`), `} from "${module}";`].join("\n");
}

function constantCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}
