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

/**
 * What LLVM copies or fills with a few instructions, if it knows that the addresses are multiples of eight. Wasm does not
 * say so. For a constant length between these, the code asks as it runs, and calls the routine only if they are not.
 */
const INLINE_BYTES_MIN = 16n;
const INLINE_BYTES_MAX = 64n;
const WORD_BYTES = 8;

/** memory.copy: the ranges may overlap. */
export function copy(builder: Builder, reach: Reach): void {
  const length = zeroExtended(builder, builder.pop());
  const from = reach.pointer(builder, builder.pop(), 0, length);
  const to = reach.pointer(builder, builder.pop(), 0, length);
  const move = (align: string): void => {
    const operands = `ptr ${align}${to}, ptr ${align}${from}, i64 ${length}`;
    builder.emit(`call void @llvm.memmove.p0.p0.i64(${operands}, i1 false)`);
  };
  if (isInline(length)) {
    const call = `call ptr @memmove(ptr ${to}, ptr ${from}, i64 ${length}) nobuiltin`;
    byAlignment(builder, [to, from], move, call);
  } else {
    move("");
  }
}

export function fill(builder: Builder, reach: Reach): void {
  const length = zeroExtended(builder, builder.pop());
  const value = builder.pop();
  const byte = narrowed(builder, value, { type: "i32", bits: 8, signed: false, align: 1, offset: 0 });
  const to = reach.pointer(builder, builder.pop(), 0, length);
  const set = (align: string): void =>
    builder.emit(`call void @llvm.memset.p0.i64(ptr ${align}${to}, i8 ${byte}, i64 ${length}, i1 false)`);
  if (isInline(length) && literal(byte) !== undefined) {
    const call = `call ptr @memset(ptr ${to}, i32 ${byte}, i64 ${length}) nobuiltin`;
    byAlignment(builder, [to], set, call);
  } else {
    set("");
  }
}

function isInline(length: string): boolean {
  const bytes = literal(length);
  return bytes !== undefined && bytes >= INLINE_BYTES_MIN && bytes <= INLINE_BYTES_MAX;
}

/**
 * Writes what is done if all pointers are aligned, and the call for the rest. That one must not be known to LLVM as what it is
 * (`nobuiltin`): it would see the same on both ways, and make one call of them.
 */
function byAlignment(
  builder: Builder,
  pointers: readonly string[],
  inline: (align: string) => void,
  call: string,
): void {
  const bits = pointers
    .map((pointer) => builder.assign(`ptrtoint ptr ${pointer} to i64`))
    .reduce((one, other) => builder.assign(`or i64 ${one}, ${other}`));
  const low = builder.assign(`and i64 ${bits}, ${WORD_BYTES - 1}`);
  const isAligned = builder.assign(`icmp eq i64 ${low}, 0`);
  const likely = builder.assign(`call i1 @llvm.expect.i1(i1 ${isAligned}, i1 true)`);
  const aligned = builder.newLabel("aligned");
  const any = builder.newLabel("any");
  const next = builder.newLabel("next");
  builder.branchIf(likely, aligned, any);
  builder.begin(aligned);
  inline(`align ${WORD_BYTES} `);
  builder.branch(next);
  builder.begin(any);
  builder.emit(call);
  builder.branch(next);
  builder.begin(next);
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
