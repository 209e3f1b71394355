// A Wasm file from its parts, byte by byte: for what asc never emits, and for files that are wrong on purpose.

/** Unsigned LEB128. */
export function u32(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

/** Signed LEB128. */
export function s64(value: bigint): number[] {
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

export const I32 = 0x7f;
export const I64 = 0x7e;
export const F32 = 0x7d;
export const F64 = 0x7c;
export const NONE = 0x40;

/** `i32.const value`. */
export function constant(value: number): number[] {
  return [0x41, ...s64(BigInt(value))];
}

export function name(text: string): number[] {
  const bytes = [...new TextEncoder().encode(text)];
  return [...u32(bytes.length), ...bytes];
}

function vector(items: readonly (readonly number[])[]): number[] {
  return [...u32(items.length), ...items.flat()];
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...u32(content.length), ...content];
}

export interface FunctionParts {
  readonly params?: readonly number[];
  readonly results?: readonly number[];
  /** Types of the declared locals, one each. */
  readonly locals?: readonly number[];
  /** The instructions without the last `end`. */
  readonly code: readonly number[];
  /** The export's name. */
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
  /** Pages; with a maximum the memory is shared. */
  readonly memory?: number;
  readonly start?: number;
  /** Whole sections that go to the end as they are. */
  readonly custom?: readonly (readonly [string, readonly number[]])[];
}

/** The bytes of a module. Functions are numbered: imports first, then `functions`. */
export function assemble(parts: ModuleParts): Uint8Array {
  const { imports = [], functions = [], types = [], data = [], custom = [] } = parts;
  const signature = (params: readonly number[], results: readonly number[]): number[] => [
    0x60,
    ...vector(params.map((type) => [type])),
    ...vector(results.map((type) => [type])),
  ];
  const allTypes = [
    ...types.map(([params, results]) => signature(params, results)),
    ...imports.map(([, , params, results]) => signature(params, results)),
    ...functions.map(({ params = [], results = [] }) => signature(params, results)),
  ];
  const firstImport = types.length;
  const firstFunction = firstImport + imports.length;
  const exported = functions.flatMap((fn, index) =>
    fn.name === undefined ? [] : [[...name(fn.name), 0, ...u32(imports.length + index)]],
  );
  const bodies = functions.map(({ locals = [], code }) => {
    const body = [...vector(locals.map((type) => [1, type])), ...code, 0x0b];
    return [...u32(body.length), ...body];
  });
  const segments = data.map(([address, bytes]) =>
    address === undefined
      ? [1, ...vector(bytes.map((byte) => [byte]))]
      : [0, ...constant(address), 0x0b, ...vector(bytes.map((byte) => [byte]))],
  );
  const importList = imports.map(([module, field], index) => [
    ...name(module),
    ...name(field),
    0,
    ...u32(firstImport + index),
  ]);
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, vector(allTypes)),
    ...(imports.length > 0 ? section(2, vector(importList)) : []),
    ...section(3, vector(functions.map((_, index) => u32(firstFunction + index)))),
    ...(parts.memory === undefined ? [] : section(5, [1, 0, ...u32(parts.memory)])),
    ...section(7, vector(exported)),
    ...(parts.start === undefined ? [] : section(8, u32(parts.start))),
    ...(data.length > 0 ? section(12, u32(data.length)) : []),
    ...section(10, vector(bodies)),
    ...(data.length > 0 ? section(11, vector(segments)) : []),
    ...custom.flatMap(([title, bytes]) => section(0, [...name(title), ...bytes])),
  ]);
}
