/**
 * What every hart sets in its control registers before it runs a task, and which interrupts wait for it. Nothing else
 * of the kernel names a control register: the others are in timer.ts, ipi.ts, plic.ts and satp.ts.
 */
import { clearSenvcfg } from "./assembly";
import { SIE_SSIE, SSTATUS_FS, SSTATUS_MXR, SSTATUS_SUM, SSTATUS_VS } from "./csr";
import {
  clearSip,
  clearSstatus,
  readSie,
  readSip,
  writeScounteren,
  writeSie,
  writeStvec,
} from "./intrinsics";
import { trapEntry } from "./symbols";

/** Traps go to trap.S from here on; those of the kernel itself end in a panic. */
export function sendTrapsToUs(): void {
  writeStvec(<u64>(<i64>(<i32>trapEntry())));
}

/**
 * What user mode may not do: floating point and vectors (there is no context for them), reading clocks, operations on
 * cache blocks. And what the kernel may not do: reach user memory by accident (privileged ISA 4.1.1.2).
 */
export function limitUser(): void {
  clearSstatus(SSTATUS_FS | SSTATUS_VS | SSTATUS_SUM | SSTATUS_MXR);
  writeScounteren(0);
  clearSenvcfg();
}

/** Interrupts of other harts are taken from here on, and no others yet; one from before a restart is forgotten. */
export function takeIpisOnly(): void {
  clearSip(SIE_SSIE);
  writeSie(SIE_SSIE);
}

/** The interrupts that are enabled and pending on this hart: bits of sie. */
export function pendingInterrupts(): u64 {
  return readSip() & readSie();
}
