// Wasm's opcodes as tables: one byte (or a prefix and a number) gives a name, and the immediates in the file.
//
// The tables are lists of names in opcode order, as in the specification's appendix. A regular family
// (all `i32` operators, all widths of an atomic) is written once and multiplied. Floating-point instructions are
// here as well, because the reader must step over them to give their places.

import type { Access, IntegerType, RmwOperator, ValueType } from "./module.ts";

const comparisons = "eqz eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u".split(" ");
const floatComparisons = "eq ne lt gt le ge".split(" ");
const integerOperators =
  "clz ctz popcnt add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr".split(" ");
const floatOperators = "abs neg ceil floor trunc nearest sqrt add sub mul div min max copysign".split(" ");

const conversions = (
  "i32.wrap_i64 i32.trunc_f32_s i32.trunc_f32_u i32.trunc_f64_s i32.trunc_f64_u " +
  "i64.extend_i32_s i64.extend_i32_u i64.trunc_f32_s i64.trunc_f32_u i64.trunc_f64_s i64.trunc_f64_u " +
  "f32.convert_i32_s f32.convert_i32_u f32.convert_i64_s f32.convert_i64_u f32.demote_f64 " +
  "f64.convert_i32_s f64.convert_i32_u f64.convert_i64_s f64.convert_i64_u f64.promote_f32 " +
  "i32.reinterpret_f32 i64.reinterpret_f64 f32.reinterpret_i32 f64.reinterpret_i64 " +
  "i32.extend8_s i32.extend16_s i64.extend8_s i64.extend16_s i64.extend32_s"
).split(" ");

function prefixed(type: string, names: readonly string[]): string[] {
  return names.map((name) => `${type}.${name}`);
}

/** Opcode of `numericNames[0]`: the numeric instructions are one run without gaps, and have no immediates. */
export const FIRST_NUMERIC = 0x45;

export const numericNames: readonly string[] = [
  ...prefixed("i32", comparisons),
  ...prefixed("i64", comparisons),
  ...prefixed("f32", floatComparisons),
  ...prefixed("f64", floatComparisons),
  ...prefixed("i32", integerOperators),
  ...prefixed("i64", integerOperators),
  ...prefixed("f32", floatOperators),
  ...prefixed("f64", floatOperators),
  ...conversions,
];

/** Whether an instruction's name mentions a float type: `f64.add`, `i32.trunc_f32_s`. */
export function isFloatName(name: string): boolean {
  return /f(32|64)/.test(name);
}

/** An access without its memory argument. */
export type AccessShape = Pick<Access, "type" | "bits" | "signed">;

function shape(type: ValueType, bits: Access["bits"], signed = false): AccessShape {
  return { type, bits, signed };
}

/** Opcode of `loads[0]`; the stores follow the loads. */
export const FIRST_LOAD = 0x28;

export const loads: readonly AccessShape[] = [
  shape("i32", 32),
  shape("i64", 64),
  shape("f32", 32),
  shape("f64", 64),
  shape("i32", 8, true),
  shape("i32", 8),
  shape("i32", 16, true),
  shape("i32", 16),
  shape("i64", 8, true),
  shape("i64", 8),
  shape("i64", 16, true),
  shape("i64", 16),
  shape("i64", 32, true),
  shape("i64", 32),
];

export const FIRST_STORE = FIRST_LOAD + loads.length;

export const stores: readonly AccessShape[] = [
  shape("i32", 32),
  shape("i64", 64),
  shape("f32", 32),
  shape("f64", 64),
  shape("i32", 8),
  shape("i32", 16),
  shape("i64", 8),
  shape("i64", 16),
  shape("i64", 32),
];

/** The seven widths of each atomic, in opcode order. Narrow ones extend by zero. */
export const atomicShapes: readonly AccessShape[] = [
  shape("i32", 32),
  shape("i64", 64),
  shape("i32", 8),
  shape("i32", 16),
  shape("i64", 8),
  shape("i64", 16),
  shape("i64", 32),
];

