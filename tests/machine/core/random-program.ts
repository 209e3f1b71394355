// Random programs for machine mode that print a hash of the registers and the memory after each block.
//
//   block: random instructions ─▶ all registers to memory ─▶ hash of them and of the scratch memory ─▶ a line
//
// The text depends only on the seed. sp points into the scratch memory, and gp to the place of the registers. All other
// registers may change. Branches go forward, within the block.

import { ASSEMBLE_ZBB } from "./bare.ts";

/** Blocks of a program, and instructions of a block. */
const BLOCKS = 40;
const INSTRUCTIONS = 60;

/** Bytes of scratch memory on either side of sp. */
const SCRATCH_HALF = 256;

/** Random numbers below a limit, the same for the same seed everywhere (Mulberry32). */
export function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const threeRegisters =
  "add sub sll slt sltu xor srl sra or and addw subw sllw srlw sraw mul mulh mulhsu mulhu div divu rem remu mulw divw divuw remw remuw".split(
    " ",
  );
const twelveBits = "addi slti sltiu xori ori andi addiw".split(" ");
const shifts = ["slli", "srli", "srai"];
const wordShifts = ["slliw", "srliw", "sraiw"];
const loads = "lb lh lw ld lbu lhu lwu".split(" ");
const stores = "sb sh sw sd".split(" ");
const branches = "beq bne blt bge bltu bgeu".split(" ");
const atomics = "amoswap amoadd amoxor amoand amoor amomin amomax amominu amomaxu"
  .split(" ")
  .flatMap((name) => [`${name}.w`, `${name}.d`]);
const zbbPairs = "andn orn xnor min minu max maxu rol ror rolw rorw".split(" ");
// Without ctzw: QEMU before 8.0 counts on in the upper word. The table of conformance.test.ts has it.
const zbbSingles = "clz ctz cpop clzw cpopw sext.b sext.h zext.h orc.b rev8".split(" ");
const compressedPairs = "c.add c.mv".split(" ");
const compressedPopular = "c.sub c.xor c.or c.and c.subw c.addw".split(" ");

/** Registers that an instruction may write: all but zero, sp and gp. */
const writable = [1, ...Array.from({ length: 28 }, (_, index) => index + 4)];
const popular = [8, 9, 10, 11, 12, 13, 14, 15];

/** What a program is made of beside its seed. */
interface Choice {
  random: (below: number) => number;
  label: () => string;
  /** Instructions of Zbb are among the others. */
  zbb: boolean;
}

/** One random instruction, or two. `label` numbers the branch targets. A branch skips the next instruction. */
function instruction(choice: Choice): string {
  const { random, label, zbb } = choice;
  const pick = <T>(list: readonly T[]): T => {
    const found = list[random(list.length)];
    if (found === undefined) {
      throw new RangeError("nothing to pick from");
    }
    return found;
  };
  const to = (): string => `x${pick(writable)}`;
  const from = (): string => `x${random(32)}`;
  const offset = (): number => random(2 * SCRATCH_HALF - 8) - SCRATCH_HALF;
  switch (random(zbb ? 15 : 12)) {
    case 0:
    case 1:
    case 2:
      return `${pick(threeRegisters)} ${to()}, ${from()}, ${from()}`;
    case 3:
      return `${pick(twelveBits)} ${to()}, ${from()}, ${random(4096) - 2048}`;
    case 4:
      return `${pick(shifts)} ${to()}, ${from()}, ${random(64)}`;
    case 5:
      return `${pick(wordShifts)} ${to()}, ${from()}, ${random(32)}`;
    case 6:
      return `${pick(loads)} ${to()}, ${offset()}(sp)`;
    case 7:
      return `${pick(stores)} ${from()}, ${offset()}(sp)`;
    case 8: {
      const target = label();
      return `${pick(branches)} ${from()}, ${from()}, ${target}\n${instruction(choice)}\n${target}:`;
    }
    case 9: {
      const base = to();
      return `addi ${base}, sp, ${random(31) * 8 - 128}\n${pick(atomics)} ${to()}, ${from()}, (${base})`;
    }
    case 10:
      return random(2) === 0 ? `lui ${to()}, ${random(1 << 20)}` : `auipc ${to()}, ${random(1 << 20)}`;
    case 12:
      return `${pick(zbbPairs)} ${to()}, ${from()}, ${from()}`;
    case 13:
      return `${pick(zbbSingles)} ${to()}, ${from()}`;
    case 14:
      return random(2) === 0
        ? `rori ${to()}, ${from()}, ${random(64)}`
        : `roriw ${to()}, ${from()}, ${random(32)}`;
    default:
      if (random(2) === 0) {
        return `${pick(compressedPopular)} x${pick(popular)}, x${pick(popular)}`;
      }
      return `${pick(compressedPairs)} ${to()}, x${1 + random(31)}`;
  }
}

