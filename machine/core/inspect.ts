/**
 * What a host may see of a hart without knowing its layout: the part of its state that is the architecture's, for state
 * hashes and debuggers. The rest of a hart's structure are caches, which are nobody's business.
 */
import { Hart, hartAt } from "./hart";
import { shape } from "./layout";
import { HOST, isRam, physicalWritten } from "./ram";

/** Bytes at `hartAt(id)` that are architectural state: registers, pc, mode, CSRs. */
export const HART_STATE_BYTES: u32 = <u32>offsetof<Hart>("pmpaddr0");

/** Address of a hart's next instruction. */
export function hartPc(id: u32): u64 {
  return hartAt(id).pc;
}

/** Its privilege mode: 0 user, 1 supervisor, 3 machine. */
export function hartMode(id: u32): u32 {
  return hartAt(id).mode;
}

/** What it is doing: 0 runs, 1 waits for an interrupt, 2 is stopped. */
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

/** Where the flags of RAM's pages are, a byte each: not 0 if the page was ever written. */
export function pageFlags(): usize {
  return <usize>shape().pageFlags;
}

/** The host is about to write `byteCount` bytes of RAM at a physical address. False if they are not all RAM. */
export function hostWrites(address: u64, byteCount: u64): bool {
  if (!isRam(address, byteCount)) return false;
  physicalWritten(address, byteCount, HOST);
  return true;
}
