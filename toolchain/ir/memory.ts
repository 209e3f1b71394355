// Loads, stores and the bulk instructions. An address becomes a pointer here, and nowhere else.

import type { Access, MemoryArgument } from "../wasm/module.ts";
import type { Builder, Value } from "./builder.ts";
import { literal } from "./text.ts";

/**
 * The pointer to `address + offset`: the address's twin plus the offset, as 64-bit integers. An offset of 2 GiB or more
 * is taken as negative, so that the sum stays congruent modulo 2^32 to what Wasm computes.
 */
export function pointer(builder: Builder, address: Value, argument: Pick<MemoryArgument, "offset">): string {
  const offset = BigInt.asIntN(32, BigInt(argument.offset));
  const base = address.wide(builder);
  const constant = literal(base);
  if (constant !== undefined) return `inttoptr (i64 ${constant + offset} to ptr)`;
  const sum = offset === 0n ? base : builder.assign(`add i64 ${base}, ${offset}`);
  return builder.assign(`inttoptr i64 ${sum} to ptr`);
}

/** Widens what a narrow load gave to the type on the stack. */
export function extended(builder: Builder, text: string, { type, bits, signed }: Access): string {
  if (type === `i${bits}`) return text;
  return builder.assign(`${signed ? "sext" : "zext"} i${bits} ${text} to ${type}`);
}

/** Cuts a value from the stack down to what is stored. */
export function narrowed(builder: Builder, value: Value, { type, bits }: Access): string {
  if (type === `i${bits}`) return value.text;
  const constant = literal(value.text);
  if (constant !== undefined) return String(BigInt.asIntN(bits, constant));
  return builder.assign(`trunc ${type} ${value.text} to i${bits}`);
}

export function load(builder: Builder, access: Access): void {
  const at = pointer(builder, builder.pop(), access);
  const loaded = builder.assign(`load i${access.bits}, ptr ${at}, align ${access.align}`);
  pushAccessed(builder, loaded, access);
}

export function store(builder: Builder, access: Access): void {
  const value = builder.pop();
  const at = pointer(builder, builder.pop(), access);
  builder.emit(`store i${access.bits} ${narrowed(builder, value, access)}, ptr ${at}, align ${access.align}`);
}

/** memory.copy: the ranges may overlap. */
export function copy(builder: Builder): void {
  const length = lengthOf(builder, builder.pop());
  const from = pointer(builder, builder.pop(), { offset: 0 });
  const to = pointer(builder, builder.pop(), { offset: 0 });
  builder.emit(`call void @llvm.memmove.p0.p0.i64(ptr ${to}, ptr ${from}, i64 ${length}, i1 false)`);
}

export function fill(builder: Builder): void {
  const length = lengthOf(builder, builder.pop());
  const value = builder.pop();
  const byte = narrowed(builder, value, { type: "i32", bits: 8, signed: false, align: 1, offset: 0 });
  const to = pointer(builder, builder.pop(), { offset: 0 });
  builder.emit(`call void @llvm.memset.p0.i64(ptr ${to}, i8 ${byte}, i64 ${length}, i1 false)`);
}

/**
 * memory.init: copies from a passive segment, which is a constant of its own. Traps past the segment's end, and past
 * nothing at all once `data.drop` has emptied it (`<segment>.size` then holds 0).
 */
export function init(builder: Builder, segment: string): void {
  const length = lengthOf(builder, builder.pop());
  const from = lengthOf(builder, builder.pop());
  const to = pointer(builder, builder.pop(), { offset: 0 });
  const size = builder.assign(`load i64, ptr ${segment}.size`);
  const end = builder.assign(`add i64 ${from}, ${length}`);
  builder.trapIf(builder.assign(`icmp ugt i64 ${end}, ${size}`));
  const source = builder.assign(`getelementptr i8, ptr ${segment}, i64 ${from}`);
  builder.emit(`call void @llvm.memcpy.p0.p0.i64(ptr ${to}, ptr ${source}, i64 ${length}, i1 false)`);
}

export function drop(builder: Builder, segment: string): void {
  builder.emit(`store i64 0, ptr ${segment}.size`);
}

/** A byte count as i64: Wasm's is unsigned. */
function lengthOf(builder: Builder, value: Value): string {
  const constant = literal(value.text);
  if (constant !== undefined) return String(BigInt.asUintN(32, constant));
  return builder.assign(`zext i32 ${value.text} to i64`);
}

/** Pushes what an access read, widened. */
export function pushAccessed(builder: Builder, text: string, access: Access): void {
  const value = extended(builder, text, access);
  builder.pushText(access.type === "i64" ? "i64" : "i32", value);
}