/** Sub-opcodes behind the prefix 0xfe; each names the first of a run of seven widths. */
export const Atomic = {
  Notify: 0x00,
  Wait32: 0x01,
  Wait64: 0x02,
  Fence: 0x03,
  Load: 0x10,
  Store: 0x17,
  Rmw: 0x1e,
  Cmpxchg: 0x48,
  End: 0x4f,
} as const;

export const rmwOperators: readonly RmwOperator[] = ["add", "sub", "and", "or", "xor", "xchg"];

/** Instructions of references and tables, which have no translation, each with the numbers that follow it. */
export const referenceOperators: ReadonlyMap<number, readonly [name: string, immediates: number]> = new Map([
  [0x25, ["table.get", 1]],
  [0x26, ["table.set", 1]],
  [0xd0, ["ref.null", 1]],
  [0xd1, ["ref.is_null", 0]],
  [0xd2, ["ref.func", 1]],
]);

/** The same behind the prefix 0xfc. */
export const tableOperators: ReadonlyMap<number, readonly [name: string, immediates: number]> = new Map([
  [12, ["table.init", 2]],
  [13, ["elem.drop", 1]],
  [14, ["table.copy", 2]],
  [15, ["table.grow", 1]],
  [16, ["table.size", 1]],
  [17, ["table.fill", 1]],
]);

/** Sub-opcodes behind the prefix 0xfd, by the first and the last that have the same immediates. */
export const Vector = {
  Store: 11,
  Const: 12,
  Shuffle: 13,
  ExtractLane: 21,
  ReplaceLaneLast: 34,
  LoadLane: 84,
  StoreLane: 88,
  StoreLaneLast: 91,
  LoadZeroLast: 93,
  Last: 255,
} as const;

export const VECTOR_BYTES = 16;

/** Sub-opcodes behind the prefix 0xfc. Below `MemoryInit` are the saturating float conversions. */
export const Bulk = { MemoryInit: 8, DataDrop: 9, MemoryCopy: 10, MemoryFill: 11 } as const;

/** The opcodes that the reader handles one by one. */
export const Opcode = {
  Unreachable: 0x00,
  Nop: 0x01,
  Block: 0x02,
  Loop: 0x03,
  If: 0x04,
  Else: 0x05,
  End: 0x0b,
  Br: 0x0c,
  BrIf: 0x0d,
  BrTable: 0x0e,
  Return: 0x0f,
  Call: 0x10,
  CallIndirect: 0x11,
  Drop: 0x1a,
  Select: 0x1b,
  SelectTyped: 0x1c,
  LocalGet: 0x20,
  LocalSet: 0x21,
  LocalTee: 0x22,
  GlobalGet: 0x23,
  GlobalSet: 0x24,
  MemorySize: 0x3f,
  MemoryGrow: 0x40,
  I32Const: 0x41,
  I64Const: 0x42,
  F32Const: 0x43,
  F64Const: 0x44,
  RefNull: 0xd0,
  RefFunc: 0xd2,
  PrefixBulk: 0xfc,
  PrefixVector: 0xfd,
  PrefixAtomic: 0xfe,
} as const;

const valueTypes: ReadonlyMap<number, ValueType> = new Map([
  [0x7f, "i32"],
  [0x7e, "i64"],
  [0x7d, "f32"],
  [0x7c, "f64"],
]);

const foreignTypes: ReadonlyMap<number, ValueType> = new Map([
  [0x7b, "v128"],
  [0x70, "funcref"],
  [0x6f, "externref"],
]);

/** The number type of a byte; undefined for references and vectors. */
export function valueTypeOf(byte: number): ValueType | undefined {
  return valueTypes.get(byte);
}

/** The type of a byte: number, vector or reference. */
export function anyTypeOf(byte: number): ValueType | undefined {
  return valueTypes.get(byte) ?? foreignTypes.get(byte);
}

/** The integer type that an instruction's name begins with, as in `i64.add`. */
export function integerTypeOf(name: string): IntegerType {
  return name.startsWith("i64") ? "i64" : "i32";
}
