// Every integer instruction, on every pair of edge values, compared with BigInt arithmetic.
//
// Each group has a table of instructions and their meanings. A program runs each instruction on all pairs, and the results are
// compared.

import { describe, expect, test } from "vitest";
import { Extension } from "../../../build/gen/host/machine/core/code/extensions.ts";
import { ASSEMBLE_ZBB, assembleText, DATA, END, runProgram } from "./bare.ts";

type Meaning = (a: bigint, b: bigint) => bigint;

const s = (value: bigint): bigint => BigInt.asIntN(64, value);
const u = (value: bigint): bigint => BigInt.asUintN(64, value);
/** A 32-bit result, sign-extended. */
const w = (value: bigint): bigint => BigInt.asIntN(32, value);
const uw = (value: bigint): bigint => BigInt.asUintN(32, value);

const edges: readonly bigint[] = [
  0n,
  1n,
  2n,
  5n,
  31n,
  32n,
  63n,
  64n,
  -1n,
  -2n,
  -5n,
  0x7fffn,
  -0x8000n,
  0x7fff_ffffn,
  0x8000_0000n,
  -0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x1234_5678_9abc_def0n,
  0x8000_0001_0000_0100n,
  0x7fff_ffff_ffff_ffffn,
  -0x8000_0000_0000_0000n,
].map(u);

/** Division in the M extension: by zero it gives all ones, and the quotient that does not fit is the dividend. */
const quotient: Meaning = (a, b) => (b === 0n ? -1n : a / b);
const remainder: Meaning = (a, b) => (b === 0n ? a : a % b);

/** A compressed store and an ordinary load, and the reverse, with each offset that sets one bit of the field. */
function compressedOffsets(): Record<string, Meaning> {
  const table: Record<string, Meaning> = {};
  const row = (first: string, second: string, meaning: Meaning): void => {
    table[`mv a3, s2; mv sp, s2; ${first}; ${second}`] = meaning;
  };
  for (const offset of [4, 8, 32, 64]) {
    row(`c.sw a0, ${offset}(a3)`, `lw a2, ${offset}(a3)`, (a) => w(a));
    row(`sw a0, ${offset}(a3)`, `c.lw a2, ${offset}(a3)`, (a) => w(a));
  }
  for (const offset of [8, 16, 64, 128]) {
    row(`c.sd a0, ${offset}(a3)`, `ld a2, ${offset}(a3)`, (a) => a);
    row(`sd a0, ${offset}(a3)`, `c.ld a2, ${offset}(a3)`, (a) => a);
  }
  for (const offset of [4, 8, 32, 64, 128]) {
    row(`c.swsp a0, ${offset}(sp)`, `lw a2, ${offset}(sp)`, (a) => w(a));
    row(`sw a0, ${offset}(sp)`, `c.lwsp a2, ${offset}(sp)`, (a) => w(a));
  }
  for (const offset of [8, 16, 32, 64, 256]) {
    row(`c.sdsp a0, ${offset}(sp)`, `ld a2, ${offset}(sp)`, (a) => a);
    row(`sd a0, ${offset}(sp)`, `c.ldsp a2, ${offset}(sp)`, (a) => a);
  }
  return table;
}

/** Jumps and branches over every distance that sets one bit of the displacement, there and back. */
function distances(): Record<string, Meaning> {
  const table: Record<string, Meaning> = {};
  const rows = [
    ["c.j 6f", 1, 10],
    ["c.beqz zero_popular, 6f", 1, 7],
    ["beq a0, a0, 6f", 2, 11],
    ["jal a4, 6f", 2, 15],
  ] as const;
  for (const [jump, first, last] of rows) {
    const [there, back] = [
      jump.replace("zero_popular", "a3"),
      jump.replace("zero_popular", "a3").replace("6f", "5b"),
    ];
    for (let bit = first; bit <= last; bit++) {
      const gap = 2 ** bit - (jump.startsWith("c.") ? 2 : 4);
      // The bytes that are jumped over are zeros, and no hart executes them.
      table[`li a2, 0; li a3, 0; ${there}; .zero ${gap}; 6: li a2, 1`] = () => 1n;
      table[`li a2, 0; li a3, 0; jal zero, 7f; 5: jal zero, 8f; .zero ${gap}; 7: ${back}; 8: li a2, 1`] =
        () => 1n;
    }
  }
  return table;
}

