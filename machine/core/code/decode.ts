/**
 * Decodes instructions (unprivileged specification, "RV32/64G Instruction Set Listings").
 *
 * An instruction that does not exist becomes Op.Illegal. Its immediate is the instruction as it was fetched, which mtval
 * shows. A branch starts in its far form; the interpreter links it when it is first taken within its page.
 */
import { chaosMask } from "../chaos/chaos";
import { SINK_OFFSET } from "../hart/hart";
import { expand } from "./compressed";
import { Extension, extensions } from "./extensions";
import { Op, writeOp } from "./ops";
import { zbbCode } from "./zbb";

function source(index: u32): u32 {
  return index << 3;
}

function target(index: u32): u32 {
  return index === 0 ? SINK_OFFSET : index << 3;
}

function branchDisplacement(word: u32): i32 {
  return (
    ((<i32>word >> 31) << 12) |
    <i32>(((word >> 7) & 1) << 11) |
    <i32>(((word >> 25) & 63) << 5) |
    <i32>(((word >> 8) & 15) << 1)
  );
}

function jumpDisplacement(word: u32): i32 {
  return (
    ((<i32>word >> 31) << 20) |
    <i32>(word & 0xf_f000) |
    <i32>(((word >> 20) & 1) << 11) |
    <i32>(((word >> 21) & 0x3ff) << 1)
  );
}

/** OP-IMM; Op.Illegal where a shift has bits that it must not have. */
function immediateCode(word: u32, funct3: u32): u32 {
  switch (funct3) {
    case 0:
      return Op.Addi;
    case 1:
      return word >> 26 === 0 ? Op.Slli : Op.Illegal;
    case 2:
      return Op.Slti;
    case 3:
      return Op.Sltiu;
    case 4:
      return Op.Xori;
    case 5:
      if (word >> 26 === 0) {
        return Op.Srli;
      }
      return word >> 26 === 0x10 ? Op.Srai : Op.Illegal;
    case 6:
      return Op.Ori;
    default:
      return Op.Andi;
  }
}

function immediateCode32(funct7: u32, funct3: u32): u32 {
  if (funct3 === 0) {
    return Op.Addiw;
  }
  if (funct3 === 1 && funct7 === 0) {
    return Op.Slliw;
  }
  if (funct3 === 5 && funct7 === 0) {
    return Op.Srliw;
  }
  if (funct3 === 5 && funct7 === 0x20) {
    return Op.Sraiw;
  }
  return Op.Illegal;
}

function registerCode(funct7: u32, funct3: u32): u32 {
  if (funct7 === 1) {
    return Op.Mul + funct3;
  }
  if (funct7 === 0x20) {
    if (funct3 === 0) {
      return Op.Sub;
    }
    return funct3 === 5 ? Op.Sra : Op.Illegal;
  }
  if (funct7 !== 0) {
    return Op.Illegal;
  }
  switch (funct3) {
    case 0:
      return Op.Add;
    case 1:
      return Op.Sll;
    case 2:
      return Op.Slt;
    case 3:
      return Op.Sltu;
    case 4:
      return Op.Xor;
    case 5:
      return Op.Srl;
    case 6:
      return Op.Or;
    default:
      return Op.And;
  }
}

function registerCode32(funct7: u32, funct3: u32): u32 {
  switch ((funct7 << 3) | funct3) {
    case 0x000:
      return Op.Addw;
    case 0x001:
      return Op.Sllw;
    case 0x005:
      return Op.Srlw;
    case 0x100:
      return Op.Subw;
    case 0x105:
      return Op.Sraw;
    case 0x008:
      return Op.Mulw;
    case 0x00c:
      return Op.Divw;
    case 0x00d:
      return Op.Divuw;
    case 0x00e:
      return Op.Remw;
    case 0x00f:
      return Op.Remuw;
    default:
      return Op.Illegal;
  }
}

function loadCode(funct3: u32): u32 {
  return funct3 === 7 ? Op.Illegal : Op.Lb + funct3;
}

function branchCode(funct3: u32): u32 {
  if (funct3 < 2) {
    return Op.BeqFar + funct3;
  }
  return funct3 < 4 ? Op.Illegal : Op.BltFar + (funct3 - 4);
}

