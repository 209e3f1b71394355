/**
 * Decodes Zbb, basic bit manipulation, for RV64 (unprivileged specification, chapter "B"). decode.ts asks here about
 * instructions that it does not know itself, if the harts have the extension.
 */
import { Op } from "./ops";

const FUNCT7_NEGATED: u32 = 0x20;
const FUNCT7_EXTREMES: u32 = 0x05;
const FUNCT7_ROTATE: u32 = 0x30;
const FUNCT7_ZERO_EXTEND: u32 = 0x04;

/** The first six bits of rori's immediate. The other six are the distance. */
const ROTATE_IMMEDIATE: u32 = 0x18;
/** The whole immediates of the instructions with one operand. */
const OR_COMBINE: u32 = 0x287;
const REVERSE_BYTES: u32 = 0x6b8;
const COUNT_LEADING: u32 = 0x600;
const COUNT_TRAILING: u32 = 0x601;
const COUNT_ONES: u32 = 0x602;
const EXTEND_BYTE: u32 = 0x604;
const EXTEND_HALF: u32 = 0x605;

/** The op of an instruction of Zbb; Op.Illegal if it is none. */
export function zbbCode(word: u32): u32 {
  const funct3 = (word >> 12) & 7;
  switch (word & 127) {
    case 0x13:
      return immediateCode(word >> 20, funct3);
    case 0x1b:
      return immediateCode32(word >> 20, funct3);
    case 0x33:
      return registerCode(word >> 25, funct3);
    case 0x3b:
      return registerCode32(word, funct3);
    default:
      return Op.Illegal;
  }
}

function immediateCode(immediate: u32, funct3: u32): u32 {
  if (funct3 === 1) {
    return countCode(immediate, Op.Clz);
  }
  if (funct3 !== 5) {
    return Op.Illegal;
  }
  if (immediate === OR_COMBINE) {
    return Op.OrcB;
  }
  if (immediate === REVERSE_BYTES) {
    return Op.Rev8;
  }
  return immediate >> 6 === ROTATE_IMMEDIATE ? Op.Rori : Op.Illegal;
}

/** The instructions that count bits, and sext: `first` is Op.Clz, or Op.Clzw for the word forms. sext has no word form. */
function countCode(immediate: u32, first: u32): u32 {
  switch (immediate) {
    case COUNT_LEADING:
      return first;
    case COUNT_TRAILING:
      return first + 1;
    case COUNT_ONES:
      return first + 2;
    case EXTEND_BYTE:
      return first === Op.Clz ? Op.SextB : Op.Illegal;
    case EXTEND_HALF:
      return first === Op.Clz ? Op.SextH : Op.Illegal;
    default:
      return Op.Illegal;
  }
}

function immediateCode32(immediate: u32, funct3: u32): u32 {
  if (funct3 === 1) {
    return countCode(immediate, Op.Clzw);
  }
  return funct3 === 5 && immediate >> 5 === FUNCT7_ROTATE ? Op.Roriw : Op.Illegal;
}

function registerCode(funct7: u32, funct3: u32): u32 {
  if (funct7 === FUNCT7_EXTREMES && funct3 >= 4) {
    return Op.Min + (funct3 - 4);
  }
  if (funct7 === FUNCT7_ROTATE) {
    return funct3 === 1 ? Op.Rol : funct3 === 5 ? Op.Ror : Op.Illegal;
  }
  if (funct7 !== FUNCT7_NEGATED) {
    return Op.Illegal;
  }
  switch (funct3) {
    case 4:
      return Op.Xnor;
    case 6:
      return Op.Orn;
    case 7:
      return Op.Andn;
    default:
      return Op.Illegal;
  }
}

function registerCode32(word: u32, funct3: u32): u32 {
  const funct7 = word >> 25;
  if (funct7 === FUNCT7_ROTATE) {
    return funct3 === 1 ? Op.Rolw : funct3 === 5 ? Op.Rorw : Op.Illegal;
  }
  const isZeroExtend = funct7 === FUNCT7_ZERO_EXTEND && funct3 === 4 && ((word >> 20) & 31) === 0;
  return isZeroExtend ? Op.ZextH : Op.Illegal;
}