const groups: Record<string, Record<string, Meaning>> = {
  "RV64I, registers": {
    "add a2, a0, a1": (a, b) => a + b,
    "sub a2, a0, a1": (a, b) => a - b,
    "and a2, a0, a1": (a, b) => a & b,
    "or a2, a0, a1": (a, b) => a | b,
    "xor a2, a0, a1": (a, b) => a ^ b,
    "slt a2, a0, a1": (a, b) => (s(a) < s(b) ? 1n : 0n),
    "sltu a2, a0, a1": (a, b) => (a < b ? 1n : 0n),
    "sll a2, a0, a1": (a, b) => a << (b & 63n),
    "srl a2, a0, a1": (a, b) => a >> (b & 63n),
    "sra a2, a0, a1": (a, b) => s(a) >> (b & 63n),
    "addw a2, a0, a1": (a, b) => w(a + b),
    "subw a2, a0, a1": (a, b) => w(a - b),
    "sllw a2, a0, a1": (a, b) => w(a << (b & 31n)),
    "srlw a2, a0, a1": (a, b) => w(uw(a) >> (b & 31n)),
    "sraw a2, a0, a1": (a, b) => w(a) >> (b & 31n),
    "add zero, a0, a1; mv a2, zero": () => 0n,
  },
  "RV64I, immediates": {
    "addi a2, a0, -2048": (a) => a - 2048n,
    "addi a2, a0, 2047": (a) => a + 2047n,
    "slti a2, a0, -1": (a) => (s(a) < -1n ? 1n : 0n),
    "slti a2, a0, 5": (a) => (s(a) < 5n ? 1n : 0n),
    "sltiu a2, a0, -1": (a) => (a < u(-1n) ? 1n : 0n),
    "sltiu a2, a0, 5": (a) => (a < 5n ? 1n : 0n),
    "xori a2, a0, -1": (a) => ~a,
    "xori a2, a0, 1365": (a) => a ^ 1365n,
    "ori a2, a0, -256": (a) => a | -256n,
    "andi a2, a0, -256": (a) => a & -256n,
    "slli a2, a0, 63": (a) => a << 63n,
    "slli a2, a0, 33": (a) => a << 33n,
    "srli a2, a0, 63": (a) => a >> 63n,
    "srli a2, a0, 33": (a) => a >> 33n,
    "srai a2, a0, 63": (a) => s(a) >> 63n,
    "srai a2, a0, 33": (a) => s(a) >> 33n,
    "addiw a2, a0, 2047": (a) => w(a + 2047n),
    "addiw a2, a0, 0": (a) => w(a),
    "slliw a2, a0, 31": (a) => w(a << 31n),
    "srliw a2, a0, 31": (a) => w(uw(a) >> 31n),
    "srliw a2, a0, 1": (a) => w(uw(a) >> 1n),
    "sraiw a2, a0, 31": (a) => w(a) >> 31n,
    "lui a2, 0x80000": () => -0x8000_0000n,
    "lui a2, 0x7ffff": () => 0x7fff_f000n,
  },
  M: {
    "mul a2, a0, a1": (a, b) => a * b,
    "mulh a2, a0, a1": (a, b) => (s(a) * s(b)) >> 64n,
    "mulhsu a2, a0, a1": (a, b) => (s(a) * b) >> 64n,
    "mulhu a2, a0, a1": (a, b) => (a * b) >> 64n,
    "div a2, a0, a1": (a, b) => quotient(s(a), s(b)),
    "divu a2, a0, a1": quotient,
    "rem a2, a0, a1": (a, b) => remainder(s(a), s(b)),
    "remu a2, a0, a1": remainder,
    "mulw a2, a0, a1": (a, b) => w(a * b),
    "divw a2, a0, a1": (a, b) => w(quotient(w(a), w(b))),
    "divuw a2, a0, a1": (a, b) => w(quotient(uw(a), uw(b))),
    "remw a2, a0, a1": (a, b) => w(remainder(w(a), w(b))),
    "remuw a2, a0, a1": (a, b) => w(remainder(uw(a), uw(b))),
  },
  C: {
    "mv a2, a0; c.addi a2, -32": (a) => a - 32n,
    "mv a2, a0; c.addiw a2, 31": (a) => w(a + 31n),
    "mv a2, a0; c.addiw a2, -1": (a) => w(a - 1n),
    "c.li a2, -32": () => -32n,
    "c.lui a2, 0xfffe0": () => -0x2_0000n,
    "c.lui a2, 31": () => 31n << 12n,
    "mv a2, a0; c.slli a2, 63": (a) => a << 63n,
    "mv a2, a0; c.slli a2, 1": (a) => a << 1n,
    "mv a2, a0; c.srli a2, 33": (a) => a >> 33n,
    "mv a2, a0; c.srai a2, 33": (a) => s(a) >> 33n,
    "mv a2, a0; c.andi a2, -17": (a) => a & -17n,
    "c.mv a2, a1": (_, b) => b,
    "mv a2, a0; c.add a2, a1": (a, b) => a + b,
    "mv a2, a0; c.sub a2, a1": (a, b) => a - b,
    "mv a2, a0; c.xor a2, a1": (a, b) => a ^ b,
    "mv a2, a0; c.or a2, a1": (a, b) => a | b,
    "mv a2, a0; c.and a2, a1": (a, b) => a & b,
    "mv a2, a0; c.addw a2, a1": (a, b) => w(a + b),
    "mv a2, a0; c.subw a2, a1": (a, b) => w(a - b),
    "mv sp, a0; c.addi16sp sp, -512; mv a2, sp": (a) => a - 512n,
    "mv sp, a0; c.addi16sp sp, 496; mv a2, sp": (a) => a + 496n,
    "mv sp, a0; c.addi4spn a2, sp, 1020": (a) => a + 1020n,
    "mv sp, a0; c.addi4spn a2, sp, 4": (a) => a + 4n,
  },
  "C, loads and stores": compressedOffsets(),
  "branches (1: taken)": {
    "li a2, 1; beq a0, a1, 2f; li a2, 0; 2:": (a, b) => (a === b ? 1n : 0n),
    "li a2, 1; bne a0, a1, 2f; li a2, 0; 2:": (a, b) => (a !== b ? 1n : 0n),
    "li a2, 1; blt a0, a1, 2f; li a2, 0; 2:": (a, b) => (s(a) < s(b) ? 1n : 0n),
    "li a2, 1; bge a0, a1, 2f; li a2, 0; 2:": (a, b) => (s(a) >= s(b) ? 1n : 0n),
    "li a2, 1; bltu a0, a1, 2f; li a2, 0; 2:": (a, b) => (a < b ? 1n : 0n),
    "li a2, 1; bgeu a0, a1, 2f; li a2, 0; 2:": (a, b) => (a >= b ? 1n : 0n),
    "li a2, 1; c.beqz a0, 2f; li a2, 0; 2:": (a) => (a === 0n ? 1n : 0n),
    "li a2, 1; c.bnez a0, 2f; li a2, 0; 2:": (a) => (a !== 0n ? 1n : 0n),
    "li a2, 1; c.j 2f; li a2, 0; 2:": () => 1n,
  },
  distances: distances(),
  "loads and stores, through the 16 bytes at s2": {
    "sd a0, 0(s2); lb a2, 0(s2)": (a) => BigInt.asIntN(8, a),
    "sd a0, 0(s2); lbu a2, 7(s2)": (a) => a >> 56n,
    "sd a0, 0(s2); lh a2, 2(s2)": (a) => BigInt.asIntN(16, a >> 16n),
    "sd a0, 0(s2); lhu a2, 6(s2)": (a) => a >> 48n,
    "sd a0, 0(s2); lw a2, 4(s2)": (a) => BigInt.asIntN(32, a >> 32n),
    "sd a0, 0(s2); lwu a2, 4(s2)": (a) => a >> 32n,
    "sd a0, 0(s2); sb a1, 3(s2); ld a2, 0(s2)": (a, b) => (a & ~(0xffn << 24n)) | ((b & 0xffn) << 24n),
    "sd a0, 0(s2); sh a1, 2(s2); ld a2, 0(s2)": (a, b) => (a & ~(0xffffn << 16n)) | ((b & 0xffffn) << 16n),
    "sd a0, 0(s2); sw a1, 4(s2); ld a2, 0(s2)": (a, b) => (a & 0xffff_ffffn) | (uw(b) << 32n),
    "sd a0, 0(s2); sd a1, 8(s2); ld a2, 4(s2)": (a, b) => (a >> 32n) | (uw(b) << 32n),
    "sd a0, 0(s2); sd zero, 8(s2); sd a1, 3(s2); ld a2, 0(s2)": (a, b) => u((a & 0xff_ffffn) | (b << 24n)),
    "mv a3, s2; c.sd a0, 8(a3); c.lw a2, 12(a3)": (a) => BigInt.asIntN(32, a >> 32n),
    "mv sp, s2; c.sdsp a0, 8(sp); c.swsp a1, 12(sp); c.ldsp a2, 8(sp)": (a, b) =>
      (a & 0xffff_ffffn) | (uw(b) << 32n),
  },
  A: {
    "sd a0, 0(s2); amoswap.d a3, a1, (s2); ld a2, 0(s2); add a2, a2, a3": (a, b) => a + b,
    "sd a0, 0(s2); amoadd.d a3, a1, (s2); ld a2, 0(s2); xor a2, a2, a3": (a, b) => u(a + b) ^ a,
    "sd a0, 0(s2); amoxor.d zero, a1, (s2); ld a2, 0(s2)": (a, b) => a ^ b,
    "sd a0, 0(s2); amoand.d zero, a1, (s2); ld a2, 0(s2)": (a, b) => a & b,
    "sd a0, 0(s2); amoor.d zero, a1, (s2); ld a2, 0(s2)": (a, b) => a | b,
    "sd a0, 0(s2); amomin.d zero, a1, (s2); ld a2, 0(s2)": (a, b) => (s(a) < s(b) ? a : b),
    "sd a0, 0(s2); amomax.d zero, a1, (s2); ld a2, 0(s2)": (a, b) => (s(a) > s(b) ? a : b),
    "sd a0, 0(s2); amominu.d zero, a1, (s2); ld a2, 0(s2)": (a, b) => (a < b ? a : b),
    "sd a0, 0(s2); amomaxu.d zero, a1, (s2); ld a2, 0(s2)": (a, b) => (a > b ? a : b),
    "sd a0, 0(s2); amoswap.w a2, a1, (s2)": (a) => w(a),
    "sd a0, 0(s2); amoadd.w a3, a1, (s2); ld a2, 0(s2)": (a, b) => ((a >> 32n) << 32n) | uw(a + b),
    "sd a0, 0(s2); amoadd.w a2, a1, (s2)": (a) => w(a),
    "sd a0, 0(s2); amoxor.w zero, a1, (s2); lw a2, 0(s2)": (a, b) => w(a ^ b),
    "sd a0, 0(s2); amoand.w zero, a1, (s2); lw a2, 0(s2)": (a, b) => w(a & b),
    "sd a0, 0(s2); amoor.w zero, a1, (s2); lw a2, 0(s2)": (a, b) => w(a | b),
    "sd a0, 0(s2); amomin.w zero, a1, (s2); lw a2, 0(s2)": (a, b) => (w(a) < w(b) ? w(a) : w(b)),
    "sd a0, 0(s2); amomax.w zero, a1, (s2); lw a2, 0(s2)": (a, b) => (w(a) > w(b) ? w(a) : w(b)),
    "sd a0, 0(s2); amominu.w zero, a1, (s2); lw a2, 0(s2)": (a, b) => w(uw(a) < uw(b) ? a : b),
    "sd a0, 0(s2); amomaxu.w zero, a1, (s2); lw a2, 0(s2)": (a, b) => w(uw(a) > uw(b) ? a : b),
    "sd a0, 0(s2); lr.d a3, (s2); sc.d a4, a1, (s2); ld a2, 0(s2); add a2, a2, a4": (_, b) => b,
    "sd a0, 0(s2); lr.w a2, (s2); sc.w a4, a1, (s2)": (a) => w(a),
    "sd a0, 0(s2); lr.w a3, (s2); sc.w a4, a1, (s2); lw a2, 0(s2)": (_, b) => w(b),
    "sc.d a2, a0, (s2)": () => 1n,
  },
};

