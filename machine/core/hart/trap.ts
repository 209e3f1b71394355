/**
 * Traps into the mode that handles them, and the returns (privileged specification, 3.1.6 to 3.1.8, 3.3.2, and
 * "Supervisor CSRs").
 */
import { Chaos, isChaos, seenInterrupts } from "../chaos/chaos";
import { updateView } from "../memory/tlb";
import { Event, trace } from "../trace";
import { Hart, Mode, unreserve } from "./hart";

/** Exception codes (privileged specification, "Machine Cause (mcause) Register"). */
export const enum Cause {
  FetchMisaligned = 0,
  FetchAccess = 1,
  Illegal = 2,
  Breakpoint = 3,
  LoadMisaligned = 4,
  LoadAccess = 5,
  StoreMisaligned = 6,
  StoreAccess = 7,
  UserCall = 8,
  SupervisorCall = 9,
  MachineCall = 11,
  FetchPage = 12,
  LoadPage = 13,
  StorePage = 15,
}

/** Bits of mstatus. */
export const SIE: u64 = 1 << 1;
export const MIE: u64 = 1 << 3;
export const SPIE: u64 = 1 << 5;
export const MPIE: u64 = 1 << 7;
export const SPP: u64 = 1 << 8;
export const MPP_SHIFT: u64 = 11;
export const MPP: u64 = 3 << 11;
export const MPRV: u64 = 1 << 17;
export const SUM: u64 = 1 << 18;
export const MXR: u64 = 1 << 19;
export const TVM: u64 = 1 << 20;
export const TW: u64 = 1 << 21;
export const TSR: u64 = 1 << 22;

const INTERRUPT: u64 = 1 << 63;

function enter(hart: Hart, cause: u64, value: u64, delegated: bool): void {
  trace(Event.Trap, hart.id, cause, hart.pc);
  const number = cause & ~INTERRUPT;
  const status = hart.mstatus;
  let vector: u64 = 0;
  if (delegated) {
    hart.scause = cause;
    hart.sepc = hart.pc;
    hart.stval = value;
    const previous: u64 = (status & SIE) !== 0 ? SPIE : 0;
    const from: u64 = hart.mode === Mode.Supervisor ? SPP : 0;
    hart.mstatus = (status & ~(SIE | SPIE | SPP)) | previous | from;
    hart.mode = Mode.Supervisor;
    vector = hart.stvec;
  } else {
    hart.mcause = cause;
    hart.mepc = hart.pc;
    hart.mtval = value;
    const previous: u64 = (status & MIE) !== 0 ? MPIE : 0;
    hart.mstatus = (status & ~(MIE | MPIE | MPP)) | previous | ((<u64>hart.mode) << MPP_SHIFT);
    hart.mode = Mode.Machine;
    vector = hart.mtvec;
  }
  const vectored = (vector & 1) !== 0 && (cause & INTERRUPT) !== 0;
  hart.pc = (vector & ~3) + (vectored ? number << 2 : 0);
  // An SC after a trap fails, so a trap handler need not end reservations. Hardware may do otherwise.
  if (!isChaos(Chaos.KeepReservations)) {
    unreserve(hart);
  }
  hart.traps += 1;
  updateView(hart);
}

/** Takes the exception `cause` at hart.pc; `value` is what stval or mtval shows. */
export function raise(hart: Hart, cause: Cause, value: u64): void {
  const delegated = hart.mode !== Mode.Machine && ((hart.medeleg >> <u64>cause) & 1) !== 0;
  enter(hart, cause, value, delegated);
}

/** The interrupt of highest priority among `pending`, which is not empty: MEI, MSI, MTI, SEI, SSI, STI. */
function highest(pending: u64): u64 {
  if ((pending & (1 << 11)) !== 0) {
    return 11;
  }
  if ((pending & (1 << 3)) !== 0) {
    return 3;
  }
  if ((pending & (1 << 7)) !== 0) {
    return 7;
  }
  if ((pending & (1 << 9)) !== 0) {
    return 9;
  }
  if ((pending & (1 << 1)) !== 0) {
    return 1;
  }
  return 5;
}

/** Takes an interrupt, if one is pending, enabled and not masked by the mode. True if so. */
export function takeInterrupt(hart: Hart): bool {
  const pending = seenInterrupts(hart.mip & hart.mie);
  if (pending === 0) {
    return false;
  }
  const forMachine = pending & ~hart.mideleg;
  if (forMachine !== 0 && (hart.mode !== Mode.Machine || (hart.mstatus & MIE) !== 0)) {
    enter(hart, INTERRUPT | highest(forMachine), 0, false);
    return true;
  }
  const forSupervisor = pending & hart.mideleg;
  if (forSupervisor === 0 || hart.mode === Mode.Machine) {
    return false;
  }
  if (hart.mode === Mode.Supervisor && (hart.mstatus & SIE) === 0) {
    return false;
  }
  enter(hart, INTERRUPT | highest(forSupervisor), 0, true);
  return true;
}

/** mret: back to the mode in MPP. */
export function returnFromMachine(hart: Hart): void {
  const status = hart.mstatus;
  const mode = <u32>((status & MPP) >> MPP_SHIFT);
  const enabled: u64 = (status & MPIE) !== 0 ? MIE : 0;
  let after = (status & ~(MIE | MPP)) | enabled | MPIE;
  if (mode !== Mode.Machine) {
    after &= ~MPRV;
  }
  hart.mstatus = after;
  hart.mode = mode;
  hart.pc = hart.mepc;
  trace(Event.Return, hart.id, hart.mode, hart.pc);
  updateView(hart);
}

/** sret: back to the mode in SPP. */
export function returnFromSupervisor(hart: Hart): void {
  const status = hart.mstatus;
  const enabled: u64 = (status & SPIE) !== 0 ? SIE : 0;
  hart.mstatus = (status & ~(SIE | SPP | MPRV)) | enabled | SPIE;
  hart.mode = (status & SPP) !== 0 ? Mode.Supervisor : Mode.User;
  hart.pc = hart.sepc;
  trace(Event.Return, hart.id, hart.mode, hart.pc);
  updateView(hart);
}
