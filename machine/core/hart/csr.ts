/**
 * Control and status registers: who may touch which, what a read gives, what a write changes.
 *
 * Fields that a machine need not have are constant (WARL): no floating point, so FS and XS are off; no event counters;
 * no debug triggers. Every access goes canAccess() → readCsr() → writeCsr(); system.ts makes the illegal instruction
 * of a refusal.
 */
import { deadlinesChanged, time } from "../clock";
import { isPmp, pmpChanged, pmpRead, pmpWrite } from "../memory/pmp";
import { emptyTables, selectSpace, updateView } from "../memory/tlb";
import { Event, trace } from "../trace";
import { Hart, MISA, Mode } from "./hart";
import { MIE, MPIE, MPP, MPP_SHIFT, MPRV, MXR, SIE, SPIE, SPP, SUM, TSR, TVM, TW } from "./trap";

/** Numbers (privileged specification, tables 4 to 8). */
export const enum Csr {
  Sstatus = 0x100,
  Sie = 0x104,
  Stvec = 0x105,
  Scounteren = 0x106,
  Senvcfg = 0x10a,
  Sscratch = 0x140,
  Sepc = 0x141,
  Scause = 0x142,
  Stval = 0x143,
  Sip = 0x144,
  Stimecmp = 0x14d,
  Satp = 0x180,
  Mstatus = 0x300,
  Misa = 0x301,
  Medeleg = 0x302,
  Mideleg = 0x303,
  Mie = 0x304,
  Mtvec = 0x305,
  Mcounteren = 0x306,
  Menvcfg = 0x30a,
  Mcountinhibit = 0x320,
  Mscratch = 0x340,
  Mepc = 0x341,
  Mcause = 0x342,
  Mtval = 0x343,
  Mip = 0x344,
  Mcycle = 0xb00,
  Minstret = 0xb02,
  Cycle = 0xc00,
  Time = 0xc01,
  Instret = 0xc02,
  Mhartid = 0xf14,
}

/** What a write of a CSR may have changed. */
export const enum Effect {
  /** Nothing but the register. */
  None = 0,
  /** Interrupts, translation or deadlines: the run loop looks at all of it anew. */
  Control = 1,
}

const SSTATUS_WRITABLE: u64 = SIE | SPIE | SPP | SUM | MXR;
const SSTATUS_READABLE: u64 = SSTATUS_WRITABLE | (3 << 32);
const MSTATUS_WRITABLE: u64 = SSTATUS_WRITABLE | MIE | MPIE | MPRV | TVM | TW | TSR;
const MEDELEG_WRITABLE: u64 = 0xb3ff;
const SUPERVISOR_INTERRUPTS: u64 = 0x222;
const ALL_INTERRUPTS: u64 = 0xaaa;
const SSIP: u64 = 2;
const STIP: u64 = 1 << 5;
const SEIP: u64 = 1 << 9;
const STCE: u64 = 1 << 63;
const FIOM: u64 = 1;
/** Sv39 and Bare are the modes of satp. */
const SATP_SV39: u64 = 8;

/** Whether the mode may read counter `bit` (cycle 0, time 1, instret 2, ...). */
function counterAllowed(hart: Hart, bit: u64): bool {
  if (hart.mode === Mode.Machine) {
    return true;
  }
  if (((hart.mcounteren >> bit) & 1) === 0) {
    return false;
  }
  return hart.mode === Mode.Supervisor || ((hart.scounteren >> bit) & 1) !== 0;
}

function exists(number: u32): bool {
  if (number >= 0xc00 && number <= 0xc1f) {
    return true;
  }
  if (number >= 0xb00 && number <= 0xb1f) {
    return number !== 0xb01;
  }
  if (number >= 0x323 && number <= 0x33f) {
    return true;
  }
  // RV64 has the even pmpcfg registers only.
  if (isPmp(number)) {
    return number >= 0x3b0 || (number & 1) === 0;
  }
  // tselect to tdata3, and what tells machines apart.
  if (number >= 0x7a0 && number <= 0x7a3) {
    return true;
  }
  if (number >= 0xf11 && number <= 0xf15) {
    return true;
  }
  switch (number) {
    case Csr.Sstatus:
    case Csr.Sie:
    case Csr.Stvec:
    case Csr.Scounteren:
    case Csr.Senvcfg:
    case Csr.Sscratch:
    case Csr.Sepc:
    case Csr.Scause:
    case Csr.Stval:
    case Csr.Sip:
    case Csr.Stimecmp:
    case Csr.Satp:
    case Csr.Mstatus:
    case Csr.Misa:
    case Csr.Medeleg:
    case Csr.Mideleg:
    case Csr.Mie:
    case Csr.Mtvec:
    case Csr.Mcounteren:
    case Csr.Menvcfg:
    case Csr.Mcountinhibit:
    case Csr.Mscratch:
    case Csr.Mepc:
    case Csr.Mcause:
    case Csr.Mtval:
    case Csr.Mip:
      return true;
    default:
      return false;
  }
}

/** Whether the hart's mode may read, and if `write` also write, a CSR. */
export function canAccess(hart: Hart, number: u32, write: bool): bool {
  if (((number >> 8) & 3) > hart.mode || !exists(number)) {
    return false;
  }
  if (write && number >> 10 === 3) {
    return false;
  }
  if (number >= 0xc00 && number <= 0xc1f) {
    return counterAllowed(hart, <u64>(number & 31));
  }
  if (number === Csr.Satp) {
    return hart.mode !== Mode.Supervisor || (hart.mstatus & TVM) === 0;
  }
  if (number === Csr.Stimecmp && hart.mode === Mode.Supervisor) {
    return (hart.menvcfg & STCE) !== 0 && counterAllowed(hart, 1);
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
  // What may be read has changed under every entry for reading.
  if (((before ^ hart.mstatus) & MXR) !== 0) {
    emptyTables(hart.id);
  }
  updateView(hart);
  return Effect.Control;
}

function writeMachineStatus(hart: Hart, value: u64): Effect {
  // MPP holds only modes that there are.
  const mode = (value & MPP) >> MPP_SHIFT;
  return writeStatus(hart, value, mode === 2 ? MSTATUS_WRITABLE : MSTATUS_WRITABLE | MPP);
}

function writeSatp(hart: Hart, value: u64): Effect {
  const mode = value >> 60;
  if (mode !== 0 && mode !== SATP_SV39) {
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
    case Csr.Sie: {
      const mask = hart.mideleg & SUPERVISOR_INTERRUPTS;
      hart.mie = (hart.mie & ~mask) | (value & mask);
      return Effect.Control;
    }
    case Csr.Stvec:
      hart.stvec = value & ~2;
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
      hart.sepc = value & ~1;
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
      hart.mtvec = value & ~2;
      return Effect.None;
    case Csr.Mcounteren:
      hart.mcounteren = value & 0xffff_ffff;
      return Effect.None;
    case Csr.Menvcfg:
      hart.menvcfg = value & (STCE | FIOM);
      // Without Sstc STIP is software's.
      if ((hart.menvcfg & STCE) === 0) {
        hart.mip &= ~STIP;
      }
      deadlinesChanged();
      return Effect.Control;
    case Csr.Mscratch:
      hart.mscratch = value;
      return Effect.None;
    case Csr.Mepc:
      hart.mepc = value & ~1;
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
        emptyTables(hart.id);
        return Effect.Control;
      }
      return Effect.None;
  }
}
