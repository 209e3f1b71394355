/**
 * A hart's own structure: what it runs, its time, its mailbox, its counters. In the kernel `tp` points
 * to it (entry.S, trap.S). Harts are numbered logically: 0 is the one that OpenSBI started, the others follow in the
 * device tree's order; `hartid` is the physical number, which HSM, IPIs and the PLIC want.
 *
 *   0    HartContext          for trap.S
 *   …    the fields below
 *   896  IPIs taken, by sender: HARTS_MAX × u64
 *
 * All of it is written by this hart alone, but for `mailbox`, `online` and `satp`, which others read or write and are
 * only touched by atomic operations. Its run queue is in sched/queue.ts.
 */
import { FOREVER } from "abi/syscall";
import { AtomicWord } from "../../sync/atomic";
import { HartContext } from "./context";
import { HART_STRIDE, HARTS_MAX, KERNEL_STACK_BYTES, PANIC_STACK_BYTES, STACK_GUARD_BYTES } from "./frame";
import { fenceRelease, hartPointer } from "./intrinsics";
import { harts, kernelStacks, panicStacks } from "./symbols";

const IPI_FROM_OFFSET: usize = 896;

/** The class of a hart that runs nothing: beyond all others. */
export const IDLE_CLASS: u32 = 31;

/** Another task is to run. */
export const WANTS_SCHEDULE: u32 = 1;
/** The console's owner has something to read. */
export const WANTS_CONSOLE_NEWS: u32 = 2;
/** This hart is to stop. */
export const WANTS_STOP: u32 = 4;
/** A task is to be killed. */
export const WANTS_KILLS: u32 = 8;
/** A piece of an end, of a task or of a job, was done: interrupts are taken before the next one. */
export const WANTS_PAUSE: u32 = 16;
/** Another hart works while all others stand still (sched/standstill.ts). */
export const WANTS_STAND: u32 = 32;

/** Whether a hart takes part. */
export const enum Online {
  No = 0,
  Yes = 1,
  /** It did not come up in time; if it still does, it stops. */
  Abandoned = 2,
  /** It was asked to stop, and is on its way out. */
  Stopping = 3,
}

@unmanaged
@final
export class Hart extends HartContext {
  /** Logical number, and its bit in a mask of harts. */
  index: u32;
  bit: u32;
  private online0: u32;
  /** Physical number. */
  hartid: u64;
  /** Address of its run queue (sched/queue.ts). */
  queue: u32;
  /** The task that runs on this hart (task/task.ts), 0 while it picks one or idles. */
  running: u32;
  private runningClassWord: u32;
  /** What is to be done on the way out of the kernel: WANTS_… */
  wants: u32;
  private mailbox0: u32;
  private satpWord: u64;
  /** Number of timer ticks so far. */
  ticks: u64;
  /** Time of the next tick. */
  nextTick: u64;
  /** What the timer is set to. */
  deadline: u64;
  /** When this hart last picked a task: the share of the hart that counts until it picks another began then. */
  pickedAt: u64;
  /** Until when the time that this hart uses was settled (sched/time.ts); 0 while it idles. */
  settledAt: u64;
  /** Of its deadlines (ipc/timeout.ts): the task that is looked at next, and the earliest of those that were. */
  expiring: u32;
  earliest: u64;
  /** Before it idles, this hart looks for work until then: see lookSoon() in sched/schedule.ts. */
  lookUntil: u64;
  /** IPIs this hart may still send until the bucket is filled again. */
  ipiTokens: u32;
  ipisLimited: u32;
  ipisSent: u64;
  ipisTaken: u64;
  ipisCoalesced: u64;
  switches: u64;
  stolen: u64;
  idles: u64;

  /** An `Online`. */
  get online(): AtomicWord {
    return changetype<AtomicWord>(changetype<usize>(this) + offsetof<Hart>("online0"));
  }

  /** What other harts ask for: ipi.ts. */
  get mailbox(): AtomicWord {
    return changetype<AtomicWord>(changetype<usize>(this) + offsetof<Hart>("mailbox0"));
  }

  /** The class of the task that runs, IDLE_CLASS for none: what thieves go by, as a hint. */
  get runningClass(): u32 {
    return atomic.load<u32>(changetype<usize>(this) + offsetof<Hart>("runningClassWord"));
  }

  set runningClass(taskClass: u32) {
    this.runningClassWord = taskClass;
  }

  /** The satp this hart runs on, for `hartsOn`. */
  get satp(): u64 {
    return atomic.load<u64>(changetype<usize>(this) + offsetof<Hart>("satpWord"));
  }

  set satp(satp: u64) {
    fenceRelease();
    this.satpWord = satp;
  }

  /** For this hart itself: whether it is in the address space of `satp`. */
  isIn(satp: u64): bool {
    return this.satpWord === satp;
  }

  /** Address of the count of IPIs taken from hart `sender`. */
  ipisFrom(sender: u32): usize {
    return changetype<usize>(this) + IPI_FROM_OFFSET + (sender << 3);
  }
}

if (offsetof<Hart>() > IPI_FROM_OFFSET) {
  ERROR("Hart's fields reach into its counters of IPIs");
}
if (IPI_FROM_OFFSET + HARTS_MAX * 8 > HART_STRIDE) {
  ERROR("Hart does not fit its stride");
}

/** How many harts the system uses: set once, by smp.ts, before the others start. */
let configured: u32 = 1;

export function hartCount(): u32 {
  return configured;
}

export function setHartCount(count: u32): void {
  configured = count;
}

/** Hart `index` (logical), below HARTS_MAX. */
export function hartAt(index: u32): Hart {
  return changetype<Hart>(harts() + index * HART_STRIDE);
}

/** The hart this runs on. */
export function thisHart(): Hart {
  return changetype<Hart>(hartPointer());
}

/** Whether hart `index` takes part. */
export function isOnline(index: u32): bool {
  if (index >= configured) {
    return false;
  }
  return hartAt(index).online.value === Online.Yes;
}

/** Bit per hart that takes part. */
export function onlineMask(): u32 {
  let mask: u32 = 0;
  for (let i: u32 = 0; i < configured; i++) {
    if (isOnline(i)) {
      mask |= 1 << i;
    }
  }
  return mask;
}

/** Bit per hart that is in the address space of `satp`. A hart says that it has left a space after it did. */
export function hartsOn(satp: u64): u32 {
  let mask: u32 = 0;
  for (let i: u32 = 0; i < configured; i++) {
    if (hartAt(i).satp === satp) {
      mask |= 1 << i;
    }
  }
  return mask;
}

/** Prepares hart `index` before it runs: its number and its stacks. The structure is zeroed memory. */
export function initHart(index: u32, hartid: u64): void {
  const hart = hartAt(index);
  hart.index = index;
  hart.bit = 1 << index;
  hart.hartid = hartid;
  hart.stackTop = <u32>kernelStacks() + (index + 1) * (STACK_GUARD_BYTES + KERNEL_STACK_BYTES);
  hart.panicStackTop = <u32>panicStacks() + (index + 1) * (STACK_GUARD_BYTES + PANIC_STACK_BYTES);
  hart.deadline = FOREVER;
  hart.runningClass = IDLE_CLASS;
}
