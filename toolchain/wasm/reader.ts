// Decodes a Wasm file, section by section, into a WasmModule.
//
// There are two passes: the first finds the sections (names are at the end of the file, but belong to earlier parts),
// the second reads them in order. It decodes the integer code that asc and the WebAssembly test suite
// contain. Any other construct is refused with its offset, or with its function if it is in a body. For the
// suite it reads references and vectors as well, so that only the functions that use them are left out, not the module.

import { Bytes, malformed } from "./bytes.ts";
import { readBody } from "./code.ts";
import type {
  CustomSection,
  DataSegment,
  ElementSegment,
  Export,
  ExportKind,
  FunctionType,
  Global,
  ImportName,
  Memory,
  Table,
  ValueType,
  WasmFunction,
  WasmModule,
} from "./module.ts";
import { type Names, noNames, readNames } from "./names.ts";
import {
  anyTypeOf,
  FIRST_NUMERIC,
  numericNames,
  Opcode,
  VECTOR_BYTES,
  Vector,
  valueTypeOf,
} from "./opcodes.ts";

const MAGIC = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

const Section = {
  Custom: 0,
  Type: 1,
  Import: 2,
  Function: 3,
  Table: 4,
  Memory: 5,
  Global: 6,
  Export: 7,
  Start: 8,
  Element: 9,
  Code: 10,
  Data: 11,
} as const;

const FUNCREF = 0x70;
const EXTERNREF = 0x6f;
/** The flag of a table's limits: a maximum follows. Higher flags mean 64-bit indices, or a shared table. */
const TABLE_FLAGS_MAX = 1;

interface Import extends ImportName {
  readonly type: number;
}

/**
 * The value of an imported global that never changes. Constant expressions use such values, so they have to be
 * known when the module is read.
 */
export type ImportedGlobal = (name: ImportName) => bigint | undefined;

/**
 * Decodes a module.
 * @param importedGlobal without it, imported globals, references and vectors are refused, because a guest has none
 * @throws ToolchainError for bytes that are no module, or need a proposal that this reader does not know
 */
export function readModule(data: Uint8Array, importedGlobal?: ImportedGlobal): WasmModule {
  const file = new Bytes(data);
  const start = file.take(Math.min(MAGIC.length, data.length));
  if (start.length < MAGIC.length || MAGIC.some((byte, index) => start[index] !== byte)) {
    throw malformed("no Wasm magic, or not version 1", 0);
  }
  const sections = new Map<number, Bytes>();
  const customs: CustomSection[] = [];
  while (!file.done) {
    const id = file.byte();
    const section = file.part(file.u32());
    if (id === Section.Custom) {
      const name = section.name();
      customs.push({ name, bytes: section.take(section.end - section.position) });
    } else {
      sections.set(id, section);
    }
  }
  return new ModuleReader(sections, customs, importedGlobal).read();
}

/** Reads the sections in order. Each is checked against the ones before it. */
class ModuleReader {
  private readonly sections: ReadonlyMap<number, Bytes>;
  private readonly customs: readonly CustomSection[];
  private readonly names: Names;
  private types: FunctionType[] = [];
  private readonly imports: Import[] = [];
  private readonly globals: Global[] = [];
  private readonly importedGlobal: ImportedGlobal | undefined;
  private readonly tables: Table[] = [];
  private memory: Memory | undefined;
  private readonly unsaid: string[] = [];

  constructor(
    sections: ReadonlyMap<number, Bytes>,
    customs: readonly CustomSection[],
    importedGlobal: ImportedGlobal | undefined,
  ) {
    this.importedGlobal = importedGlobal;
    this.sections = sections;
    this.customs = customs;
    const names = customs.find((custom) => custom.name === "name");
    this.names = names === undefined ? noNames : readNames(names.bytes);
  }

  read(): WasmModule {
    this.types = this.vector(Section.Type, (bytes) => this.readType(bytes));
    this.vector(Section.Import, (bytes) => this.readImport(bytes));
    const declared = this.vector(Section.Function, (bytes) => bytes.u32());
    this.vector(Section.Table, (bytes) => this.readTable(bytes));
    this.vector(Section.Memory, (bytes) => this.readMemory(bytes));
    this.vector(Section.Global, (bytes) => this.readGlobal(bytes));
    const exports = this.vector(Section.Export, (bytes) => readExport(bytes));
    const start = this.sections.get(Section.Start)?.u32();
    const elements = this.vector(Section.Element, (bytes) => this.readElement(bytes));
    const functions = this.readFunctions(declared);
    const data = this.vector(Section.Data, (bytes) => this.readData(bytes));
    return {
      types: this.types,
      functions,
      tables: this.tables,
      memory: this.memory,
      globals: this.globals,
      exports,
      start,
      elements: elements.filter((element) => element !== undefined),
      data,
      customs: this.customs,
      unsaid: this.unsaid,
    };
  }

