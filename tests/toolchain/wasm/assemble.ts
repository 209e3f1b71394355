// A Wasm file from its parts, byte by byte: for what asc never emits, and for files that are wrong on purpose. The numbers
// are those of the WebAssembly core specification, chapter "Binary Format".

const MAGIC_AND_VERSION = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

const Section = {
  Custom: 0,
  Type: 1,
  Import: 2,
  Function: 3,
  Memory: 5,
  Export: 7,
  Code: 10,
  Data: 11,
  DataCount: 12,
} as const;

const FUNCTION_TYPE = 0x60;
/** What an import or an export is: a function. */
const KIND_FUNCTION = 0;
/** Limits of a memory: only the size that it begins with. */
const NO_MAXIMUM = 0;
/** Data segments: copied by memory.init, or into memory 0 when the module is instantiated. */
const PASSIVE = 1;
const ACTIVE = 0;
const END = 0x0b;
const I32_CONST = 0x41;

// Value types.
export const I32 = 0x7f;
export const I64 = 0x7e;
export const F32 = 0x7d;
export const F64 = 0x7c;
/** As the type of a block: it takes and gives nothing. */
export const NO_RESULT = 0x40;

/** A number as unsigned LEB128, the variable-length encoding of Wasm. */
export function unsignedLeb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

/** A number as signed LEB128. */
function signedLeb(value: bigint): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; ) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    if (rest === (low & 0x40 ? -1n : 0n)) {
      return [...bytes, low];
    }
    bytes.push(low | 0x80);
  }
}

/** `i32.const value`. */
export function constant(value: number): number[] {
  return [I32_CONST, ...signedLeb(BigInt(value))];
}

/** A name: its length in bytes, and its text. */
export function name(text: string): number[] {
  const bytes = [...new TextEncoder().encode(text)];
  return [...unsignedLeb(bytes.length), ...bytes];
}

/** A list, as Wasm has them: how many items, and the items. */
function vector(items: readonly (readonly number[])[]): number[] {
  return [...unsignedLeb(items.length), ...items.flat()];
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsignedLeb(content.length), ...content];
}

export interface FunctionParts {
  readonly params?: readonly number[];
  readonly results?: readonly number[];
  /** Types of the declared locals, one each. */
  readonly locals?: readonly number[];
  /** The instructions without the last `end`. */
  readonly code: readonly number[];
  /** The name under which it is exported; without one, it is not. */
  readonly name?: string;
}

export interface ModuleParts {
  /** Imported functions: module, field, parameters, results. */
  readonly imports?: readonly (readonly [string, string, readonly number[], readonly number[]])[];
  readonly functions?: readonly FunctionParts[];
  /** Function types beyond those of the functions, for blocks and indirect calls; they come first. */
  readonly types?: readonly (readonly [readonly number[], readonly number[]])[];
  /** Data segments: an address, or undefined for a passive one. */
  readonly data?: readonly (readonly [number | undefined, readonly number[]])[];
  /** The memory's size, in pages of 64 KiB. */
  readonly memory?: number;
  /** Custom sections, a name and bytes each. They come last. */
  readonly custom?: readonly (readonly [string, readonly number[]])[];
}

/** The bytes of a module. Functions are numbered: imports first, then `functions`. */
export function assemble(parts: ModuleParts): Uint8Array {
  const { imports = [], functions = [], types = [], data = [], custom = [] } = parts;
  const signature = (params: readonly number[], results: readonly number[]): number[] => [
    FUNCTION_TYPE,
    ...vector(params.map((type) => [type])),
    ...vector(results.map((type) => [type])),
  ];
  const allTypes = [
    ...types.map(([params, results]) => signature(params, results)),
    ...imports.map(([, , params, results]) => signature(params, results)),
    ...functions.map(({ params = [], results = [] }) => signature(params, results)),
  ];
  // Types are numbered in this order.
  const firstImportType = types.length;
  const firstFunctionType = firstImportType + imports.length;
  const exported = functions.flatMap((fn, index) =>
    fn.name === undefined ? [] : [[...name(fn.name), KIND_FUNCTION, ...unsignedLeb(imports.length + index)]],
  );
  const bodies = functions.map(({ locals = [], code }) => {
    // Wasm declares locals in groups of one type; each local is a group of one here.
    const body = [...vector(locals.map((type) => [1, type])), ...code, END];
    return [...unsignedLeb(body.length), ...body];
  });
  const segments = data.map(([address, bytes]) =>
    address === undefined
      ? [PASSIVE, ...vector(bytes.map((byte) => [byte]))]
      : [ACTIVE, ...constant(address), END, ...vector(bytes.map((byte) => [byte]))],
  );
  const importList = imports.map(([module, field], index) => [
    ...name(module),
    ...name(field),
    KIND_FUNCTION,
    ...unsignedLeb(firstImportType + index),
  ]);
  // In the order that the specification demands: the count of data segments comes before the code that uses them.
  return new Uint8Array([
    ...MAGIC_AND_VERSION,
    ...section(Section.Type, vector(allTypes)),
    ...(imports.length > 0 ? section(Section.Import, vector(importList)) : []),
    ...section(Section.Function, vector(functions.map((_, index) => unsignedLeb(firstFunctionType + index)))),
    ...(parts.memory === undefined
      ? []
      : section(Section.Memory, vector([[NO_MAXIMUM, ...unsignedLeb(parts.memory)]]))),
    ...section(Section.Export, vector(exported)),
    ...(data.length > 0 ? section(Section.DataCount, unsignedLeb(data.length)) : []),
    ...section(Section.Code, vector(bodies)),
    ...(data.length > 0 ? section(Section.Data, vector(segments)) : []),
    ...custom.flatMap(([title, bytes]) => section(Section.Custom, [...name(title), ...bytes])),
  ]);
}
