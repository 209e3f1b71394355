/**
 * SYSTEM instructions: CSR accesses, calls and returns, waiting, TLB fences (privileged specification, 3.3
 * and "Supervisor Instructions").
 */
import { chaosMask, point, pointOfWaking, wakesEarly } from "../chaos/chaos";
import { drain } from "../chaos/store-buffer";
import { sbiCall } from "../firmware/firmware";
import { canAccess, Effect, readCsr, writeCsr } from "../hart/csr";
import { Hart, HartState, Mode, readRegister, writeRegister } from "../hart/hart";
import { Cause, raise, returnFromMachine, returnFromSupervisor, TSR, TVM, TW } from "../hart/trap";
import { shape } from "../layout";
import { flushTlb } from "../memory/tlb";
import { Event, trace } from "../trace";

/** What the loop does after an instruction that was executed out of line. */
export const enum After {
  /** Goes on with the next instruction. */
  Next = 0,
  /** The instruction is done, hart.pc says where to go on; look at everything anew. */
  Leave = 1,
  /** It trapped: hart.pc is the handler, and nothing was retired. */
  Trapped = 2,
  /** Goes on with the hart's straddling op. */
  Straddle = 3,
  /** A breakpoint: nothing was executed. */
  Stop = 4,
}

const ECALL: u32 = 0x0000_0073;
const EBREAK: u32 = 0x0010_0073;
const SRET: u32 = 0x1020_0073;
const MRET: u32 = 0x3020_0073;
const WFI: u32 = 0x1050_0073;
const SFENCE_VMA: u32 = 0x09;

function illegal(hart: Hart, word: u32): After {
  raise(hart, Cause.Illegal, <u64>word);
  return After.Trapped;
}

function leave(hart: Hart): After {
  hart.pc += 4;
  return After.Leave;
}

/** csrrw, csrrs, csrrc and their immediate forms. Without a write there are no effects of a write (chapter "Zicsr"). */
function accessCsr(hart: Hart, word: u32): After {
  const funct3 = (word >> 12) & 7;
  const field = (word >> 15) & 31;
  const rd = (word >> 7) & 31;
  const number = word >> 20;
  const replaces = (funct3 & 3) === 1;
  const writes = replaces || field !== 0;
  if ((funct3 & 3) === 0 || !canAccess(hart, number, writes)) {
    return illegal(hart, word);
  }
  const operand = (funct3 & 4) !== 0 ? <u64>field : readRegister(hart.id, field);
  const before = readCsr(hart, number);
  let effect = Effect.None;
  if (replaces) {
    effect = writeCsr(hart, number, operand);
  } else if (writes) {
    effect = writeCsr(hart, number, (funct3 & 3) === 2 ? before | operand : before & ~operand);
  }
  writeRegister(hart.id, rd, before);
  if (effect === Effect.None) {
    return After.Next;
  }
  point();
  return leave(hart);
}

function call(hart: Hart): After {
  if (hart.mode === Mode.Supervisor && shape().firmware !== 0) {
    hart.pc += 4;
    // The firmware executes a fence before it does anything that other harts see.
    drain(hart.id);
    pointOfWaking();
    sbiCall(hart.id);
    return After.Leave;
  }
  const cause =
    hart.mode === Mode.User
      ? Cause.UserCall
      : hart.mode === Mode.Supervisor
        ? Cause.SupervisorCall
        : Cause.MachineCall;
  raise(hart, cause, 0);
  return After.Trapped;
}

/** Waits until an interrupt is pending and enabled, whether or not the mode takes it. */
function waitForInterrupt(hart: Hart): After {
  const refused = hart.mode !== Mode.Machine && (hart.mode === Mode.User || (hart.mstatus & TW) !== 0);
  if (refused) {
    return illegal(hart, WFI);
  }
  if ((hart.mip & hart.mie) === 0 && !wakesEarly()) {
    hart.state = HartState.Waiting;
    trace(Event.Wait, hart.id, hart.pc, 0);
  }
  return leave(hart);
}

function fenceTranslations(hart: Hart, word: u32): After {
  const forbidden = hart.mode === Mode.User || (hart.mode === Mode.Supervisor && (hart.mstatus & TVM) !== 0);
  if (forbidden || ((word >> 7) & 31) !== 0) {
    return illegal(hart, word);
  }
  // The walks that follow see the stores to page tables.
  drain(hart.id);
  const rs1 = (word >> 15) & 31;
  const rs2 = (word >> 20) & 31;
  const asid = rs2 === 0 ? -1 : <i32>(readRegister(hart.id, rs2) & 0xffff);
  if (rs1 === 0) {
    flushTlb(hart.id, 0, 0, asid);
  } else {
    flushTlb(hart.id, readRegister(hart.id, rs1), 1, asid);
  }
  return chaosMask() === 0 ? After.Next : leave(hart);
}

/** Executes the SYSTEM instruction `word` at hart.pc. */
export function system(hart: Hart, word: u32): After {
  if (((word >> 12) & 7) !== 0) {
    return accessCsr(hart, word);
  }
  if (word >> 25 === SFENCE_VMA) {
    return fenceTranslations(hart, word);
  }
  switch (word) {
    case ECALL:
      return call(hart);
    case EBREAK:
      raise(hart, Cause.Breakpoint, hart.pc);
      return After.Trapped;
    case SRET:
      if (hart.mode === Mode.User) {
        return illegal(hart, word);
      }
      if (hart.mode === Mode.Supervisor && (hart.mstatus & TSR) !== 0) {
        return illegal(hart, word);
      }
      returnFromSupervisor(hart);
      return After.Leave;
    case MRET:
      if (hart.mode !== Mode.Machine) {
        return illegal(hart, word);
      }
      returnFromMachine(hart);
      return After.Leave;
    case WFI:
      return waitForInterrupt(hart);
    default:
      return illegal(hart, word);
  }
}
