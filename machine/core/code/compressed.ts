/**
 * The C extension for RV64: each 16-bit instruction is turned into the 32-bit one that it stands for (unprivileged
 * specification, chapter "C"). So decode.ts needs to know only 32-bit instructions.
 *
 * expand() gives 0, which is not a valid instruction, for reserved encodings and for those that need floating point.
 */

const OP_IMM: u32 = 0x13;
const OP_IMM_32: u32 = 0x1b;
const OP: u32 = 0x33;
const OP_32: u32 = 0x3b;
const LOAD: u32 = 0x03;
const STORE: u32 = 0x23;
const LUI: u32 = 0x37;
const BRANCH: u32 = 0x63;
const JALR: u32 = 0x67;
const JAL: u32 = 0x6f;
const EBREAK: u32 = 0x0010_0073;

function iType(opcode: u32, funct3: u32, rd: u32, rs1: u32, immediate: u32): u32 {
  return (immediate << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | opcode;
}

function rType(opcode: u32, funct3: u32, funct7: u32, rd: u32, rs1: u32, rs2: u32): u32 {
  return (funct7 << 25) | (rs2 << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | opcode;
}

function sType(funct3: u32, rs1: u32, rs2: u32, immediate: u32): u32 {
  return (
    ((immediate >> 5) << 25) | (rs2 << 20) | (rs1 << 15) | (funct3 << 12) | ((immediate & 31) << 7) | STORE
  );
}

function bType(funct3: u32, rs1: u32, displacement: u32): u32 {
  return (
    (((displacement >> 12) & 1) << 31) |
    (((displacement >> 5) & 63) << 25) |
    (rs1 << 15) |
    (funct3 << 12) |
    (((displacement >> 1) & 15) << 8) |
    (((displacement >> 11) & 1) << 7) |
    BRANCH
  );
}

function jType(rd: u32, displacement: u32): u32 {
  return (
    (((displacement >> 20) & 1) << 31) |
    (((displacement >> 1) & 0x3ff) << 21) |
    (((displacement >> 11) & 1) << 20) |
    (((displacement >> 12) & 0xff) << 12) |
    (rd << 7) |
    JAL
  );
}

/** Bits [at, at + count) of the instruction, moved to bit `to`. */
function field(half: u32, at: u32, count: u32, to: u32): u32 {
  return ((half >> at) & ((1 << count) - 1)) << to;
}

/** The six-bit immediate in bits 12 and 6:2, sign-extended. */
function immediate6(half: u32): u32 {
  return <u32>(<i32>(field(half, 12, 1, 31) | field(half, 2, 5, 26)) >> 26);
}

/** Quadrant 0: loads and stores by the eight popular registers. */
function quadrant0(half: u32): u32 {
  const rd = field(half, 2, 3, 0) + 8;
  const rs1 = field(half, 7, 3, 0) + 8;
  const word = field(half, 10, 3, 3) | field(half, 6, 1, 2) | field(half, 5, 1, 6);
  const double = field(half, 10, 3, 3) | field(half, 5, 2, 6);
  switch (half >> 13) {
    case 0: {
      const immediate =
        field(half, 11, 2, 4) | field(half, 7, 4, 6) | field(half, 6, 1, 2) | field(half, 5, 1, 3);
      return immediate === 0 ? 0 : iType(OP_IMM, 0, rd, 2, immediate);
    }
    case 2:
      return iType(LOAD, 2, rd, rs1, word);
    case 3:
      return iType(LOAD, 3, rd, rs1, double);
    case 6:
      return sType(2, rs1, rd, word);
    case 7:
      return sType(3, rs1, rd, double);
    default:
      return 0;
  }
}

/** Quadrant 1, funct3 4: shifts and two-register arithmetic on the popular registers. */
function arithmetic(half: u32): u32 {
  const rd = field(half, 7, 3, 0) + 8;
  const rs2 = field(half, 2, 3, 0) + 8;
  const immediate = immediate6(half);
  switch ((half >> 10) & 3) {
    case 0:
      return iType(OP_IMM, 5, rd, rd, immediate & 63);
    case 1:
      return iType(OP_IMM, 5, rd, rd, (immediate & 63) | 0x400);
    case 2:
      return iType(OP_IMM, 7, rd, rd, immediate);
    default:
      break;
  }
  switch (field(half, 5, 2, 0) | field(half, 12, 1, 2)) {
    case 0:
      return rType(OP, 0, 0x20, rd, rd, rs2);
    case 1:
      return rType(OP, 4, 0, rd, rd, rs2);
    case 2:
      return rType(OP, 6, 0, rd, rd, rs2);
    case 3:
      return rType(OP, 7, 0, rd, rd, rs2);
    case 4:
      return rType(OP_32, 0, 0x20, rd, rd, rs2);
    case 5:
      return rType(OP_32, 0, 0, rd, rd, rs2);
    default:
      return 0;
  }
}

/** Quadrant 1: immediates, jumps and branches. */
function quadrant1(half: u32): u32 {
  const rd = field(half, 7, 5, 0);
  const popular = field(half, 7, 3, 0) + 8;
  const immediate = immediate6(half);
  switch (half >> 13) {
    case 0:
      return iType(OP_IMM, 0, rd, rd, immediate);
    case 1:
      return rd === 0 ? 0 : iType(OP_IMM_32, 0, rd, rd, immediate);
    case 2:
      return iType(OP_IMM, 0, rd, 0, immediate);
    case 3: {
      if (rd !== 2) {
        return immediate === 0 ? 0 : (immediate << 12) | (rd << 7) | LUI;
      }
      const adjust =
        field(half, 12, 1, 31) |
        field(half, 3, 2, 29) |
        field(half, 5, 1, 28) |
        field(half, 2, 1, 27) |
        field(half, 6, 1, 26);
      return adjust === 0 ? 0 : iType(OP_IMM, 0, 2, 2, <u32>(<i32>adjust >> 22));
    }
    case 4:
      return arithmetic(half);
    case 5: {
      const displacement =
        field(half, 12, 1, 31) |
        field(half, 8, 1, 30) |
        field(half, 9, 2, 28) |
        field(half, 6, 1, 27) |
        field(half, 7, 1, 26) |
        field(half, 2, 1, 25) |
        field(half, 11, 1, 24) |
        field(half, 3, 3, 21);
      return jType(0, <u32>(<i32>displacement >> 20));
    }
    default: {
      const displacement =
        field(half, 12, 1, 31) |
        field(half, 5, 2, 29) |
        field(half, 2, 1, 28) |
        field(half, 10, 2, 26) |
        field(half, 3, 2, 24);
      return bType((half >> 13) & 1, popular, <u32>(<i32>displacement >> 23));
    }
  }
}

/** Quadrant 2: by the stack pointer, moves, and jumps to a register. */
function quadrant2(half: u32): u32 {
  const rd = field(half, 7, 5, 0);
  const rs2 = field(half, 2, 5, 0);
  switch (half >> 13) {
    case 0:
      return iType(OP_IMM, 1, rd, rd, field(half, 12, 1, 5) | rs2);
    case 2:
      if (rd === 0) {
        return 0;
      }
      return iType(LOAD, 2, rd, 2, field(half, 12, 1, 5) | field(half, 4, 3, 2) | field(half, 2, 2, 6));
    case 3:
      if (rd === 0) {
        return 0;
      }
      return iType(LOAD, 3, rd, 2, field(half, 12, 1, 5) | field(half, 5, 2, 3) | field(half, 2, 3, 6));
    case 4: {
      const link = (half >> 12) & 1;
      if (rs2 !== 0) {
        return rType(OP, 0, 0, rd, link === 0 ? 0 : rd, rs2);
      }
      if (rd === 0) {
        return link === 0 ? 0 : EBREAK;
      }
      return iType(JALR, 0, link, rd, 0);
    }
    case 6:
      return sType(2, 2, rs2, field(half, 9, 4, 2) | field(half, 7, 2, 6));
    case 7:
      return sType(3, 2, rs2, field(half, 10, 3, 3) | field(half, 7, 3, 6));
    default:
      return 0;
  }
}

/** The 32-bit form of a 16-bit instruction, or 0 if it has none. */
export function expand(half: u32): u32 {
  switch (half & 3) {
    case 0:
      return quadrant0(half);
    case 1:
      return quadrant1(half);
    default:
      return quadrant2(half);
  }
}
