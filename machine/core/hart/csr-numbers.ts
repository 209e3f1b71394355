/**
 * The numbers of the control and status registers, and which of them this machine has (privileged specification, "CSR
 * Listing").
 */
import { isPmp } from "../memory/pmp";

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

/** cycle, time, instret and the event counters. */
const COUNTER_FIRST: u32 = 0xc00;
const COUNTER_LAST: u32 = 0xc1f;
/** The same for machine mode. time is missing: machine mode reads it from memory (mtime). */
const MACHINE_COUNTER_FIRST: u32 = 0xb00;
const MACHINE_COUNTER_LAST: u32 = 0xb1f;
const NO_MACHINE_TIME: u32 = 0xb01;
/** mhpmevent3 to mhpmevent31: what the event counters count. */
const EVENT_FIRST: u32 = 0x323;
const EVENT_LAST: u32 = 0x33f;
/** tselect, tdata1 to tdata3: debug triggers. */
const TRIGGER_FIRST: u32 = 0x7a0;
const TRIGGER_LAST: u32 = 0x7a3;
/** mvendorid, marchid, mimpid, mhartid, mconfigptr. */
const IDENTITY_FIRST: u32 = 0xf11;
const IDENTITY_LAST: u32 = 0xf15;
/** pmpaddr0; the pmpcfg registers are below it. */
const PMP_ADDRESS_FIRST: u32 = 0x3b0;

/** The least privileged mode that may access a CSR: part of its number. */
export function modeOfCsr(number: u32): u32 {
  return (number >> 8) & 3;
}

/** Whether a CSR cannot be written, by any mode: part of its number. */
export function isReadOnlyCsr(number: u32): bool {
  return number >> 10 === 3;
}

/** Whether a CSR is a counter that mcounteren and scounteren can close to other modes. */
export function isCounter(number: u32): bool {
  return isBetween(number, COUNTER_FIRST, COUNTER_LAST);
}

/** The bit of a counter in mcounteren and scounteren: 0 for cycle, 1 for time, 2 for instret. */
export function counterBit(number: u32): u64 {
  return <u64>(number - COUNTER_FIRST);
}

function isBetween(number: u32, first: u32, last: u32): bool {
  return number >= first && number <= last;
}

/** Whether this machine has the CSR. */
export function csrExists(number: u32): bool {
  if (
    isCounter(number) ||
    isBetween(number, EVENT_FIRST, EVENT_LAST) ||
    isBetween(number, TRIGGER_FIRST, TRIGGER_LAST) ||
    isBetween(number, IDENTITY_FIRST, IDENTITY_LAST)
  ) {
    return true;
  }
  if (isBetween(number, MACHINE_COUNTER_FIRST, MACHINE_COUNTER_LAST)) {
    return number !== NO_MACHINE_TIME;
  }
  // RV64 has the even pmpcfg registers only.
  if (isPmp(number)) {
    return number >= PMP_ADDRESS_FIRST || (number & 1) === 0;
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