const ones = (value: bigint): bigint => BigInt(value.toString(2).replaceAll("0", "").length);
/** How many zeros a value of `bits` bits has above its highest one, and below its lowest. */
const leading = (value: bigint, bits: number): bigint =>
  BigInt(bits - (value === 0n ? 0 : value.toString(2).length));
const trailing = (value: bigint, bits: number): bigint =>
  value === 0n ? BigInt(bits) : BigInt(value.toString(2).length - 1 - value.toString(2).lastIndexOf("1"));
/** A value of `bits` bits, rotated right by the low bits of `count`. */
const turned = (value: bigint, count: bigint, bits: bigint): bigint => {
  const far = count & (bits - 1n);
  return ((value >> far) | (value << (bits - far))) & ((1n << bits) - 1n);
};
/** Maps each byte of a doubleword, by its value and place. */
const bytewise = (value: bigint, make: (byte: bigint, place: bigint) => bigint): bigint =>
  [0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n].reduce(
    (sum, place) => sum | make((value >> (8n * place)) & 0xffn, place),
    0n,
  );

const zbb: Record<string, Meaning> = {
  "andn a2, a0, a1": (a, b) => a & ~b,
  "orn a2, a0, a1": (a, b) => a | ~b,
  "xnor a2, a0, a1": (a, b) => ~(a ^ b),
  "min a2, a0, a1": (a, b) => (s(a) < s(b) ? a : b),
  "minu a2, a0, a1": (a, b) => (a < b ? a : b),
  "max a2, a0, a1": (a, b) => (s(a) > s(b) ? a : b),
  "maxu a2, a0, a1": (a, b) => (a > b ? a : b),
  "rol a2, a0, a1": (a, b) => turned(a, -b, 64n),
  "ror a2, a0, a1": (a, b) => turned(a, b, 64n),
  "rolw a2, a0, a1": (a, b) => w(turned(uw(a), -b, 32n)),
  "rorw a2, a0, a1": (a, b) => w(turned(uw(a), b, 32n)),
  "rori a2, a0, 0": (a) => a,
  "rori a2, a0, 1": (a) => turned(a, 1n, 64n),
  "rori a2, a0, 32": (a) => turned(a, 32n, 64n),
  "rori a2, a0, 63": (a) => turned(a, 63n, 64n),
  "roriw a2, a0, 0": (a) => w(a),
  "roriw a2, a0, 1": (a) => w(turned(uw(a), 1n, 32n)),
  "roriw a2, a0, 31": (a) => w(turned(uw(a), 31n, 32n)),
  "clz a2, a0": (a) => leading(a, 64),
  "ctz a2, a0": (a) => trailing(a, 64),
  "cpop a2, a0": ones,
  "clzw a2, a0": (a) => leading(uw(a), 32),
  "ctzw a2, a0": (a) => trailing(uw(a), 32),
  "cpopw a2, a0": (a) => ones(uw(a)),
  "sext.b a2, a0": (a) => BigInt.asIntN(8, a),
  "sext.h a2, a0": (a) => BigInt.asIntN(16, a),
  "zext.h a2, a0": (a) => a & 0xffffn,
  "orc.b a2, a0": (a) => bytewise(a, (byte, place) => (byte === 0n ? 0n : 0xffn << (8n * place))),
  "rev8 a2, a0": (a) => bytewise(a, (byte, place) => byte << (56n - 8n * place)),
};

