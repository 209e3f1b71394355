/** Layout constants for the assembly: toolchain/offsets.ts turns each export into an `.equ` of build/gen/frame.inc. */
import { ExpectedHart, FRAME_CALL, FRAME_FULL, FRAME_OPEN, HartContext, TrapFrame } from "./context";

export const FRAME_SEPC: u32 = <u32>offsetof<TrapFrame>("sepc");
export const FRAME_KIND: u32 = <u32>offsetof<TrapFrame>("kind");
/** Register xN stands at N times this. */
export const REGISTER_BYTES: u32 = 8;
if (offsetof<TrapFrame>("ra") !== REGISTER_BYTES || offsetof<TrapFrame>("t6") !== 31 * REGISTER_BYTES)
  ERROR("trap.S finds a register by its number");

export const KIND_OPEN: u32 = FRAME_OPEN;
export const KIND_CALL: u32 = FRAME_CALL;
export const KIND_FULL: u32 = FRAME_FULL;

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
