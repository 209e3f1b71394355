// Translates integer instructions: the Wasm of each puts its result onto the stack. The interpreter's integer.ts and
// multiply.ts do the same in AssemblyScript.

import { Op } from "../../../build/gen/host/machine/core/code/ops.ts";
import { type Code, I64, Wasm } from "./encoder.ts";
import { Local, type Registers } from "./locals.ts";
import type { Instruction } from "./page.ts";

/** Operations on two registers, of 64 bits. */
const registerOperations: ReadonlyMap<Op, readonly Wasm[]> = new Map<Op, readonly Wasm[]>([
  [Op.Add, [Wasm.I64Add]],
  [Op.Sub, [Wasm.I64Sub]],
  [Op.Sll, [Wasm.I64Shl]],
  [Op.Slt, [Wasm.I64LtS, Wasm.I64ExtendI32U]],
  [Op.Sltu, [Wasm.I64LtU, Wasm.I64ExtendI32U]],
  [Op.Xor, [Wasm.I64Xor]],
  [Op.Srl, [Wasm.I64ShrU]],
  [Op.Sra, [Wasm.I64ShrS]],
  [Op.Or, [Wasm.I64Or]],
  [Op.And, [Wasm.I64And]],
  [Op.Mul, [Wasm.I64Mul]],
  [Op.Addw, [Wasm.I64Add, Wasm.I64Extend32S]],
  [Op.Subw, [Wasm.I64Sub, Wasm.I64Extend32S]],
  [Op.Mulw, [Wasm.I64Mul, Wasm.I64Extend32S]],
]);

/** Operations on a register and the immediate, of 64 bits. */
const immediateOperations: ReadonlyMap<Op, readonly Wasm[]> = new Map<Op, readonly Wasm[]>([
  [Op.Addi, [Wasm.I64Add]],
  [Op.Slti, [Wasm.I64LtS, Wasm.I64ExtendI32U]],
  [Op.Sltiu, [Wasm.I64LtU, Wasm.I64ExtendI32U]],
  [Op.Xori, [Wasm.I64Xor]],
  [Op.Ori, [Wasm.I64Or]],
  [Op.Andi, [Wasm.I64And]],
  [Op.Slli, [Wasm.I64Shl]],
  [Op.Srli, [Wasm.I64ShrU]],
  [Op.Srai, [Wasm.I64ShrS]],
  [Op.Addiw, [Wasm.I64Add, Wasm.I64Extend32S]],
]);

/** Shifts of a register's low word, by another register or by the immediate. */
const wordShifts: ReadonlyMap<Op, readonly [Wasm, boolean]> = new Map<Op, readonly [Wasm, boolean]>([
  [Op.Sllw, [Wasm.I32Shl, true]],
  [Op.Srlw, [Wasm.I32ShrU, true]],
  [Op.Sraw, [Wasm.I32ShrS, true]],
  [Op.Slliw, [Wasm.I32Shl, false]],
  [Op.Srliw, [Wasm.I32ShrU, false]],
  [Op.Sraiw, [Wasm.I32ShrS, false]],
]);

/** Divisions. */
const divisions: ReadonlyMap<Op, readonly [isWord: boolean, isSigned: boolean, isQuotient: boolean]> =
  new Map<Op, readonly [boolean, boolean, boolean]>([
    [Op.Div, [false, true, true]],
    [Op.Divu, [false, false, true]],
    [Op.Rem, [false, true, false]],
    [Op.Remu, [false, false, false]],
    [Op.Divw, [true, true, true]],
    [Op.Divuw, [true, false, true]],
    [Op.Remw, [true, true, false]],
    [Op.Remuw, [true, false, false]],
  ]);

/** Writes an integer instruction, which leaves its result on the stack. False if it is another instruction. */
export function putArithmetic(code: Code, registers: Registers, instruction: Instruction): boolean {
  const { rs1, rs2, immediate, offset } = instruction;
  const op = instruction.code;
  switch (op) {
    case Op.Li:
      code.i64(immediate);
      return true;
    case Op.Mv:
      registers.get(code, rs1);
      return true;
    case Op.Auipc:
      // The sum may need more than 32 bits, so it is computed in two steps.
      code.get(Local.Base);
      code.i64(immediate);
      code.put(Wasm.I64Add);
      code.i64(offset);
      code.put(Wasm.I64Add);
      return true;
    case Op.Mulh:
    case Op.Mulhsu:
    case Op.Mulhu:
      putHighProduct(code, registers, instruction);
      return true;
    default:
      break;
  }
  const two = registerOperations.get(op);
  const one = immediateOperations.get(op);
  if (two !== undefined || one !== undefined) {
    registers.get(code, rs1);
    if (two !== undefined) {
      registers.get(code, rs2);
    } else {
      code.i64(immediate);
    }
    for (const step of two ?? one ?? []) {
      code.put(step);
    }
    return true;
  }
  const shift = wordShifts.get(op);
  if (shift !== undefined) {
    const [how, isByRegister] = shift;
    registers.get(code, rs1);
    code.put(Wasm.I32WrapI64);
    if (isByRegister) {
      registers.get(code, rs2);
      code.put(Wasm.I32WrapI64);
    } else {
      code.i32(immediate);
    }
    code.put(how);
    code.put(Wasm.I64ExtendI32S);
    return true;
  }
  const division = divisions.get(op);
  if (division === undefined) {
    return false;
  }
  putDivision(code, registers, instruction, ...division);
  return true;
}