  private get readsForeign(): boolean {
    return this.importedGlobal !== undefined;
  }

  private vector<Item>(id: number, read: (bytes: Bytes) => Item): Item[] {
    const bytes = this.sections.get(id);
    return bytes === undefined ? [] : bytes.list(() => read(bytes));
  }

  private typeAt(index: number, offset: number): FunctionType {
    const type = this.types[index];
    if (type === undefined) {
      throw malformed(`type ${index} does not exist`, offset);
    }
    return type;
  }

  private readImport(bytes: Bytes): void {
    const offset = bytes.position;
    const module = bytes.name();
    const field = bytes.name();
    const kind = bytes.byte();
    if (kind === 0) {
      this.imports.push({ module, field, type: bytes.u32() });
    } else if (kind === 1) {
      this.readTable(bytes, { module, field });
    } else if (kind === 2) {
      this.readMemory(bytes, { module, field });
    } else if (kind === 3 && this.importedGlobal !== undefined) {
      this.importGlobal(bytes, { module, field });
    } else {
      throw malformed(`import "${module}" "${field}" is neither function, table nor memory`, offset);
    }
  }

  private readTable(bytes: Bytes, source?: ImportName): void {
    const offset = bytes.position;
    const references = bytes.byte();
    if (references !== FUNCREF && !(this.readsForeign && references === EXTERNREF)) {
      throw malformed("a table of something other than functions", offset);
    }
    const flags = bytes.byte();
    if (flags > TABLE_FLAGS_MAX) {
      throw malformed("a table of 64-bit indices", offset);
    }
    const initial = bytes.u32();
    const maximum = (flags & 1) !== 0 ? bytes.u32() : undefined;
    this.tables.push({ initial, maximum, source });
  }

  private readMemory(bytes: Bytes, source?: ImportName): void {
    const offset = bytes.position;
    const flags = bytes.byte();
    if (flags > 3) {
      throw malformed("a memory of 64-bit addresses", offset);
    }
    if (this.memory !== undefined) {
      throw malformed("a second memory", offset);
    }
    const initial = bytes.u32();
    const maximum = (flags & 1) !== 0 ? bytes.u32() : undefined;
    this.memory = { initial, maximum, shared: (flags & 2) !== 0, source };
  }

  private readGlobal(bytes: Bytes): void {
    const { type, mutable } = this.readGlobalType(bytes);
    const index = this.globals.length;
    const name = this.names.globals.get(index) ?? `global[${index}]`;
    this.globals.push({ type, mutable, name, value: this.readConstant(bytes) });
  }

  private importGlobal(bytes: Bytes, source: ImportName): void {
    const { type, mutable } = this.readGlobalType(bytes);
    const name = `${source.module}/${source.field}`;
    this.globals.push({ type, mutable, name, value: this.importedGlobal?.(source), source });
  }

  /** A constant expression: constants, earlier globals, and sums of them. Floats, vectors and null give undefined. */
  private readConstant(bytes: Bytes): bigint | undefined {
    const stack: (bigint | undefined)[] = [];
    for (;;) {
      const offset = bytes.position;
      const opcode = bytes.byte();
      if (opcode === Opcode.End) {
        return stack.pop();
      } else if (opcode === Opcode.I32Const) {
        stack.push(bytes.s32());
      } else if (opcode === Opcode.I64Const) {
        stack.push(bytes.s64());
      } else if (opcode === Opcode.F32Const) {
        stack.push(bytes.take(4) && undefined);
      } else if (opcode === Opcode.F64Const) {
        stack.push(bytes.take(8) && undefined);
      } else if (opcode === Opcode.GlobalGet) {
        stack.push(this.globals[bytes.u32()]?.value);
      } else if (opcode === Opcode.RefFunc) {
        stack.push(BigInt(bytes.u32()));
      } else if (opcode === Opcode.RefNull) {
        stack.push(bytes.take(1) && undefined);
      } else if (opcode === Opcode.PrefixVector) {
        stack.push(readVector(bytes, offset));
      } else {
        stack.push(fold(numericNames[opcode - FIRST_NUMERIC], stack.pop(), stack.pop(), offset));
      }
    }
  }

