/** Constants for the assembly: toolchain/offsets.ts turns each export into an `.equ` of build/gen/frame.inc. */
import { Exception } from "./cause";
import { After, ExpectedHart, FRAME_CALL, FRAME_FULL, FRAME_OPEN, HartContext, TrapFrame } from "./context";
import { SATP_MODE_SV39, SSTATUS_SPP } from "./csr";
import { FAILURE } from "./finisher";
import { EXTENSION_HSM, HART_STOP } from "./sbi/hsm";
import { LSR, LSR_TEMT, LSR_THRE } from "./uart";

export const FRAME_SEPC: u32 = <u32>offsetof<TrapFrame>("sepc");
export const FRAME_KIND: u32 = <u32>offsetof<TrapFrame>("kind");
/** Register xN stands at N times this. */
export const REGISTER_BYTES: u32 = 8;
if (offsetof<TrapFrame>("ra") !== REGISTER_BYTES || offsetof<TrapFrame>("t6") !== 31 * REGISTER_BYTES) {
  ERROR("trap.S finds a register by its number");
}

export const KIND_OPEN: u32 = FRAME_OPEN;
export const KIND_CALL: u32 = FRAME_CALL;
export const KIND_FULL: u32 = FRAME_FULL;

/** What syscallHandle returns if this hart goes on with the task that it gave itself to. */
export const AFTER_OTHER: u32 = After.Other;
if (After.Same !== 0) {
  ERROR("trap.S takes zero for the same task");
}

/** An ecall of user mode, in scause. */
export const CAUSE_USER_ECALL: u32 = Exception.UserEcall;
/** Where a trap came from, in sstatus. */
export const STATUS_SPP: u32 = <u32>SSTATUS_SPP;
/** Sv39, in satp. */
export const MODE_SV39: u64 = SATP_MODE_SV39;
/** SBI: the extension and the function by which a hart stops itself. */
export const SBI_HSM: u32 = <u32>EXTENSION_HSM;
export const SBI_HART_STOP: u32 = <u32>HART_STOP;
/** The 16550's line status. */
export const UART_LSR: u32 = <u32>LSR;
export const UART_LSR_THRE: u32 = LSR_THRE;
export const UART_LSR_TEMT: u32 = LSR_TEMT;
/** What the test finisher is told when there is no kernel yet to say more. */
export const FINISHER_FAILURE: u32 = FAILURE;

export const HART_FRAME: u32 = <u32>offsetof<HartContext>("frame");
export const HART_STACK_TOP: u32 = <u32>offsetof<HartContext>("stackTop");
export const HART_PANIC_STACK_TOP: u32 = <u32>offsetof<HartContext>("panicStackTop");
export const HART_SCRATCH: u32 = <u32>offsetof<HartContext>("scratch");
if (HART_SCRATCH !== 0) {
  ERROR("trap.S ends a reservation with an SC to tp itself");
}

export const EXPECTED_HARTID: u32 = <u32>offsetof<ExpectedHart>("hartid");
export const EXPECTED_STRUCTURE: u32 = <u32>offsetof<ExpectedHart>("structure");

/** Harts that the kernel uses; what the device tree has beyond is parked. */
export const HARTS_MAX: u32 = 4;
/** Bytes of a hart's kernel stack. */
export const KERNEL_STACK_BYTES: u32 = 16384;
/** Bytes never mapped below each stack, so that an overflow faults instead of writing on. */
export const STACK_GUARD_BYTES: u32 = 4096;
/** Bytes of the stack that a kernel fault is reported on. */
export const PANIC_STACK_BYTES: u32 = 8192;
/** Bytes from one hart's structure to the next (hart.ts). */
export const HART_STRIDE: u32 = 1024;
