// Features that code under test has and a guest does not: a table that changes, memory that grows, and a limit of
// recursion.
//
// A table's descriptor is { pointer to its entries, number of entries }, an entry { function, number of its type }; an
// entry's type is -1 while the slot is empty.

import type { Builder } from "../builder.ts";
import { fieldOf, MemoryField } from "./reach.ts";

const TABLE_SIZE_FIELD = 8;

/** Function and type, 8 bytes each. */
export const TABLE_ENTRY_BYTES = 16;

/** The type in an empty slot. */
export const EMPTY_SLOT = -1;

const WASM_PAGE_SHIFT = 16;

/** A deeper recursion counts as endless. The suite's deepest recursion that ends has some 200 calls. */
const CALL_DEPTH_MAX = 1000;

export function mutableTable(symbol: string, size: number): string[] {
  const entries = `${symbol}.entries`;
  const empty = new Array<string>(size).fill(`{ ptr, i64 } { ptr null, i64 ${EMPTY_SLOT} }`);
  return [
    `${entries} = internal global [${size} x { ptr, i64 }] [${empty.join(", ")}]`,
    `${symbol} = internal global { ptr, i64 } { ptr ${entries}, i64 ${size} }`,
  ];
}

/** Three checks, because the specification has three messages: bounds, emptiness, type. */
export function mutableTableEntry(builder: Builder, table: string, selector: string, typeId: number): string {
  const slot = builder.assign(`zext i32 ${selector} to i64`);
  const size = builder.assign(`load i64, ptr ${fieldOf(table, TABLE_SIZE_FIELD)}`);
  builder.trapIf(builder.assign(`icmp uge i64 ${slot}, ${size}`), "undefined element");
  const entries = builder.assign(`load ptr, ptr ${table}`);
  const entry = builder.assign(`getelementptr { ptr, i64 }, ptr ${entries}, i64 ${slot}`);
  const typeAt = builder.assign(`getelementptr i8, ptr ${entry}, i64 8`);
  const type = builder.assign(`load i64, ptr ${typeAt}`);
  builder.trapIf(builder.assign(`icmp eq i64 ${type}, ${EMPTY_SLOT}`), "uninitialized element");
  builder.trapIf(builder.assign(`icmp ne i64 ${type}, ${typeId}`), "indirect call type mismatch");
  return builder.assign(`load ptr, ptr ${entry}`);
}

/** memory.grow: the room is already there, and zero. Only the size changes. */
export function growMemory(builder: Builder, memory: string): void {
  const more = builder.assign(`zext i32 ${builder.pop().text} to i64`);
  const pages = builder.assign(`load i64, ptr ${fieldOf(memory, MemoryField.Pages)}`);
  const most = builder.assign(`load i64, ptr ${fieldOf(memory, MemoryField.PagesMax)}`);
  const wanted = builder.assign(`add i64 ${pages}, ${more}`);
  const fits = builder.assign(`icmp ule i64 ${wanted}, ${most}`);
  const now = builder.assign(`select i1 ${fits}, i64 ${wanted}, i64 ${pages}`);
  builder.emit(`store i64 ${now}, ptr ${fieldOf(memory, MemoryField.Pages)}`);
  const bytes = builder.assign(`shl i64 ${now}, ${WASM_PAGE_SHIFT}`);
  builder.emit(`store i64 ${bytes}, ptr ${fieldOf(memory, MemoryField.Bytes)}`);
  const before = builder.assign(`trunc i64 ${pages} to i32`);
  builder.pushNew("i32", `select i1 ${fits}, i32 ${before}, i32 -1`);
}

/** Counts the depth of calls. `wasm_depth` belongs to the harness, which resets it after a trap. */
export function guardCall(builder: Builder, call: () => void): void {
  const depth = builder.assign("load i64, ptr @wasm_depth");
  const full = builder.assign(`icmp uge i64 ${depth}, ${CALL_DEPTH_MAX}`);
  builder.trapIf(full, "call stack exhausted");
  builder.emit(`store i64 ${builder.assign(`add i64 ${depth}, 1`)}, ptr @wasm_depth`);
  call();
  builder.emit(`store i64 ${depth}, ptr @wasm_depth`);
}
