/** Layout constants for the assembly: toolchain/offsets.ts turns each export into an `.equ` of build/gen/frame.inc. */
import { ExpectedHart, HartContext, TrapFrame } from "./context";

export const FRAME_SEPC: u32 = <u32>offsetof<TrapFrame>("sepc");
export const FRAME_RA: u32 = <u32>offsetof<TrapFrame>("ra");
export const FRAME_SP: u32 = <u32>offsetof<TrapFrame>("sp");
export const FRAME_GP: u32 = <u32>offsetof<TrapFrame>("gp");
export const FRAME_TP: u32 = <u32>offsetof<TrapFrame>("tp");
export const FRAME_T0: u32 = <u32>offsetof<TrapFrame>("t0");
export const FRAME_T1: u32 = <u32>offsetof<TrapFrame>("t1");
export const FRAME_T2: u32 = <u32>offsetof<TrapFrame>("t2");
export const FRAME_S0: u32 = <u32>offsetof<TrapFrame>("s0");
export const FRAME_S1: u32 = <u32>offsetof<TrapFrame>("s1");
export const FRAME_A0: u32 = <u32>offsetof<TrapFrame>("a0");
export const FRAME_A1: u32 = <u32>offsetof<TrapFrame>("a1");
export const FRAME_A2: u32 = <u32>offsetof<TrapFrame>("a2");
export const FRAME_A3: u32 = <u32>offsetof<TrapFrame>("a3");
export const FRAME_A4: u32 = <u32>offsetof<TrapFrame>("a4");
export const FRAME_A5: u32 = <u32>offsetof<TrapFrame>("a5");
export const FRAME_A6: u32 = <u32>offsetof<TrapFrame>("a6");
export const FRAME_A7: u32 = <u32>offsetof<TrapFrame>("a7");
export const FRAME_S2: u32 = <u32>offsetof<TrapFrame>("s2");
export const FRAME_S3: u32 = <u32>offsetof<TrapFrame>("s3");
export const FRAME_S4: u32 = <u32>offsetof<TrapFrame>("s4");
export const FRAME_S5: u32 = <u32>offsetof<TrapFrame>("s5");
export const FRAME_S6: u32 = <u32>offsetof<TrapFrame>("s6");
export const FRAME_S7: u32 = <u32>offsetof<TrapFrame>("s7");
export const FRAME_S8: u32 = <u32>offsetof<TrapFrame>("s8");
export const FRAME_S9: u32 = <u32>offsetof<TrapFrame>("s9");
export const FRAME_S10: u32 = <u32>offsetof<TrapFrame>("s10");
export const FRAME_S11: u32 = <u32>offsetof<TrapFrame>("s11");
export const FRAME_T3: u32 = <u32>offsetof<TrapFrame>("t3");
export const FRAME_T4: u32 = <u32>offsetof<TrapFrame>("t4");
export const FRAME_T5: u32 = <u32>offsetof<TrapFrame>("t5");
export const FRAME_T6: u32 = <u32>offsetof<TrapFrame>("t6");
export const FRAME_KIND: u32 = <u32>offsetof<TrapFrame>("kind");

/** A frame that a system call left: only what a callee keeps is in it, and the results. */
export const FRAME_CALL: u32 = 0;
/** A frame with every register. */
export const FRAME_FULL: u32 = 1;

export const HART_FRAME: u32 = <u32>offsetof<HartContext>("frame");
export const HART_STACK_TOP: u32 = <u32>offsetof<HartContext>("stackTop");
export const HART_PANIC_STACK_TOP: u32 = <u32>offsetof<HartContext>("panicStackTop");
export const HART_SCRATCH: u32 = <u32>offsetof<HartContext>("scratch");

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
