// Turns addresses into pointers, in one of two ways. No other code does that.
//
//     direct    for every guest: the address's twin is the pointer, and the page tables are the bounds
//     checked   for tests: memory lies at any base, every access is compared with the memory's size, as Wasm has it
//
// A checked memory has a descriptor: { base, size in bytes, size in pages, most pages }, each an i64.

import type { MemoryArgument } from "../../wasm/module.ts";
import type { Builder, Value } from "../builder.ts";
import { literal } from "../text.ts";

export interface Reach {
  /** The pointer to `bytes` (an i64's text) bytes at `address + offset`. */
  pointer(builder: Builder, address: Value, offset: number, bytes: string): string;
  /** The alignment that an access which is not atomic may promise. */
  alignment(argument: MemoryArgument): number;
}

/**
 * The pointer to `address + offset`: the address's twin plus the offset, as 64-bit integers. An offset of 2 GiB or more
 * is taken as negative, so that the sum stays congruent modulo 2^32 to what Wasm computes.
 */
export function pointer(builder: Builder, address: Value, unsigned: number): string {
  const offset = BigInt.asIntN(32, BigInt(unsigned));
  const base = address.wide(builder);
  const constant = literal(base);
  if (constant !== undefined) {
    return `inttoptr (i64 ${constant + offset} to ptr)`;
  }
  const sum = offset === 0n ? base : builder.assign(`add i64 ${base}, ${offset}`);
  return builder.assign(`inttoptr i64 ${sum} to ptr`);
}

export const direct: Reach = { pointer, alignment: ({ align }) => align };

/** Fields of a memory's descriptor, in bytes from its start. */
export const MemoryField = { Base: 0, Bytes: 8, Pages: 16, PagesMax: 24 } as const;

/** The pointer to a field of a descriptor. */
export function fieldOf(descriptor: string, field: number): string {
  return `getelementptr (i8, ptr ${descriptor}, i64 ${field})`;
}

/** Checks the bounds of Wasm. In Wasm an alignment is a hint, and a wrong one costs only time, so none is promised. */
export function checked(descriptor: string): Reach {
  return {
    pointer: (builder, address, offset, bytes) => {
      const wide = zeroExtended(builder, address);
      const at = builder.assign(`add i64 ${wide}, ${offset}`);
      const end = builder.assign(`add i64 ${at}, ${bytes}`);
      const size = builder.assign(`load i64, ptr ${fieldOf(descriptor, MemoryField.Bytes)}`);
      builder.trapIf(builder.assign(`icmp ugt i64 ${end}, ${size}`), "out of bounds memory access");
      const base = builder.assign(`load i64, ptr ${fieldOf(descriptor, MemoryField.Base)}`);
      return builder.assign(`inttoptr i64 ${builder.assign(`add i64 ${base}, ${at}`)} to ptr`);
    },
    alignment: () => 1,
  };
}

/** A byte count or an address as i64: Wasm's are unsigned. */
export function zeroExtended(builder: Builder, value: Value): string {
  const constant = literal(value.text);
  if (constant !== undefined) {
    return String(BigInt.asUintN(32, constant));
  }
  return builder.assign(`zext i32 ${value.text} to i64`);
}
