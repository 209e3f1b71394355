/**
 * What the assembly and the kernel share: a task's saved registers, and the few words that trap.S needs of a hart.
 * The offsets reach the assembly through frame.ts, so none is ever typed by hand.
 *
 *   TrapFrame   0 sepc │ 8 ra │ 16 sp │ … register xN at 8 × N │ 256 kind
 */
import { fenceAcquire } from "./intrinsics";

@unmanaged
export class TrapFrame {
  sepc: u64;
  ra: u64;
  sp: u64;
  gp: u64;
  tp: u64;
  t0: u64;
  t1: u64;
  t2: u64;
  s0: u64;
  s1: u64;
  a0: u64;
  a1: u64;
  a2: u64;
  a3: u64;
  a4: u64;
  a5: u64;
  a6: u64;
  a7: u64;
  s2: u64;
  s3: u64;
  s4: u64;
  s5: u64;
  s6: u64;
  s7: u64;
  s8: u64;
  s9: u64;
  s10: u64;
  s11: u64;
  t3: u64;
  t4: u64;
  t5: u64;
  t6: u64;
  /** A FRAME_…: how much of it is there. */
  kind: u32;

  /** Of the message that the task sends: what comes along (abi/message.ts). Its words are in a2 to a5. */
  get info(): u64 {
    return this.a1;
  }

  /** Another hart has saved the frame by now, as far as its task needs it. */
  get isSaved(): bool {
    const kind = this.kind;
    fenceAcquire();
    return kind !== FRAME_OPEN;
  }
}

/** A system call is under way: what a callee keeps is still in the hart's registers. */
export const FRAME_OPEN: u32 = 0;
/** The registers that a callee keeps, and the arguments, where a system call leaves its results. */
export const FRAME_CALL: u32 = 1;
/** Every register. */
export const FRAME_FULL: u32 = 2;

/** What trap.S does after a system call. */
export const enum After {
  /** The same task goes on at once. */
  Same = 0,
  /**
   * The rest of its frame is saved, and then `switchHandle` goes on with the task that this hart was given to. That one
   * is in a system call as well.
   */
  Other = 1,
  /** The rest of its frame is saved, and then `leaveHandle` sees what comes next. */
  Leave = 2,
}

/**
 * The hart that is expected to start: written by smp.ts before it asks the firmware, read by entry.S on the hart that
 * comes.
 */
@unmanaged
@final
export class ExpectedHart {
  /** Its physical number. */
  hartid: u64;
  /** The virtual address of its structure (hart.ts). */
  structure: u64;
}

/**
 * The head of every hart's structure (hart.ts). In the kernel `tp` points to it; while a task runs `sscratch` holds
 * that pointer, and while the kernel runs `sscratch` is zero, which is how trap.S tells a trap of the kernel's own.
 */
@unmanaged
export class HartContext {
  /** A register for a moment, and where an SC may write that is to end a reservation: at tp itself. */
  scratch: u64;
  /** The frame of the task that this hart ran last, where trap.S saves; 0 when that task has ended. */
  frame: u32;
  /** Top of the kernel stack of this hart. */
  stackTop: u32;
  /** Top of the small stack that a kernel fault is reported on: the other one may be what overflowed. */
  panicStackTop: u32;
  /** Bit per lock rank that this hart holds now: sync/order.ts checks it in checked builds. */
  heldRanks: u32;
}
