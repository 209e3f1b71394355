// The module that the specification's tests may import from without defining it: functions that print (here they do
// nothing), four constants of 666, a table and a memory.

import type { Exported } from "../../../toolchain/ir/instance.ts";
import { mutableTable } from "../../../toolchain/ir/instructions/checked.ts";
import type { FunctionType, ValueType } from "../../../toolchain/wasm/module.ts";
import type { Pool } from "./rv64/board.ts";

const PAGE_BYTES = 0x10000;
const TABLE_SLOTS = 10;
const MEMORY_PAGES = 1;
const MEMORY_PAGES_MAX = 2;
const CONSTANT = 666;

const prints: readonly (readonly [string, readonly ValueType[]])[] = [
  ["print", []],
  ["print_i32", ["i32"]],
  ["print_i64", ["i64"]],
  ["print_f32", ["f32"]],
  ["print_f64", ["f64"]],
  ["print_i32_f32", ["i32", "f32"]],
  ["print_f64_f64", ["f64", "f64"]],
];

export interface HostModule {
  readonly lines: readonly string[];
  readonly exports: ReadonlyMap<string, Exported>;
}

/** Writes the module. Its memory comes from `pool`. */
export function spectest(pool: Pool): HostModule {
  const exports = new Map<string, Exported>();
  const lines: string[] = [];
  for (const [name, params] of prints) {
    const type: FunctionType = { params, results: [] };
    const symbol = `@spectest.${name}`;
    exports.set(name, { kind: "function", symbol, type });
    // A caller that passes a float has already trapped, so the parameters' types do not matter.
    lines.push(`define internal void ${symbol}(${params.map(irType).join(", ")}) #0 {`, "  ret void", "}");
  }
  for (const type of ["i32", "i64", "f32", "f64"] as const) {
    const symbol = `@spectest.global_${type}`;
    const value = type === "i32" || type === "i64" ? BigInt(CONSTANT) : undefined;
    exports.set(`global_${type}`, { kind: "global", symbol, type, mutable: false, value });
    lines.push(`${symbol} = internal constant ${type.replace("f", "i")} ${CONSTANT}`);
  }
  const base = pool.take(MEMORY_PAGES_MAX * PAGE_BYTES, PAGE_BYTES) ?? 0n;
  const fields = [base, MEMORY_PAGES * PAGE_BYTES, MEMORY_PAGES, MEMORY_PAGES_MAX];
  lines.push(`@spectest.memory = internal global [4 x i64] [${fields.map((f) => `i64 ${f}`).join(", ")}]`);
  lines.push(...mutableTable("@spectest.table", TABLE_SLOTS));
  exports.set("memory", { kind: "memory", symbol: "@spectest.memory" });
  exports.set("table", { kind: "table", symbol: "@spectest.table" });
  return { lines, exports };
}

function irType(type: ValueType): string {
  if (type === "f32") {
    return "float";
  }
  return type === "f64" ? "double" : type;
}