const pairs = edges.flatMap((a) => edges.map((b) => [a, b] as const));
const RESULTS = DATA + 0x10_000n;
const SCRATCH = DATA + 0xf000n;

/** A program that runs each instruction on all pairs, and stores a2 after each. */
function programFor(instructions: readonly string[]): string {
  const loops = instructions.map(
    (instruction) => `
    li    s0, ${DATA}
    li    s3, ${pairs.length}
9:  ld    a0, 0(s0)
    ld    a1, 8(s0)
    ${instruction.replaceAll("; ", "\n    ")}
    sd    a2, 0(s1)
    addi  s1, s1, 8
    addi  s0, s0, 16
    addi  s3, s3, -1
    bnez  s3, 9b`,
  );
  return `    li    s1, ${RESULTS}\n    li    s2, ${SCRATCH}${loops.join("")}${END}`;
}

test.each([
  ...Object.entries(groups).map(([name, table]) => [name, table, 0] as const),
  ["Zbb", zbb, Extension.Zbb] as const,
])("%s", async (_, table, extensions) => {
  const head = extensions === 0 ? "" : ASSEMBLE_ZBB;
  const program = await assembleText(`${head}${programFor(Object.keys(table))}`);
  // Fast, with a switch after every instruction, and translated as soon as it is executed a second time.
  for (const [turns, isTranslated] of [
    [0, false],
    [1, false],
    [200, true],
  ] as const) {
    const { machine } = await runProgram(program, {
      turns,
      extensions,
      prepare: (fresh) => {
        const heat = isTranslated ? 1 : 0;
        fresh.core.setTranslation(heat, heat, 1);
        pairs.forEach(([a, b], index) => {
          fresh.setWord(DATA + BigInt(index * 16), a);
          fresh.setWord(DATA + BigInt(index * 16 + 8), b);
        });
      },
    });
    expect(machine.core.table.length > 1).toBe(isTranslated);
    Object.entries(table).forEach(([instruction, meaning], row) => {
      pairs.forEach(([a, b], column) => {
        const found = machine.word(RESULTS + BigInt((row * pairs.length + column) * 8));
        const expected = u(meaning(a, b));
        if (found !== expected) {
          const operands = `a0=0x${a.toString(16)} a1=0x${b.toString(16)}`;
          expect.unreachable(
            `${instruction} with ${operands}: 0x${found.toString(16)}, not 0x${expected.toString(16)}`,
          );
        }
      });
    });
  }
});

