/**
 * Control and status registers: which mode may access which, what a read gives, what a write changes.
 *
 * Optional parts are constant here: FS and XS are off, because there is no floating point; event counters, mcountinhibit
 * and debug triggers read as 0. A CSR instruction calls canAccess(), then readCsr(), and if it writes, writeCsr(). If
 * canAccess() refuses, system.ts raises the illegal-instruction exception.
 */
import { deadlinesChanged, time } from "../clock";
import { isPmp, pmpChanged, pmpRead, pmpWrite } from "../memory/pmp";
import { emptyTables, selectSpace, updateView } from "../memory/tlb";
import { Event, trace } from "../trace";
import { Csr, counterBit, csrExists, isCounter, isReadOnlyCsr, modeOfCsr } from "./csr-numbers";
import { Hart, MISA, Mode } from "./hart";
import { MIE, MPIE, MPP, MPP_SHIFT, MPRV, MXR, SIE, SPIE, SPP, SUM, TSR, TVM, TW } from "./trap";

/** What a write of a CSR may have changed. */
export const enum Effect {
  /** Nothing but the register. */
  None = 0,
  /** Interrupts, translation or deadlines: the run loop looks at all of them anew. */
  Control = 1,
}

/** The value of mstatus.MPP that stands for no mode. */
const RESERVED_MODE: u64 = 2;
const SSTATUS_WRITABLE: u64 = SIE | SPIE | SPP | SUM | MXR;
/** The width of registers in user mode, always 64 bits. */
const UXL: u64 = 3 << 32;
const SSTATUS_READABLE: u64 = SSTATUS_WRITABLE | UXL;
const MSTATUS_WRITABLE: u64 = SSTATUS_WRITABLE | MIE | MPIE | MPRV | TVM | TW | TSR;
/** Bit per exception that supervisor mode may be given: all but the call from machine mode. */
const MEDELEG_WRITABLE: u64 = 0xb3ff;

/** Bits of mip and mie, for the software, timer and external interrupt of each mode. */
const SSIP: u64 = 1 << 1;
const STIP: u64 = 1 << 5;
const SEIP: u64 = 1 << 9;
const MSIP: u64 = 1 << 3;
const MTIP: u64 = 1 << 7;
const MEIP: u64 = 1 << 11;
const SUPERVISOR_INTERRUPTS: u64 = SSIP | STIP | SEIP;
const ALL_INTERRUPTS: u64 = SUPERVISOR_INTERRUPTS | MSIP | MTIP | MEIP;

/** Of menvcfg: supervisor mode has stimecmp (Sstc). */
const STCE: u64 = 1 << 63;
/** Of menvcfg and senvcfg: a fence of device accesses orders memory accesses too. */
const FIOM: u64 = 1;

/** The modes of satp, its top four bits. */
const SATP_BARE: u64 = 0;
const SATP_SV39: u64 = 8;

/** An exception's program counter is even. */
const PC_MASK: u64 = ~1;
/** Bit 0 of a trap vector is its mode, direct or vectored; bit 1 is always 0. */
const VECTOR_MASK: u64 = ~2;

/** Whether the hart's mode may read a counter. */
function mayCount(hart: Hart, counter: u32): bool {
  const bit = counterBit(counter);
  if (hart.mode === Mode.Machine) {
    return true;
  }
  if (((hart.mcounteren >> bit) & 1) === 0) {
    return false;
  }
  return hart.mode === Mode.Supervisor || ((hart.scounteren >> bit) & 1) !== 0;
}

/** Whether the hart's mode may read, and if `write` also write, a CSR. */
export function canAccess(hart: Hart, number: u32, write: bool): bool {
  if (modeOfCsr(number) > hart.mode || !csrExists(number) || (write && isReadOnlyCsr(number))) {
    return false;
  }
  if (isCounter(number)) {
    return mayCount(hart, number);
  }
  if (number === Csr.Satp) {
    return hart.mode !== Mode.Supervisor || (hart.mstatus & TVM) === 0;
  }
  if (number === Csr.Stimecmp && hart.mode === Mode.Supervisor) {
    return (hart.menvcfg & STCE) !== 0 && mayCount(hart, Csr.Time);
  }
  return true;
}

/** The value of a CSR that canAccess() allowed. */
export function readCsr(hart: Hart, number: u32): u64 {
  switch (number) {
    case Csr.Sstatus:
      return hart.mstatus & SSTATUS_READABLE;
    case Csr.Sie:
      return hart.mie & hart.mideleg;
    case Csr.Stvec:
      return hart.stvec;
    case Csr.Scounteren:
      return hart.scounteren;
    case Csr.Senvcfg:
      return hart.senvcfg;
    case Csr.Sscratch:
      return hart.sscratch;
    case Csr.Sepc:
      return hart.sepc;
    case Csr.Scause:
      return hart.scause;
    case Csr.Stval:
      return hart.stval;
    case Csr.Sip:
      return hart.mip & hart.mideleg;
    case Csr.Stimecmp:
      return hart.stimecmp;
    case Csr.Satp:
      return hart.satp;
    case Csr.Mstatus:
      return hart.mstatus;
    case Csr.Misa:
      return MISA;
    case Csr.Medeleg:
      return hart.medeleg;
    case Csr.Mideleg:
      return hart.mideleg;
    case Csr.Mie:
      return hart.mie;
    case Csr.Mtvec:
      return hart.mtvec;
    case Csr.Mcounteren:
      return hart.mcounteren;
    case Csr.Menvcfg:
      return hart.menvcfg;
    case Csr.Mscratch:
      return hart.mscratch;
    case Csr.Mepc:
      return hart.mepc;
    case Csr.Mcause:
      return hart.mcause;
    case Csr.Mtval:
      return hart.mtval;
    case Csr.Mip:
      return hart.mip;
    case Csr.Mcycle:
    case Csr.Cycle:
      // An instruction takes one cycle.
      return hart.retired + hart.cycleBase;
    case Csr.Time:
      return time();
    case Csr.Minstret:
    case Csr.Instret:
      return hart.retired + hart.instretBase;
    case Csr.Mhartid:
      return <u64>hart.id;
    default:
      return isPmp(number) ? pmpRead(hart, number) : 0;
  }
}

