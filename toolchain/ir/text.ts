// The syntax of LLVM IR: types, quoted names, constants, byte strings. Nothing here depends on Wasm's meaning.

import type { FunctionType, ValueType } from "../wasm/module.ts";

/** LLVM's name of a Wasm type. The last ones are only used in the signature of a function that traps. */
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
 * A parameter's or result's type. An i32 is passed sign-extended, as the RISC-V calling convention requires for every
 * 32-bit integer. The attribute saves the `sext.w` at each entry, and assembly finds the value so in a register.
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

/** Escapes the characters that a quoted LLVM string may not have: quotes, backslashes, all but printable ASCII. */
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

/** `@name`, quoted if necessary. */
export function globalName(symbol: string): string {
  return /^[A-Za-z$._][A-Za-z$._0-9]*$/.test(symbol) ? `@${symbol}` : `@${quoted(symbol)}`;
}

/** An array of bytes: `[3 x i8] c"abc"`, or its zeros. */
export function byteArray(bytes: Uint8Array): string {
  const type = `[${bytes.length} x i8]`;
  return bytes.every((byte) => byte === 0) ? `${type} zeroinitializer` : `${type} c"${escaped(bytes)}"`;
}

/** The value of an operand's text if it is a literal, else undefined. */
export function literal(text: string): bigint | undefined {
  return /^-?\d+$/.test(text) ? BigInt(text) : undefined;
}
