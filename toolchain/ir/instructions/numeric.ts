// Translates Wasm's integer instructions to LLVM's. Three differ in their edge cases, and need code for them: division
// traps as in Wasm (LLVM: undefined), shift counts wrap (LLVM: poison), and the remainder by -1 is 0.

import type { IntegerType } from "../../wasm/module.ts";
import { type Builder, Value } from "../builder.ts";
import { literal } from "../text.ts";

const predicates: ReadonlyMap<string, string> = new Map([
  ["eq", "eq"],
  ["ne", "ne"],
  ["lt_s", "slt"],
  ["lt_u", "ult"],
  ["gt_s", "sgt"],
  ["gt_u", "ugt"],
  ["le_s", "sle"],
  ["le_u", "ule"],
  ["ge_s", "sge"],
  ["ge_u", "uge"],
]);

const plain: ReadonlySet<string> = new Set(["add", "sub", "mul", "and", "or", "xor"]);

const shifts: ReadonlyMap<string, string> = new Map([
  ["shl", "shl"],
  ["shr_s", "ashr"],
  ["shr_u", "lshr"],
]);

const divisions: ReadonlyMap<string, string> = new Map([
  ["div_s", "sdiv"],
  ["div_u", "udiv"],
  ["rem_s", "srem"],
  ["rem_u", "urem"],
]);

/** LLVM's intrinsic, and its operands after the Wasm ones. */
const counts: ReadonlyMap<string, string> = new Map([
  ["clz", "ctlz"],
  ["ctz", "cttz"],
  ["popcnt", "ctpop"],
]);

/**
 * The largest constant shift that a twin follows. It covers an index times the size of an element, up to 16 bytes. Page
 * numbers are shifted by 12, and there the twin must not follow: 0x80200 << 12 is the kernel's address 0x80200000 as an
 * i32, sign-extended 0xffffffff80200000, while the 64-bit shift gives 0x0000000080200000, which is never mapped.
 */
const TWIN_SHIFT_MAX = 4n;

/** Adding 2^31 and subtracting it give the same i32, but different twins, so a fresh sign extension decides. */
const AMBIGUOUS = -(2n ** 31n);

/** Translates one numeric instruction, as in `i32.add`. */
export function numeric(builder: Builder, name: string): void {
  const type: IntegerType = name.startsWith("i64") ? "i64" : "i32";
  const op = name.slice(4);
  const predicate = predicates.get(op);
  const shift = shifts.get(op);
  const division = divisions.get(op);
  const count = counts.get(op);
  if (predicate !== undefined) {
    compare(builder, type, predicate);
  } else if (op === "eqz") {
    isZero(builder, type);
  } else if (plain.has(op)) {
    arithmetic(builder, type, op);
  } else if (shift !== undefined) {
    shiftBy(builder, type, shift);
  } else if (division !== undefined) {
    divide(builder, type, division);
  } else if (count !== undefined) {
    const zeroIsDefined = count === "ctpop" ? "" : ", i1 false";
    const operand = builder.pop().text;
    builder.pushNew(type, `call ${type} @llvm.${count}.${type}(${type} ${operand}${zeroIsDefined})`);
  } else if (op === "rotl" || op === "rotr") {
    const [value, by] = builder.popMany(2).map((operand) => operand.text);
    const funnel = op === "rotl" ? "fshl" : "fshr";
    builder.pushNew(
      type,
      `call ${type} @llvm.${funnel}.${type}(${type} ${value}, ${type} ${value}, ${type} ${by})`,
    );
  } else {
    convert(builder, name);
  }
}

function compare(builder: Builder, type: IntegerType, predicate: string): void {
  const right = builder.pop();
  const left = builder.pop();
  pushBit(builder, `icmp ${predicate} ${type} ${left.text}, ${right.text}`);
}

function isZero(builder: Builder, type: IntegerType): void {
  const operand = builder.pop();
  if (operand.fork !== undefined) {
    builder.pushFork({ yes: operand.fork.no, no: operand.fork.yes });
  } else if (operand.bit !== undefined) {
    pushBit(builder, `xor i1 ${operand.bit}, true`);
  } else {
    pushBit(builder, `icmp eq ${type} ${operand.text}, 0`);
  }
}