function writeStatus(hart: Hart, value: u64, writable: u64): Effect {
  const before = hart.mstatus;
  hart.mstatus = (before & ~writable) | (value & writable);
  // MXR decides which pages may be read, so what the tables say about reading no longer holds.
  if (((before ^ hart.mstatus) & MXR) !== 0) {
    emptyTables(hart.id);
  }
  updateView(hart);
  return Effect.Control;
}

function writeMachineStatus(hart: Hart, value: u64): Effect {
  // A write of the reserved mode leaves MPP as it is.
  const mode = (value & MPP) >> MPP_SHIFT;
  return writeStatus(hart, value, mode === RESERVED_MODE ? MSTATUS_WRITABLE : MSTATUS_WRITABLE | MPP);
}

/** A write of a mode that this machine lacks has no effect at all. */
function writeSatp(hart: Hart, value: u64): Effect {
  const mode = value >> 60;
  if (mode !== SATP_BARE && mode !== SATP_SV39) {
    return Effect.None;
  }
  hart.satp = value;
  trace(Event.Space, hart.id, value, hart.pc);
  selectSpace(hart);
  updateView(hart);
  return Effect.Control;
}

function writePending(hart: Hart, value: u64, writable: u64): Effect {
  hart.mip = (hart.mip & ~writable) | (value & writable);
  return Effect.Control;
}

/** Sets a CSR that canAccess() allowed; `value` is what the instruction computed. */
export function writeCsr(hart: Hart, number: u32, value: u64): Effect {
  switch (number) {
    case Csr.Sstatus:
      return writeStatus(hart, value, SSTATUS_WRITABLE);
    case Csr.Sie:
      hart.mie = (hart.mie & ~hart.mideleg) | (value & hart.mideleg);
      return Effect.Control;
    case Csr.Stvec:
      hart.stvec = value & VECTOR_MASK;
      return Effect.None;
    case Csr.Scounteren:
      hart.scounteren = value & 0xffff_ffff;
      return Effect.None;
    case Csr.Senvcfg:
      hart.senvcfg = value & FIOM;
      return Effect.None;
    case Csr.Sscratch:
      hart.sscratch = value;
      return Effect.None;
    case Csr.Sepc:
      hart.sepc = value & PC_MASK;
      return Effect.None;
    case Csr.Scause:
      hart.scause = value;
      return Effect.None;
    case Csr.Stval:
      hart.stval = value;
      return Effect.None;
    case Csr.Sip:
      return writePending(hart, value, SSIP & hart.mideleg);
    case Csr.Stimecmp:
      hart.stimecmp = value;
      deadlinesChanged();
      return Effect.Control;
    case Csr.Satp:
      return writeSatp(hart, value);
    case Csr.Mstatus:
      return writeMachineStatus(hart, value);
    case Csr.Medeleg:
      hart.medeleg = value & MEDELEG_WRITABLE;
      return Effect.None;
    case Csr.Mideleg:
      hart.mideleg = value & SUPERVISOR_INTERRUPTS;
      return Effect.Control;
    case Csr.Mie:
      hart.mie = value & ALL_INTERRUPTS;
      return Effect.Control;
    case Csr.Mtvec:
      hart.mtvec = value & VECTOR_MASK;
      return Effect.None;
    case Csr.Mcounteren:
      hart.mcounteren = value & 0xffff_ffff;
      return Effect.None;
    case Csr.Menvcfg:
      hart.menvcfg = value & (STCE | FIOM);
      // With Sstc, STIP follows stimecmp. Without it, machine mode writes STIP, which begins as 0.
      if ((hart.menvcfg & STCE) === 0) {
        hart.mip &= ~STIP;
      }
      deadlinesChanged();
      return Effect.Control;
    case Csr.Mscratch:
      hart.mscratch = value;
      return Effect.None;
    case Csr.Mepc:
      hart.mepc = value & PC_MASK;
      return Effect.None;
    case Csr.Mcause:
      hart.mcause = value;
      return Effect.None;
    case Csr.Mtval:
      hart.mtval = value;
      return Effect.None;
    case Csr.Mip:
      return writePending(hart, value, SSIP | SEIP | ((hart.menvcfg & STCE) !== 0 ? 0 : STIP));
    case Csr.Mcycle:
      // The write itself is not counted: the next instruction reads what was written.
      hart.cycleBase = value - (hart.retired + 1);
      return Effect.None;
    case Csr.Minstret:
      hart.instretBase = value - (hart.retired + 1);
      return Effect.None;
    default:
      if (isPmp(number)) {
        pmpWrite(hart, number, value);
        pmpChanged(hart);
        emptyTables(hart.id); // what PMP allows is part of their entries
        return Effect.Control;
      }
      return Effect.None; // a constant
  }
}