/** AMOs: the two that locks are made of have an op each, all others share one. */
function atomicCode(word: u32, funct3: u32): u32 {
  if (funct3 !== 2 && funct3 !== 3) {
    return Op.Illegal;
  }
  const operation = word >> 27;
  const double: u32 = funct3 - 2;
  if (operation < 2 && chaosMask() !== 0) {
    return Op.Amo;
  }
  if (operation === 0) {
    return double === 0 ? Op.AmoAddW : Op.AmoAddD;
  }
  if (operation === 1) {
    return double === 0 ? Op.AmoSwapW : Op.AmoSwapD;
  }
  // LR has no second operand.
  if (operation === 2) {
    return ((word >> 20) & 31) === 0 ? Op.Amo : Op.Illegal;
  }
  if (operation === 3 || (operation & 3) === 0) {
    return Op.Amo;
  }
  return Op.Illegal;
}

/** Decodes the instruction `word` of `length` bytes (`raw`, as fetched), which lies `offset` bytes into its page. */
function decodeWord(op: usize, word: u32, raw: u32, offset: u32, length: u32): void {
  const rd = target((word >> 7) & 31);
  const rs1 = source((word >> 15) & 31);
  const rs2 = source((word >> 20) & 31);
  const funct3 = (word >> 12) & 7;
  const funct7 = word >> 25;
  const signed = <i32>word >> 20;
  let code: u32 = Op.Illegal;
  let immediate: i32 = signed;
  switch (word & 127) {
    case 0x03:
      code = loadCode(funct3);
      break;
    case 0x0f:
      if (funct3 === 0) {
        code = chaosMask() === 0 ? Op.Fence : Op.FenceSlow;
        immediate = <i32>word;
      } else if (funct3 === 1) {
        code = Op.FenceI;
      }
      break;
    case 0x13:
      code = immediateCode(word, funct3);
      if (code === Op.Addi && signed === 0) {
        code = Op.Mv;
      } else if (code === Op.Addi && rs1 === 0) {
        code = Op.Li;
      } else if (code === Op.Srai) {
        immediate = signed & 63;
      }
      break;
    case 0x17:
      code = Op.Auipc;
      immediate = <i32>(word & 0xffff_f000);
      break;
    case 0x1b:
      code = immediateCode32(funct7, funct3);
      if (code === Op.Sraiw) {
        immediate = signed & 31;
      }
      break;
    case 0x23:
      if (funct3 < 4) {
        code = Op.Sb + funct3;
      }
      immediate = (signed & ~31) | <i32>((word >> 7) & 31);
      break;
    case 0x2f:
      code = atomicCode(word, funct3);
      immediate = <i32>word;
      break;
    case 0x33:
      code = registerCode(funct7, funct3);
      break;
    case 0x37:
      code = Op.Li;
      immediate = <i32>(word & 0xffff_f000);
      break;
    case 0x3b:
      code = registerCode32(funct7, funct3);
      break;
    case 0x63:
      code = branchCode(funct3);
      immediate = branchDisplacement(word);
      break;
    case 0x67:
      if (funct3 === 0) {
        code = Op.Jalr;
      }
      break;
    case 0x6f:
      code = Op.JalFar;
      immediate = jumpDisplacement(word);
      break;
    case 0x73:
      // Whether it is legal depends on mode and CSRs, so system.ts decides that when it is executed.
      code = Op.System;
      immediate = <i32>word;
      break;
    default:
      break;
  }
  if (code === Op.Illegal && (extensions() & Extension.Zbb) !== 0) {
    code = zbbCode(word);
    if (code === Op.Rori) {
      immediate = signed & 63;
    } else if (code === Op.Roriw) {
      immediate = signed & 31;
    }
  }
  if (code === Op.Illegal) {
    immediate = <i32>raw;
  }
  writeOp(op, code, rd, rs1, rs2, immediate, offset, offset + length);
}

/** Decodes the instruction that `raw` begins with, of 16 or 32 bits. Returns its length in bytes. */
export function decode(op: usize, raw: u32, offset: u32): u32 {
  if ((raw & 3) === 3) {
    decodeWord(op, raw, raw, offset, 4);
    return 4;
  }
  decodeWord(op, expand(raw & 0xffff), raw & 0xffff, offset, 2);
  return 2;
}

/** Whether a straight run ends with this op. */
export function endsRun(code: u32): bool {
  return code === Op.JalFar || code === Op.Jalr || code === Op.Illegal;
}
