/**
 * Gives a host the architectural state of a hart, for state hashes and debuggers. The host need not know the hart's layout.
 * The rest of a hart's structure are caches, which stay private.
 */
import { deadlinesChanged } from "../clock";
import { hartCount, shape } from "../layout";
import { HOST, isRam, physicalWritten, ramAddress } from "../memory/ram";
import { readCsr, writeCsr } from "./csr";
import { Hart, hartAt, Mode } from "./hart";

/** Bytes at `hartAt(id)` that are architectural state: registers, pc, mode, CSRs. */
export const HART_STATE_BYTES: u32 = <u32>offsetof<Hart>("pmpaddr0");

/** Offsets in a hart's state, for translations: the table for data, and the address of the next instruction. */
export const HART_DATA_TABLE: u32 = <u32>offsetof<Hart>("dataTable");
export const HART_PC: u32 = <u32>offsetof<Hart>("pc");

/** Address of a hart's next instruction. */
export function hartPc(id: u32): u64 {
  return hartAt(id).pc;
}

/** Its privilege mode: 0 user, 1 supervisor, 3 machine. */
export function hartMode(id: u32): u32 {
  return hartAt(id).mode;
}

/** What it is doing: a `HartState`. */
export function hartActivity(id: u32): u32 {
  return hartAt(id).state;
}

/** Its pending interrupts (mip), and those that it enabled (mie). */
export function hartPending(id: u32): u64 {
  return hartAt(id).mip;
}
export function hartEnabled(id: u32): u64 {
  return hartAt(id).mie;
}

/** Instructions that it executed. */
export function hartRetired(id: u32): u64 {
  return hartAt(id).retired;
}

/** The address of the flags of RAM's pages, a byte for each: not 0 if the page was ever written. */
export function pageFlags(): usize {
  return <usize>shape().pageFlags;
}

/** The host is about to write `byteCount` bytes of RAM at a physical address. False if they are not all RAM. */
export function hostWrites(address: u64, byteCount: u64): bool {
  if (!isRam(address, byteCount)) {
    return false;
  }
  physicalWritten(address, byteCount, HOST);
  for (let id: u32 = 0; id < hartCount(); id++) {
    hartAt(id).pausedCode = 0;
  }
  return true;
}

/** The value of a CSR. The hart's mode does not matter. 0 if the machine does not have the CSR. */
export function hartCsr(id: u32, number: u32): u64 {
  return readCsr(hartAt(id), number);
}

/** Sets a CSR, as its instruction would in machine mode. */
export function setHartCsr(id: u32, number: u32, value: u64): void {
  writeCsr(hartAt(id), number, value);
  deadlinesChanged();
}

/** Sets the address of a hart's next instruction. */
export function setHartPc(id: u32, address: u64): void {
  hartAt(id).pc = address;
  hartAt(id).pausedCode = 0;
}

/** Stands for no address. */
const NOWHERE: u64 = ~0;

/**
 * The physical address that the hart's page tables now give for a virtual address, or all ones if they give none. For
 * debuggers: it changes nothing and checks no permission.
 */
export function physicalAddress(id: u32, address: u64): u64 {
  const hart = hartAt(id);
  if (hart.mode === Mode.Machine || hart.satp >> 60 === 0) {
    return address;
  }
  if (<i64>(address << 25) >> 25 !== <i64>address) {
    return NOWHERE;
  }
  let table = (hart.satp & 0xfff_ffff_ffff) << 12;
  for (let level = 2; level >= 0; level--) {
    const shift = <u64>(12 + 9 * level);
    const at = table + (((address >> shift) & 511) << 3);
    if (!isRam(at, 8)) {
      return NOWHERE;
    }
    const entry = load<u64>(ramAddress(at));
    if ((entry & 1) === 0) {
      return NOWHERE;
    }
    table = ((entry >> 10) & 0xfff_ffff_ffff) << 12;
    const within: u64 = ((<u64>1) << shift) - 1;
    if ((entry & 0xe) !== 0) {
      return table | (address & within);
    }
  }
  return NOWHERE;
}