/**
 * A division never traps. By zero, the quotient is all ones, and the remainder is the dividend. By minus one, the quotient is
 * the negated dividend, and the remainder is 0; that includes the one quotient that does not fit. Words are extended to 64
 * bits first, where their quotient always fits.
 */
function putDivision(
  code: Code,
  registers: Registers,
  { rs1, rs2 }: Instruction,
  isWord: boolean,
  isSigned: boolean,
  isQuotient: boolean,
): void {
  const operand = (register: number, local: number): void => {
    registers.get(code, register);
    if (isWord) {
      code.put(Wasm.I32WrapI64);
      code.put(isSigned ? Wasm.I64ExtendI32S : Wasm.I64ExtendI32U);
    }
    code.set(local);
  };
  operand(rs1, Local.First);
  operand(rs2, Local.Second);
  code.get(Local.Second);
  code.put(Wasm.I64Eqz);
  code.if(I64);
  if (isQuotient) {
    code.i64(-1);
  } else {
    code.get(Local.First);
  }
  code.put(Wasm.Else);
  if (isSigned) {
    code.get(Local.Second);
    code.i64(-1);
    code.put(Wasm.I64Eq);
    code.if(I64);
    code.i64(0);
    if (isQuotient) {
      code.get(Local.First);
      code.put(Wasm.I64Sub);
    }
    code.put(Wasm.Else);
  }
  code.get(Local.First);
  code.get(Local.Second);
  const quotient = isSigned ? Wasm.I64DivS : Wasm.I64DivU;
  const remainder = isSigned ? Wasm.I64RemS : Wasm.I64RemU;
  code.put(isQuotient ? quotient : remainder);
  if (isSigned) {
    code.end();
  }
  code.end();
  if (isWord) {
    code.put(Wasm.I64Extend32S);
  }
}

/** The high half of a product, from four products of words, with a correction for negative operands. */
function putHighProduct(code: Code, registers: Registers, { code: op, rs1, rs2 }: Instruction): void {
  const low = (register: number): void => {
    registers.get(code, register);
    code.put(Wasm.I32WrapI64);
    code.put(Wasm.I64ExtendI32U);
  };
  const high = (register: number): void => {
    registers.get(code, register);
    code.i64(32);
    code.put(Wasm.I64ShrU);
  };
  const upper = (local: number): void => {
    code.get(local);
    code.i64(32);
    code.put(Wasm.I64ShrU);
  };
  const correct = (negative: number, other: number): void => {
    registers.get(code, negative);
    code.i64(63);
    code.put(Wasm.I64ShrS);
    registers.get(code, other);
    code.put(Wasm.I64And);
    code.put(Wasm.I64Sub);
  };
  // cross = aHigh * bLow + (aLow * bLow >> 32)
  high(rs1);
  low(rs2);
  code.put(Wasm.I64Mul);
  low(rs1);
  low(rs2);
  code.put(Wasm.I64Mul);
  code.i64(32);
  code.put(Wasm.I64ShrU);
  code.put(Wasm.I64Add);
  code.set(Local.First);
  // middle = aLow * bHigh + low half of cross
  low(rs1);
  high(rs2);
  code.put(Wasm.I64Mul);
  code.get(Local.First);
  code.put(Wasm.I32WrapI64);
  code.put(Wasm.I64ExtendI32U);
  code.put(Wasm.I64Add);
  code.set(Local.Second);
  high(rs1);
  high(rs2);
  code.put(Wasm.I64Mul);
  upper(Local.First);
  code.put(Wasm.I64Add);
  upper(Local.Second);
  code.put(Wasm.I64Add);
  if (op !== Op.Mulhu) {
    correct(rs1, rs2);
  }
  if (op === Op.Mulh) {
    correct(rs2, rs1);
  }
}
