// What gdb is told about a hart's registers: the target description (GDB manual, appendix G).

import { Csr } from "../../../build/gen/host/machine/core/hart/csr-numbers.ts";
import { PC_REGISTER } from "../run.ts";

/** Registers in gdb's numbering: x0 to x31, pc. */
export const REGISTERS = PC_REGISTER + 1;

/** How gdb numbers a CSR, and the privilege mode (gdb's riscv-tdep.h). */
const CSR_FIRST = 65;
export const PRIVILEGE = CSR_FIRST + 4096;

/** The CSRs of the machine that gdb is shown. */
const csrs = [
  "Sstatus",
  "Sie",
  "Stvec",
  "Scounteren",
  "Sscratch",
  "Sepc",
  "Scause",
  "Stval",
  "Sip",
  "Stimecmp",
  "Satp",
  "Mstatus",
  "Medeleg",
  "Mideleg",
  "Mie",
  "Mtvec",
  "Mscratch",
  "Mepc",
  "Mcause",
  "Mtval",
  "Mip",
  "Cycle",
  "Time",
  "Instret",
] as const satisfies readonly (keyof typeof Csr)[];

const general = Array.from({ length: REGISTERS }, (_, index) =>
  index === PC_REGISTER ? registerLine("pc", index, "code_ptr") : registerLine(`x${index}`, index),
);
/** The whole description. */
export const target = `<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target version="1.0">
<architecture>riscv:rv64</architecture>
<feature name="org.gnu.gdb.riscv.cpu">${general.join("")}</feature>
<feature name="org.gnu.gdb.riscv.csr">${csrs
  .map((name) => registerLine(name.toLowerCase(), CSR_FIRST + Csr[name]))
  .join("")}</feature>
<feature name="org.gnu.gdb.riscv.virtual">${registerLine("priv", PRIVILEGE)}</feature></target>`;

function registerLine(name: string, number: number, type = "int"): string {
  return `<reg name="${name}" bitsize="64" type="${type}" regnum="${number}"/>`;
}

/** The CSR with this number of gdb's. Undefined if gdb was not told of one. */
export function csrOf(number: number): number | undefined {
  const name = csrs.find((each) => CSR_FIRST + Csr[each] === number);
  return name === undefined ? undefined : Csr[name];
}

/** Whether a register can have that value: x0 is always zero, and instructions begin at even addresses. */
export function canHold(number: number, value: bigint): boolean {
  if (number === 0) {
    return value === 0n;
  }
  return number === PC_REGISTER ? (value & 1n) === 0n : number < REGISTERS;
}