  /** An active segment, or undefined for one that only `table.init` could place (which is refused). */
  private readElement(bytes: Bytes): ElementSegment | undefined {
    const flags = bytes.u32();
    const active = (flags & 1) === 0;
    const explicit = (flags & 2) !== 0;
    const expressions = (flags & 4) !== 0;
    const start = bytes.position;
    const isSecond = active && explicit && bytes.u32() !== 0;
    if (isSecond && !this.readsForeign) {
      throw malformed("elements of a second table", start);
    }
    const offset = active ? this.readAddress(bytes) : undefined;
    if (flags !== 0 && flags !== 4) {
      bytes.byte();
    }
    const functions = expressions
      ? bytes.list(() => this.readElementValue(bytes))
      : bytes.list(() => bytes.u32());
    if (isSecond) {
      this.unsaid.push("elements of a second table");
    }
    return offset === undefined || isSecond ? undefined : { offset, functions };
  }

  /** A function's index, or undefined for null. */
  private readElementValue(bytes: Bytes): number | undefined {
    const offset = bytes.position;
    const isNull = this.readsForeign && bytes.data[offset] === Opcode.RefNull;
    const value = this.readConstant(bytes);
    if (value === undefined && !isNull) {
      throw malformed("an element of unknown value", offset);
    }
    return value === undefined ? undefined : Number(value);
  }

  private readData(bytes: Bytes): DataSegment {
    const flags = bytes.u32();
    if (flags === 2) {
      bytes.u32();
    }
    const address = flags === 1 ? undefined : this.readAddress(bytes);
    return { address, bytes: bytes.take(bytes.u32()) };
  }

  /** Where an active segment goes. */
  private readAddress(bytes: Bytes): number {
    const offset = bytes.position;
    const value = this.readConstant(bytes);
    if (value === undefined) {
      throw malformed("an address of unknown value", offset);
    }
    return Number(BigInt.asUintN(32, value));
  }

  private readFunctions(declared: readonly number[]): WasmFunction[] {
    const functions: WasmFunction[] = this.imports.map(({ module, field, type }, index) => ({
      index,
      type: this.typeAt(type, 0),
      name: this.names.functions.get(index) ?? `${module}/${field}`,
      source: { module, field },
    }));
    const code = this.sections.get(Section.Code);
    const count = code === undefined ? 0 : code.u32();
    if (count !== declared.length) {
      throw malformed("the numbers of functions and bodies differ", 0);
    }
    for (const typeIndex of declared) {
      if (code === undefined) {
        break;
      }
      const index = functions.length;
      const length = code.u32();
      const type = this.typeAt(typeIndex, code.position);
      const locals = this.names.locals.get(index) ?? new Map<number, string>();
      const body = readBody(code.part(length), this.types, type.params, locals);
      functions.push({ index, type, name: this.names.functions.get(index) ?? `function[${index}]`, body });
    }
    return functions;
  }

  private readType(bytes: Bytes): FunctionType {
    const offset = bytes.position;
    if (bytes.byte() !== 0x60) {
      throw malformed("a type that is no function type", offset);
    }
    const readOne = () => this.readValueType(bytes, "a function of references or vectors");
    return { params: bytes.list(readOne), results: bytes.list(readOne) };
  }

  private readGlobalType(bytes: Bytes): Pick<Global, "type" | "mutable"> {
    const type = this.readValueType(bytes, "a global of a reference or vector type");
    return { type, mutable: bytes.byte() === 1 };
  }

  private readValueType(bytes: Bytes, otherwise: string): ValueType {
    const offset = bytes.position;
    const byte = bytes.byte();
    const type = this.readsForeign ? anyTypeOf(byte) : valueTypeOf(byte);
    if (type === undefined) {
      throw malformed(otherwise, offset);
    }
    return type;
  }
}

/** A vector constant, whose value is not kept. */
function readVector(bytes: Bytes, offset: number): undefined {
  if (bytes.u32() !== Vector.Const) {
    throw malformed("a constant expression", offset);
  }
  bytes.take(VECTOR_BYTES);
}

const exportKinds: readonly ExportKind[] = ["function", "table", "memory", "global"];

function readExport(bytes: Bytes): Export {
  const name = bytes.name();
  const offset = bytes.position;
  const kind = exportKinds[bytes.byte()];
  if (kind === undefined) {
    throw malformed(`export "${name}" of an unknown kind`, offset);
  }
  return { name, kind, index: bytes.u32() };
}

/** Extended constant expressions: the operators that the proposal allows. */
function fold(
  name: string | undefined,
  right: bigint | undefined,
  left: bigint | undefined,
  offset: number,
): bigint {
  if (left === undefined || right === undefined) {
    throw malformed("a constant expression", offset);
  }
  const bits = name?.startsWith("i64") ? 64 : 32;
  switch (name?.slice(4)) {
    case "add":
      return BigInt.asIntN(bits, left + right);
    case "sub":
      return BigInt.asIntN(bits, left - right);
    case "mul":
      return BigInt.asIntN(bits, left * right);
    default:
      throw malformed("a constant expression", offset);
  }
}