/** Counts illegal instructions in a5, and goes on after each. */
const COUNT_ILLEGAL = `
    la    t0, 9f
    csrw  mtvec, t0
    li    a5, 0
    j     8f
    .balign 4
9:  csrr  t0, mepc
    addi  t0, t0, 4
    csrw  mepc, t0
    addi  a5, a5, 1
    mret
8:
`;

/** An instruction with a register, an immediate and a0. The field of a second register belongs to the immediate. */
function encoded(opcode: number, funct3: number, immediate: number): string {
  return `.word 0x${((immediate * 2 ** 20 + (10 << 15) + (funct3 << 12) + (10 << 7) + opcode) >>> 0).toString(16)}`;
}

/** Encodings beside those of Zbb that belong to other extensions, to RV32, or to nothing. */
const besideZbb: readonly string[] = [
  // Other instructions that count or extend, and extensions of words.
  ...[0x603, 0x606, 0x607, 0x620].map((immediate) => encoded(0x13, 1, immediate)),
  ...[0x603, 0x604, 0x605].map((immediate) => encoded(0x1b, 1, immediate)),
  // brev8, orc.b of other widths, rev8 of RV32, a rotation of a word by 32.
  ...[0x687, 0x286, 0x288, 0x698, 0x6b9].map((immediate) => encoded(0x13, 5, immediate)),
  encoded(0x1b, 5, 0x620),
  // clmul, clmulr, clmulh; packw, and zext.h of RV32; rotations and complements of other kinds.
  ...[1, 2, 3].map((funct3) => encoded(0x33, funct3, 0x0ab)),
  ...[encoded(0x3b, 4, 0x08b), encoded(0x33, 4, 0x080), encoded(0x3b, 4, 0x60b)],
  ...[2, 3, 4, 6, 7].map((funct3) => encoded(0x33, funct3, 0x60b)),
  ...[1, 2, 3].map((funct3) => encoded(0x33, funct3, 0x40b)),
];

describe("instructions that do not exist are illegal", () => {
  test.each([
    ["Zbb's instructions, on harts without it", Object.keys(zbb), 0],
    ["what stands beside them, on harts with it", besideZbb, Extension.Zbb],
  ])("%s", async (_, instructions, extensions) => {
    const text = `${ASSEMBLE_ZBB}${COUNT_ILLEGAL}${instructions.join("\n")}${END}`;
    const { reg } = await runProgram(await assembleText(text), { extensions });
    expect(reg("a5")).toBe(BigInt(instructions.length));
  });
});
