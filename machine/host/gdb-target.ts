// What gdb is told of a hart's registers: the target description (GDB manual, appendix G).

import { PC_REGISTER } from "./run.ts";

/** Registers in gdb's numbering: x0 to x31, pc. */
export const REGISTERS = PC_REGISTER + 1;

/** How gdb numbers a CSR, and the privilege mode (gdb's riscv-tdep.h). */
const CSR_FIRST = 65;
export const PRIVILEGE = CSR_FIRST + 4096;

/** The CSRs that gdb sees, by number (privileged architecture, chapter 2). */
const csrs: Record<string, number> = {
  sstatus: 0x100,
  sie: 0x104,
  stvec: 0x105,
  scounteren: 0x106,
  sscratch: 0x140,
  sepc: 0x141,
  scause: 0x142,
  stval: 0x143,
  sip: 0x144,
  stimecmp: 0x14d,
  satp: 0x180,
  mstatus: 0x300,
  medeleg: 0x302,
  mideleg: 0x303,
  mie: 0x304,
  mtvec: 0x305,
  mscratch: 0x340,
  mepc: 0x341,
  mcause: 0x342,
  mtval: 0x343,
  mip: 0x344,
  cycle: 0xc00,
  time: 0xc01,
  instret: 0xc02,
};

const general = Array.from({ length: REGISTERS }, (_, index) =>
  index === PC_REGISTER ? registerLine("pc", index, "code_ptr") : registerLine(`x${index}`, index),
);
/** The whole description. */
export const target = `<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target version="1.0">
<architecture>riscv:rv64</architecture>
<feature name="org.gnu.gdb.riscv.cpu">${general.join("")}</feature>
<feature name="org.gnu.gdb.riscv.csr">${Object.entries(csrs)
  .map(([name, number]) => registerLine(name, CSR_FIRST + number))
  .join("")}</feature>
<feature name="org.gnu.gdb.riscv.virtual">${registerLine("priv", PRIVILEGE)}</feature></target>`;

function registerLine(name: string, number: number, type = "int"): string {
  return `<reg name="${name}" bitsize="64" type="${type}" regnum="${number}"/>`;
}

/** The CSR that gdb has under this number; undefined for none that it was told of. */
export function csrOf(number: number): number | undefined {
  return Object.values(csrs).find((csr) => CSR_FIRST + csr === number);
}
