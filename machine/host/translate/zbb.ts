// Translates the instructions of Zbb: the Wasm of each puts its result onto the stack. The interpreter's execute/zbb.ts does
// the same in AssemblyScript. Instructions for which Wasm has nothing similar are left to it (flow.ts).

import { Op } from "../../../build/gen/host/machine/core/code/ops.ts";
import { type Code, Wasm } from "./encoder.ts";
import type { Registers } from "./locals.ts";
import type { Instruction } from "./page.ts";

/** Operations on two registers. */
const registerOperations: ReadonlyMap<Op, Wasm> = new Map<Op, Wasm>([
  [Op.Rol, Wasm.I64Rotl],
  [Op.Ror, Wasm.I64Rotr],
]);

/** Operations on a register and the complement of the other. */
const negatedOperations: ReadonlyMap<Op, Wasm> = new Map<Op, Wasm>([
  [Op.Andn, Wasm.I64And],
  [Op.Orn, Wasm.I64Or],
  [Op.Xnor, Wasm.I64Xor],
]);

/** The result is the first of two registers if this comparison holds, and otherwise the second. */
const choices: ReadonlyMap<Op, Wasm> = new Map<Op, Wasm>([
  [Op.Min, Wasm.I64LtS],
  [Op.Minu, Wasm.I64LtU],
  [Op.Max, Wasm.I64GeS],
  [Op.Maxu, Wasm.I64GeU],
]);

/** Operations on one register. */
const singleOperations: ReadonlyMap<Op, readonly Wasm[]> = new Map<Op, readonly Wasm[]>([
  [Op.Clz, [Wasm.I64Clz]],
  [Op.Ctz, [Wasm.I64Ctz]],
  [Op.Cpop, [Wasm.I64Popcnt]],
  [Op.Clzw, [Wasm.I32WrapI64, Wasm.I32Clz, Wasm.I64ExtendI32U]],
  [Op.Ctzw, [Wasm.I32WrapI64, Wasm.I32Ctz, Wasm.I64ExtendI32U]],
  [Op.Cpopw, [Wasm.I32WrapI64, Wasm.I32Popcnt, Wasm.I64ExtendI32U]],
  [Op.SextB, [Wasm.I64Extend8S]],
  [Op.SextH, [Wasm.I64Extend16S]],
]);

/** Rotations of the low words of two registers. */
const wordRotations: ReadonlyMap<Op, Wasm> = new Map<Op, Wasm>([
  [Op.Rolw, Wasm.I32Rotl],
  [Op.Rorw, Wasm.I32Rotr],
]);

const HALF_MASK = 0xffff;

/** Writes an instruction of Zbb, which leaves its result on the stack. False if it is another instruction. */
export function putZbb(code: Code, registers: Registers, instruction: Instruction): boolean {
  const { code: op, rs1, immediate } = instruction;
  const single = singleOperations.get(op);
  if (single !== undefined) {
    registers.get(code, rs1);
    for (const step of single) {
      code.put(step);
    }
    return true;
  }
  switch (op) {
    case Op.Rori:
      registers.get(code, rs1);
      code.i64(immediate);
      code.put(Wasm.I64Rotr);
      return true;
    case Op.Roriw:
      registers.get(code, rs1);
      code.put(Wasm.I32WrapI64);
      code.i32(immediate);
      code.put(Wasm.I32Rotr);
      code.put(Wasm.I64ExtendI32S);
      return true;
    case Op.ZextH:
      registers.get(code, rs1);
      code.i64(HALF_MASK);
      code.put(Wasm.I64And);
      return true;
    default:
      return putOfTwo(code, registers, instruction);
  }
}

function putOfTwo(code: Code, registers: Registers, { code: op, rs1, rs2 }: Instruction): boolean {
  const whole = registerOperations.get(op);
  const negated = negatedOperations.get(op);
  const choice = choices.get(op);
  const rotation = wordRotations.get(op);
  if (whole !== undefined) {
    registers.get(code, rs1);
    registers.get(code, rs2);
    code.put(whole);
  } else if (negated !== undefined) {
    registers.get(code, rs1);
    registers.get(code, rs2);
    code.i64(-1);
    code.put(Wasm.I64Xor);
    code.put(negated);
  } else if (choice !== undefined) {
    registers.get(code, rs1);
    registers.get(code, rs2);
    registers.get(code, rs1);
    registers.get(code, rs2);
    code.put(choice);
    code.put(Wasm.Select);
  } else if (rotation !== undefined) {
    registers.get(code, rs1);
    code.put(Wasm.I32WrapI64);
    registers.get(code, rs2);
    code.put(Wasm.I32WrapI64);
    code.put(rotation);
    code.put(Wasm.I64ExtendI32S);
  } else {
    return false;
  }
  return true;
}
