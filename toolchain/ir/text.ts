// The spelling of LLVM IR: types, quoted names, constants, byte strings. Nothing here knows about Wasm's meaning.

import type { FunctionType, ValueType } from "../wasm/module.ts";

/** LLVM's name of a Wasm type. Of the last ones nothing is ever made but the signature of a function that traps. */
export const llvmType: Readonly<Record<ValueType, string>> = {
  i32: "i32",
  i64: "i64",
  f32: "float",
  f64: "double",
  v128: "i128",
  funcref: "ptr",
  externref: "ptr",
};

/**
 * A parameter's or result's type. An i32 travels sign-extended, as the RISC-V calling convention has it for every
 * 32-bit integer; saying so saves the `sext.w` at each entry, and is what assembly finds in a register.
 */
export function abiType(type: ValueType, place: "parameter" | "result"): string {
  if (type !== "i32") {
    return llvmType[type];
  }
  return place === "parameter" ? "i32 signext" : "signext i32";
}

export function resultType(type: FunctionType): string {
  const [result] = type.results;
  return result === undefined ? "void" : abiType(result, "result");
}

/** Escapes what may not stand in a quoted LLVM string: quotes, backslashes, what is not printable ASCII. */
function escaped(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
    text += plain ? String.fromCharCode(byte) : `\\${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return text;
}

const utf8 = new TextEncoder();

/** `"…"`, for names in metadata. */
export function quoted(text: string): string {
  return `"${escaped(utf8.encode(text))}"`;
}

/** `@name`, quoted where it has to be. */
export function globalName(symbol: string): string {
  return /^[A-Za-z$._][A-Za-z$._0-9]*$/.test(symbol) ? `@${symbol}` : `@${quoted(symbol)}`;
}

/** An array of bytes: `[3 x i8] c"abc"`, or its zeros. */
export function byteArray(bytes: Uint8Array): string {
  const type = `[${bytes.length} x i8]`;
  return bytes.every((byte) => byte === 0) ? `${type} zeroinitializer` : `${type} c"${escaped(bytes)}"`;
}

/** Whether an operand's text is a literal, and which one. */
export function literal(text: string): bigint | undefined {
  return /^-?\d+$/.test(text) ? BigInt(text) : undefined;
}