function pushBit(builder: Builder, expression: string): void {
  const bit = builder.assign(expression);
  builder.push(new Value("i32", () => builder.assign(`zext i1 ${bit} to i32`), { bit }));
}

function arithmetic(builder: Builder, type: IntegerType, op: string): void {
  const right = builder.pop();
  const left = builder.pop();
  const text = builder.assign(`${op} ${type} ${left.text}, ${right.text}`);
  const follows = type === "i32" && twinFollows(op, literal(left.text), literal(right.text));
  const wide = () => builder.assign(`${op} i64 ${left.wide(builder)}, ${right.wide(builder)}`);
  builder.push(new Value(type, text, { wide: follows ? wide : undefined }));
}

/**
 * Whether a sum's twin is the sum of the twins. A difference of two variables gets a fresh twin: counters that wrap
 * may differ by little while their sign extensions differ by 2^32, and `subw` extends its result at no cost anyway.
 */
function twinFollows(op: string, left: bigint | undefined, right: bigint | undefined): boolean {
  if (left === AMBIGUOUS || right === AMBIGUOUS) {
    return false;
  }
  return op === "add" || (op === "sub" && right !== undefined);
}

function shiftBy(builder: Builder, type: IntegerType, op: string): void {
  const by = builder.pop();
  const left = builder.pop();
  const mask = type === "i64" ? 63n : 31n;
  const constant = literal(by.text);
  const amount = constant === undefined ? builder.assign(`and ${type} ${by.text}, ${mask}`) : constant & mask;
  const text = builder.assign(`${op} ${type} ${left.text}, ${amount}`);
  const follows = type === "i32" && op === "shl" && typeof amount === "bigint" && amount <= TWIN_SHIFT_MAX;
  const wide = () => builder.assign(`shl i64 ${left.wide(builder)}, ${amount}`);
  builder.push(new Value(type, text, { wide: follows ? wide : undefined }));
}

function divide(builder: Builder, type: IntegerType, op: string): void {
  const right = builder.pop();
  const left = builder.pop();
  const divisor = literal(right.text);
  if (divisor === undefined || divisor === 0n) {
    builder.trapIf(builder.assign(`icmp eq ${type} ${right.text}, 0`), "integer divide by zero");
  }
  let by = right.text;
  if (op.startsWith("s") && (divisor === undefined || divisor === -1n)) {
    const minusOne = builder.assign(`icmp eq ${type} ${right.text}, -1`);
    if (op === "srem") {
      // The remainder by -1 is 0 for every dividend, also for the one whose quotient does not fit.
      by = builder.assign(`select i1 ${minusOne}, ${type} 1, ${type} ${right.text}`);
    } else {
      const smallest = -(2n ** (type === "i64" ? 63n : 31n));
      const atSmallest = builder.assign(`icmp eq ${type} ${left.text}, ${smallest}`);
      builder.trapIf(builder.assign(`and i1 ${atSmallest}, ${minusOne}`), "integer overflow");
    }
  }
  builder.pushNew(type, `${op} ${type} ${left.text}, ${by}`);
}

function convert(builder: Builder, name: string): void {
  const operand = builder.pop();
  const narrow = /^(i32|i64)\.extend(8|16|32)_s$/.exec(name);
  if (narrow !== null) {
    const type: IntegerType = name.startsWith("i64") ? "i64" : "i32";
    const part = builder.assign(`trunc ${type} ${operand.text} to i${narrow[2]}`);
    builder.pushNew(type, `sext i${narrow[2]} ${part} to ${type}`);
    return;
  }
  switch (name) {
    case "i32.wrap_i64":
      // The i64 gives no twin: the 64-bit physical address 0x80200000 is not mapped.
      builder.pushNew("i32", `trunc i64 ${operand.text} to i32`);
      return;
    case "i64.extend_i32_s":
      builder.pushNew("i64", `sext i32 ${operand.text} to i64`);
      return;
    case "i64.extend_i32_u":
      builder.pushNew("i64", `zext i32 ${operand.text} to i64`);
      return;
    default:
      throw new Error(`the opcode table has ${name}, and the translator does not know it`);
  }
}
