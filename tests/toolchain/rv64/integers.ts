// Writes the guest program that tries every integer operation on every pair of edge values, with the operands in
// registers and with either operand as a constant, since the translator (and LLVM) treats constants by themselves.
//
// A program prints one line for each operation: its text, the operand that is fixed if any, then all results folded
// into one number (FNV-1a), and how many of the pairs trapped.

/** The values at which integer code breaks: both ends, around zero, sign bits of the narrow types, shift counts. */
const edges32 = ["0", "1", "-1", "2", "7", "31", "32", "33", "127", "-128", "255", "32768", "65535"].concat([
  "0x7fffffff",
  "-0x80000000",
  "-0x7fffffff",
  "0x12345678",
]);
const edges64 = [
  ...edges32,
  "63",
  "64",
  "0x80000000",
  "0xffffffff",
  "0x7fffffffffffffff",
  "-0x8000000000000000",
];

/** Constants that are tried in the place of one operand. */
const constants = ["0", "1", "-1", "3", "33", "-0x80000000"];

/** Operations of two operands `a` and `b`: the signed type's, then the unsigned type's. */
const signed = ["a + b", "a - b", "a * b", "a / b", "a % b", "a & b", "a | b", "a ^ b", "a << b", "a >> b"];
const comparisons = ["a === b", "a !== b", "a < b", "a > b", "a <= b", "a >= b"];
const unsigned = ["a / b", "a % b", "a >> b", "a < b", "a > b", "a <= b", "a >= b"];

interface Operation {
  readonly type: string;
  readonly text: string;
  /** Whether `b` takes part. */
  readonly binary: boolean;
}

function operations(bits: 32 | 64): Operation[] {
  const binary = (type: string, text: string): Operation => ({ type, text, binary: true });
  const unary = (type: string, text: string): Operation => ({ type, text, binary: false });
  const s = `i${bits}`;
  const u = `u${bits}`;
  const widths = bits === 64 ? [8, 16, 32] : [8, 16];
  return [
    ...[...signed, ...comparisons].map((text) => binary(s, text)),
    ...unsigned.map((text) => binary(u, text)),
    binary(s, `rotl<${s}>(a, b)`),
    binary(s, `rotr<${s}>(a, b)`),
    binary(s, `select<${s}>(a, b, a > b)`),
    ...["clz", "ctz", "popcnt"].map((name) => unary(s, `${name}<${s}>(a)`)),
    unary(s, "!a"),
    ...widths.flatMap((width) => [unary(s, `<i${width}>a`), unary(u, `<u${width}>a`)]),
    ...(bits === 64 ? [binary(u, "multiplyHigh(a, b)")] : []),
    bits === 64 ? unary(s, "<i64><i32>a") : unary(s, "<i64>a"),
    bits === 64 ? unary(u, "<u64><u32>a") : unary(u, "<u64>a"),
  ];
}

/** The program's text for one width. */
export function integerProgram(bits: 32 | 64): string {
  const edges = bits === 64 ? edges64 : edges32;
  const functions: string[] = [];
  const cases: string[] = [];
  const add = (operation: Operation, fixed: string, text: string): void => {
    const index = cases.length;
    functions.push(
      `function f${index}(a: ${operation.type}, b: ${operation.type}): u64 { return <u64>(${text}); }`,
    );
    cases.push(`{ name: "${operation.type} ${operation.text} ${fixed}", index: ${index} }`);
  };
  for (const operation of operations(bits)) {
    add(operation, "", operation.text);
    if (!operation.binary) {
      continue;
    }
    for (const constant of constants) {
      const value = `<${operation.type}>(${constant})`;
      add(operation, `b=${constant}`, operation.text.replaceAll(/\bb\b/g, value));
      add(operation, `a=${constant}`, operation.text.replaceAll(/\ba\b/g, value));
    }
  }
  const calls = functions.map((text, index) => {
    const type = /a: (\w+)/.exec(text)?.[1];
    return `    case ${index}: value = f${index}(<${type}>left, <${type}>right); break;`;
  });
  const names = cases.map((text, index) => `    case ${index}: print(${/"[^"]*"/.exec(text)?.[0]}); break;`);
  return `// Made by tests/toolchain/rv64/integers.ts.
import { attempt } from "./assembly";
import { multiplyHigh } from "./intrinsics";
import { begin, hex, line, print } from "./print";

const EDGES: usize = ${edges.length};
const edges = memory.data<i64>([${edges.join(", ")}]);
const SEED: u64 = 0xcbf29ce484222325;
const PRIME: u64 = 0x100000001b3;
const TRAPPED: u64 = 0x7472617070656421;
let which: u32 = 0;
let left: i64 = 0;
let right: i64 = 0;
let value: u64 = 0;

${functions.join("\n")}

export function attempted(): void {
  switch (which) {
${calls.join("\n")}
  }
}

function printName(index: u32): void {
  switch (index) {
${names.join("\n")}
  }
}

export function main(): void {
  begin();
  for (which = 0; which < ${cases.length}; which++) {
    printName(which);
    print(": ");
    let sum: u64 = SEED;
    let traps: u64 = 0;
    for (let i: usize = 0; i < EDGES; i++) {
      for (let j: usize = 0; j < EDGES; j++) {
        left = load<i64>(edges + i * 8);
        right = load<i64>(edges + j * 8);
        if (attempt() === 0) {
          value = TRAPPED;
          traps++;
        }
        sum = (sum ^ value) * PRIME;
      }
    }
    hex(sum);
    hex(traps);
    line();
  }
}
`;
}
