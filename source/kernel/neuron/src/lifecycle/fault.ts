/**
 * A fault of a task goes to its debugger, if it has one, or ends the task, with one line that says what and where.
 * Reached from trap.ts.
 */
import { End } from "abi/task";
import { Exception, exceptionName } from "../arch/riscv/cause";
import { Hart } from "../arch/riscv/hart";
import { taskFaulted } from "../diag/markers";
import { Task } from "../task/objects";
import { stopAtFault } from "./debug";
import { endTask } from "./reap";

/** Major opcodes of floating-point instructions (unprivileged ISA, table 70). */
const OPCODE_LOAD_FP: u32 = 0x07;
const OPCODE_STORE_FP: u32 = 0x27;
const OPCODE_MADD: u32 = 0x43;
const OPCODE_MSUB: u32 = 0x47;
const OPCODE_NMSUB: u32 = 0x4b;
const OPCODE_NMADD: u32 = 0x4f;
const OPCODE_OP_FP: u32 = 0x53;
const OPCODE_MASK: u32 = 0x7f;

/** Whether an illegal instruction is one of F or D: the FPU is off, and stays off. */
function isFloatingPoint(instruction: u32): bool {
  switch (instruction & OPCODE_MASK) {
    case OPCODE_LOAD_FP:
    case OPCODE_STORE_FP:
    case OPCODE_MADD:
    case OPCODE_MSUB:
    case OPCODE_NMSUB:
    case OPCODE_NMADD:
    case OPCODE_OP_FP:
      return true;
    default:
      return isCompressedFloatingPoint(instruction & 0xffff);
  }
}

/** C.FLD, C.FSD and their forms through sp: quadrants 0 and 2, funct3 001 and 101. */
function isCompressedFloatingPoint(instruction: u32): bool {
  const quadrant = instruction & 3;
  const funct3 = instruction >> 13;
  return (quadrant === 0 || quadrant === 2) && (funct3 === 1 || funct3 === 5);
}

/** What exception `cause` ends a task for. */
export function endOf(cause: u64, value: u64): End {
  switch (<u32>cause) {
    case Exception.IllegalInstruction:
      return isFloatingPoint(<u32>value) ? End.FloatingPoint : End.IllegalInstruction;
    case Exception.InstructionAccess:
    case Exception.InstructionPage:
      return End.InstructionFault;
    case Exception.LoadAccess:
    case Exception.LoadPage:
      return End.LoadFault;
    case Exception.StoreAccess:
    case Exception.StorePage:
      return End.StoreFault;
    case Exception.InstructionMisaligned:
    case Exception.LoadMisaligned:
    case Exception.StoreMisaligned:
      return End.Misaligned;
    case Exception.Breakpoint:
      return End.Breakpoint;
    default:
      return End.Unknown;
  }
}

/** The task that `hart` runs trapped with exception `cause`; `value` is stval: an address, or the instruction. */
export function faultTask(hart: Hart, task: Task, cause: u64, value: u64): void {
  if (!stopAtFault(hart, task, cause, value)) {
    endForFault(task, cause, value, task.sepc);
  }
}

/** Ends `task`, which runs here or is claimed, for a fault at `pc`. */
export function endForFault(task: Task, cause: u64, value: u64, pc: u64): void {
  const end = endOf(cause, value);
  const name = end === End.FloatingPoint ? "floating-point instruction" : exceptionName(cause);
  taskFaulted(task.nameAddress, name, value, pc);
  endTask(task, end, value);
}
