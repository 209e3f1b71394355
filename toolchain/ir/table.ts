// The function table of a guest. It is never written, so it is two constants: the functions, and the number of each
// one's type. Types with equal structure are equal, also with different indices in the module.

import { type FunctionType, typeKey } from "../wasm/module.ts";
import type { Builder } from "./builder.ts";
import { literal } from "./text.ts";

/** The type of an empty slot, which is no function type's number. */
const NO_TYPE = -1;

/** Numbers for function types, in the order in which they are met. */
export class TypeIds {
  private readonly ids = new Map<string, number>();

  of(type: FunctionType): number {
    const key = typeKey(type);
    const id = this.ids.get(key) ?? this.ids.size;
    this.ids.set(key, id);
    return id;
  }
}

/** Symbols of the two arrays, and how many slots they have. */
export interface ConstantTable {
  readonly entries: string;
  readonly types: string;
  readonly size: number;
}

/** A function in its slot. */
export interface TableEntry {
  readonly slot: number;
  readonly symbol: string;
  readonly typeId: number;
}

export function constantTableLines(table: ConstantTable, filled: readonly TableEntry[]): string[] {
  const slots = new Array<string>(table.size).fill("ptr null");
  const ids = new Array<string>(table.size).fill(`i32 ${NO_TYPE}`);
  for (const { slot, symbol, typeId } of filled) {
    slots[slot] = `ptr ${symbol}`;
    ids[slot] = `i32 ${typeId}`;
  }
  return [
    `${table.entries} = internal constant [${slots.length} x ptr] [${slots.join(", ")}]`,
    `${table.types} = internal constant [${ids.length} x i32] [${ids.join(", ")}]`,
  ];
}

/** Checks the bounds, then the type. No call asks for the type of an empty slot, so a null needs no third check. */
export function constantTableEntry(
  builder: Builder,
  table: ConstantTable,
  selector: string,
  typeId: number,
): string {
  const constant = literal(selector);
  const inside = constant !== undefined && constant >= 0n && constant < BigInt(table.size);
  if (!inside) {
    builder.trapIf(builder.assign(`icmp uge i32 ${selector}, ${table.size}`), "undefined element");
  }
  const slot = constant ?? builder.assign(`zext i32 ${selector} to i64`);
  const idAt = builder.assign(`getelementptr i32, ptr ${table.types}, i64 ${slot}`);
  const found = builder.assign(`load i32, ptr ${idAt}`);
  builder.trapIf(builder.assign(`icmp ne i32 ${found}, ${typeId}`), "indirect call type mismatch");
  const entryAt = builder.assign(`getelementptr ptr, ptr ${table.entries}, i64 ${slot}`);
  return builder.assign(`load ptr, ptr ${entryAt}`);
}