const each = (line: (register: number) => string): string =>
  Array.from({ length: 31 }, (_, index) => index + 1)
    .filter((register) => register !== 3)
    .map(line)
    .join("\n");

/**
 * The text of the program for a seed: it prints BLOCKS lines of 16 hexadecimal digits, and turns the machine off. With
 * more passes it does all of that so often, each time with the registers that the last pass left.
 */
export function randomProgram(seed: number, passes = 1, zbb = false): string {
  const random = generator(seed);
  let labels = 0;
  const label = (): string => {
    labels += 1;
    return `.Lskip${labels}`;
  };
  const bits64 = (): string =>
    `0x${((BigInt(random(2 ** 32)) << 32n) | BigInt(random(2 ** 32))).toString(16)}`;
  const blocks = Array.from({ length: BLOCKS }, () => {
    const lines = Array.from({ length: INSTRUCTIONS }, () => instruction({ random, label, zbb }));
    return `${lines.join("\n")}\njal gp, say\n`;
  });
  return `${zbb ? ASSEMBLE_ZBB : ""}
    la    sp, scratch + ${SCRATCH_HALF}
    ${writable.map((register) => `li x${register}, ${bits64()}`).join("\n")}
pass:
${blocks.join("")}
    la    gp, passes
    ld    t0, (gp)
    addi  t0, t0, -1
    sd    t0, (gp)
    beqz  t0, 1f
    tail  pass
1:  li    t0, 0x100000
    li    t1, 0x5555
    sw    t1, 0(t0)
1:  j     1b

    # Called with the return address in gp. Keeps every other register.
say:
    csrw  mscratch, gp
    la    gp, kept
${each((register) => `sd x${register}, ${register * 8}(gp)`)}
    la    t0, scratch
    li    t1, ${(2 * SCRATCH_HALF + 256) / 8}
    li    a0, 0xcbf29ce484222325
    li    a1, 0x100000001b3
2:  ld    t2, 0(t0)
    xor   a0, a0, t2
    mul   a0, a0, a1
    srli  t2, a0, 29
    xor   a0, a0, t2
    addi  t0, t0, 8
    addi  t1, t1, -1
    bnez  t1, 2b
    li    t0, 0x10000000
    li    t1, 16
3:  srli  t2, a0, 60
    slli  a0, a0, 4
    li    t3, 10
    addi  t4, t2, 48
    bltu  t2, t3, 4f
    addi  t4, t2, 87
4:  lbu   t3, 5(t0)
    andi  t3, t3, 0x20
    beqz  t3, 4b
    sb    t4, 0(t0)
    addi  t1, t1, -1
    bgtz  t1, 3b
    li    t4, 10
    beqz  t1, 4b
5:  lbu   t3, 5(t0)
    andi  t3, t3, 0x40
    beqz  t3, 5b
${each((register) => `ld x${register}, ${register * 8}(gp)`)}
    csrr  gp, mscratch
    jr    gp

    .balign 4096
scratch: .zero ${2 * SCRATCH_HALF}
kept:    .zero 256
passes:  .dword ${passes}
`;
}
