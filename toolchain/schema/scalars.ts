// Scalars on the guest's side: their types in AssemblyScript, and the expressions that load and store them.

import type { Field, Type } from "./layout.ts";

export const scalarType = {
  Bool: "bool",
  Int8: "i8",
  Int16: "i16",
  Int32: "i32",
  Int64: "i64",
  UInt8: "u8",
  UInt16: "u16",
  UInt32: "u32",
  UInt64: "u64",
} as const;

/** The type of a getter. */
export function guestType(type: Type): string {
  if (type.kind === "scalar") {
    return scalarType[type.scalar];
  }
  if (type.kind === "enum") {
    return type.name;
  }
  throw new Error(`${type.kind} is no scalar`);
}

/** The type that is loaded and stored. */
export function wireType(type: Type): string {
  if (type.kind === "enum") {
    return "u16";
  }
  return type.kind === "scalar" && type.scalar === "Bool" ? "u8" : guestType(type);
}

/** The stored value: the default is xor-ed into it, so that a struct of zeros has the defaults. */
export function loadField(field: Field, type: Type): string {
  if (type.kind === "scalar" && type.scalar === "Bool") {
    const bit = `(load<u8>(${place(field.offset >> 3)}) & ${1 << (field.offset & 7)})`;
    return `${bit} ${field.value === 0n ? "!==" : "==="} 0`;
  }
  const load = `load<${wireType(type)}>(${place(byteOffset(field))})`;
  const result = field.value === 0n ? load : `${load} ^ ${mask(field, type)}`;
  return type.kind === "enum" && field.value !== 0n ? `(${result})` : result;
}

export function storeField(field: Field, type: Type): string {
  if (type.kind === "scalar" && type.scalar === "Bool") {
    const at = place(field.offset >> 3);
    const bit = 1 << (field.offset & 7);
    const [set, clear] = [`load<u8>(${at}) | ${bit}`, `load<u8>(${at}) & ${0xff ^ bit}`];
    const [whenTrue, whenFalse] = field.value === 0n ? [set, clear] : [clear, set];
    const [address, offset] = at.split(", ");
    const last = offset === undefined ? "" : `, ${offset}`;
    return `store<u8>(${address}, <u8>(value ? ${whenTrue} : ${whenFalse})${last})`;
  }
  const value = stored(type, field.value === 0n ? "value" : `(value ^ ${mask(field, type)})`);
  const offset = byteOffset(field);
  const last = offset === 0 ? "" : `, ${offset}`;
  return `store<${wireType(type)}>(changetype<usize>(this), ${value}${last})`;
}

/** A value of the type, as it goes on the wire. */
export function stored(type: Type, value: string): string {
  const isPlain = type.kind === "scalar" && type.scalar !== "Bool" && value === "value";
  return isPlain ? value : `<${wireType(type)}>${value}`;
}

function mask(field: Field, type: Type): string {
  return type.kind === "scalar" ? literal(type.scalar, field.value) : String(field.value);
}

export function literal(scalar: keyof typeof scalarType, value: bigint): string {
  return scalar === "Bool" ? String(value !== 0n) : String(value);
}

function byteOffset(field: Field): number {
  return field.offset >> 3;
}

/** `this` and a constant offset, as the arguments of load. */
function place(offset: number): string {
  return offset === 0 ? "changetype<usize>(this)" : `changetype<usize>(this), ${offset}`;
}
