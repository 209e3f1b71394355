// A decoded Wasm module, in the translator's form: imports and definitions share one index space for functions, and
// each instruction is one value with its immediates by name and its byte offset in the file.
// asc's source map uses the offset as its key, so everything that a finding may be about keeps it.

/**
 * The types of values. Floats are decoded too, so that they can be refused with their place. References and vectors
 * are decoded if a module may have them (reader.ts), so that only the code that uses them is left out.
 */
export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128" | "funcref" | "externref";
export type IntegerType = "i32" | "i64";

/** Whether a type is neither integer nor float. */
export function isForeign(type: ValueType): boolean {
  return type === "v128" || type === "funcref" || type === "externref";
}

export interface FunctionType {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** The immediates of a `load`, a `store` or an atomic access: `align` in bytes, `offset` added to the address. */
export interface MemoryArgument {
  readonly align: number;
  readonly offset: number;
}

/** A memory access: `bits` are moved; a load of fewer bits than its type has extends by sign or by zero. */
export interface Access extends MemoryArgument {
  readonly type: ValueType;
  readonly bits: 8 | 16 | 32 | 64;
  readonly signed: boolean;
}

export type RmwOperator = "add" | "sub" | "and" | "or" | "xor" | "xchg";

/** One instruction without its place. Instructions of one family share a kind, and `op` distinguishes them. */
export type Operation =
  | { readonly kind: "block" | "loop" | "if"; readonly type: FunctionType }
  | { readonly kind: "else" | "end" | "unreachable" | "nop" | "return" | "drop" | "select" }
  | { readonly kind: "br" | "br_if"; readonly depth: number }
  | { readonly kind: "br_table"; readonly depths: readonly number[]; readonly otherwise: number }
  | { readonly kind: "call"; readonly index: number }
  | { readonly kind: "call_indirect"; readonly type: number }
  | {
      readonly kind: "local.get" | "local.set" | "local.tee" | "global.get" | "global.set";
      readonly index: number;
    }
  | { readonly kind: "const"; readonly type: IntegerType; readonly value: bigint }
  | { readonly kind: "numeric"; readonly op: string }
  | { readonly kind: "load" | "store" | "atomic.load" | "atomic.store"; readonly access: Access }
  | { readonly kind: "atomic.rmw"; readonly op: RmwOperator; readonly access: Access }
  | { readonly kind: "atomic.cmpxchg"; readonly access: Access }
  | { readonly kind: "atomic.fence" | "memory.size" | "memory.grow" | "memory.copy" | "memory.fill" }
  | { readonly kind: "memory.init" | "data.drop"; readonly segment: number }
  /** Decoded, but refused at its place: `reason` is the end of a sentence. Those with `float` may become traps. */
  | { readonly kind: "refused"; readonly op: string; readonly float: boolean };

export type Instruction = Operation & {
  /** Byte offset of the opcode in the file. */
  readonly offset: number;
};

/** The name of an import of any kind. */
export interface ImportName {
  readonly module: string;
  readonly field: string;
}

/** A function: imported (`source` set) or defined (`body` set). */
export interface WasmFunction {
  readonly index: number;
  readonly type: FunctionType;
  /** asc's name, as in `source/kernel/main/kmain`, or `function[7]` if the name section has none. */
  readonly name: string;
  readonly source?: ImportName | undefined;
  readonly body?: FunctionBody | undefined;
}

export interface FunctionBody {
  /** The file offsets of the body's first byte (its local declarations), and of the byte after its last. */
  readonly start: number;
  readonly end: number;
  /** Parameters first, then the declared locals. */
  readonly locals: readonly Local[];
  readonly instructions: readonly Instruction[];
}

export interface Local {
  readonly type: ValueType;
  /** asc's name; undefined for a local that the compiler made. */
  readonly name?: string | undefined;
}

export interface Global {
  readonly type: ValueType;
  readonly mutable: boolean;
  readonly name: string;
  /** The initial value; undefined for a float, and for an import without a value. */
  readonly value?: bigint | undefined;
  readonly source?: ImportName | undefined;
}

export type ExportKind = "function" | "table" | "memory" | "global";

export interface Export {
  readonly name: string;
  readonly kind: ExportKind;
  readonly index: number;
}

export interface Memory {
  /** In pages of 64 KiB. */
  readonly initial: number;
  readonly maximum?: number | undefined;
  readonly shared: boolean;
  readonly source?: ImportName | undefined;
}

/** A table of functions. */
export interface Table {
  /** In slots. */
  readonly initial: number;
  readonly maximum?: number | undefined;
  readonly source?: ImportName | undefined;
}

/** Function indices to place in the table from `offset` on; undefined empties a slot, in tests only. */
export interface ElementSegment {
  readonly offset: number;
  readonly functions: readonly (number | undefined)[];
}

/** Static bytes. An active segment has an address (unsigned); a passive one waits for `memory.init`. */
export interface DataSegment {
  readonly address?: number | undefined;
  readonly bytes: Uint8Array;
}

export interface CustomSection {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface WasmModule {
  readonly types: readonly FunctionType[];
  readonly functions: readonly WasmFunction[];
  /** Function tables. Only the first may be used. An instruction that asks for another one is refused. */
  readonly tables: readonly Table[];
  readonly memory?: Memory | undefined;
  readonly globals: readonly Global[];
  readonly exports: readonly Export[];
  readonly start?: number | undefined;
  readonly elements: readonly ElementSegment[];
  readonly data: readonly DataSegment[];
  readonly customs: readonly CustomSection[];
  /** The parts of instantiation that are left out above, in tests only. */
  readonly unsaid: readonly string[];
}

/** Whether two function types are the same for `call_indirect`. */
export function sameType(left: FunctionType, right: FunctionType): boolean {
  return typeKey(left) === typeKey(right);
}

/** A text that is equal exactly for equal function types, as in `i32,i64->i32`. */
export function typeKey(type: FunctionType): string {
  return `${type.params.join(",")}->${type.results.join(",")}`;
}
