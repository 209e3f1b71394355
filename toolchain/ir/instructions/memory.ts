// Translates loads, stores and the bulk instructions. reach.ts turns an address into a pointer.

import type { Access } from "../../wasm/module.ts";
import type { Builder, Value } from "../builder.ts";
import { literal } from "../text.ts";
import { type Reach, zeroExtended } from "./reach.ts";

/** The pointer of an access, whose address is taken from the stack. */
export function pointerTo(builder: Builder, reach: Reach, { offset, bits }: Access): string {
  return reach.pointer(builder, builder.pop(), offset, String(bits / 8));
}

/** Widens a narrow load's value to the type on the stack. */
export function extended(builder: Builder, text: string, { type, bits, signed }: Access): string {
  if (type === `i${bits}`) {
    return text;
  }
  return builder.assign(`${signed ? "sext" : "zext"} i${bits} ${text} to ${type}`);
}

/** Cuts a value from the stack down to the width that is stored. */
export function narrowed(builder: Builder, value: Value, { type, bits }: Access): string {
  if (type === `i${bits}`) {
    return value.text;
  }
  const constant = literal(value.text);
  if (constant !== undefined) {
    return String(BigInt.asIntN(bits, constant));
  }
  return builder.assign(`trunc ${type} ${value.text} to i${bits}`);
}

export function load(builder: Builder, reach: Reach, access: Access): void {
  const at = pointerTo(builder, reach, access);
  const loaded = builder.assign(`load i${access.bits}, ptr ${at}, align ${reach.alignment(access)}`);
  pushAccessed(builder, loaded, access);
}

export function store(builder: Builder, reach: Reach, access: Access): void {
  const value = builder.pop();
  const at = pointerTo(builder, reach, access);
  builder.emit(
    `store i${access.bits} ${narrowed(builder, value, access)}, ptr ${at}, align ${reach.alignment(access)}`,
  );
}

/** memory.copy: the ranges may overlap. */
export function copy(builder: Builder, reach: Reach): void {
  const length = zeroExtended(builder, builder.pop());
  const from = reach.pointer(builder, builder.pop(), 0, length);
  const to = reach.pointer(builder, builder.pop(), 0, length);
  builder.emit(`call void @llvm.memmove.p0.p0.i64(ptr ${to}, ptr ${from}, i64 ${length}, i1 false)`);
}

export function fill(builder: Builder, reach: Reach): void {
  const length = zeroExtended(builder, builder.pop());
  const value = builder.pop();
  const byte = narrowed(builder, value, { type: "i32", bits: 8, signed: false, align: 1, offset: 0 });
  const to = reach.pointer(builder, builder.pop(), 0, length);
  builder.emit(`call void @llvm.memset.p0.i64(ptr ${to}, i8 ${byte}, i64 ${length}, i1 false)`);
}

/**
 * memory.init: copies from a passive segment, which is a separate constant. Traps beyond the segment's end, and for any
 * byte once `data.drop` has emptied it (`<segment>.size` then holds 0).
 */
export function init(builder: Builder, reach: Reach, segment: string): void {
  const length = zeroExtended(builder, builder.pop());
  const from = zeroExtended(builder, builder.pop());
  const to = reach.pointer(builder, builder.pop(), 0, length);
  const size = builder.assign(`load i64, ptr ${segment}.size`);
  const end = builder.assign(`add i64 ${from}, ${length}`);
  builder.trapIf(builder.assign(`icmp ugt i64 ${end}, ${size}`), "out of bounds memory access");
  const source = builder.assign(`getelementptr i8, ptr ${segment}, i64 ${from}`);
  builder.emit(`call void @llvm.memcpy.p0.p0.i64(ptr ${to}, ptr ${source}, i64 ${length}, i1 false)`);
}

export function drop(builder: Builder, segment: string): void {
  builder.emit(`store i64 0, ptr ${segment}.size`);
}

/** Pushes the value that an access read, widened. */
export function pushAccessed(builder: Builder, text: string, access: Access): void {
  const value = extended(builder, text, access);
  builder.pushText(access.type === "i64" ? "i64" : "i32", value);
}
