/**
 * A trap's cause → what handles it, and which task runs next. Reached from arch/riscv/trap.S by the names of the
 * exported functions; everything below is called from here and never calls back: a lower part that wants another task
 * to run says so in the hart's `reschedule`.
 */

import { End } from "abi/task";
import { CAUSE_INTERRUPT, Interrupt } from "./arch/riscv/cause";
import { SIE_SEIE, SIE_SSIE, SIE_STIE } from "./arch/riscv/csr";
import { Hart, thisHart } from "./arch/riscv/hart";
import { readSie, readSip, readTime, wfi } from "./arch/riscv/intrinsics";
import { countMail, mailSenders, mailStops, takeMail } from "./arch/riscv/ipi";
import { takeTick, timerProgramNext } from "./arch/riscv/timer";
import { hartTicked, ipiTaken } from "./diag/markers";
import { halt } from "./diag/panic";
import { expireDeadlines } from "./ipc/timeout";
import { takeInterrupts } from "./irq/interrupts";
import { faultTask } from "./lifecycle/fault";
import { isKilled } from "./lifecycle/kill";
import { endTask } from "./lifecycle/reap";
import { leaveSpace, pick, pickBeforeIdle, preempt, runningTask, runOn } from "./sched/schedule";
import { dispatch } from "./syscall/dispatch";

/** From trap.S: a system call of the running task, its registers as arguments. */
export function syscallHandle(
  a0: u64,
  a1: u64,
  a2: u64,
  a3: u64,
  a4: u64,
  a5: u64,
  a6: u64,
  number: u64,
): void {
  const hart = thisHart();
  dispatch(hart, runningTask(hart), number, a0, a1, a2, a3, a4, a5, a6);
  leave(hart);
}

/** From trap.S: any other trap out of a task. */
export function trapHandle(cause: u64, value: u64): void {
  const hart = thisHart();
  if ((cause & CAUSE_INTERRUPT) === 0) faultTask(runningTask(hart), cause, value);
  else takeInterrupt(hart, <u32>cause);
  leave(hart);
}

/** From trap.S, once for each hart: there is no task yet to go back to. */
export function scheduleFirst(): void {
  schedule(thisHart());
}

/** On the way out: the same task again, unless it is gone, another should run, or its end was asked for. */
function leave(hart: Hart): void {
  if (hart.running !== 0 && hart.reschedule === 0 && !isKilled(runningTask(hart))) return;
  schedule(hart);
}

function schedule(hart: Hart): void {
  hart.reschedule = 0;
  preempt(hart);
  for (;;) {
    let task = pick(hart);
    if (task === null) {
      leaveSpace();
      task = pickBeforeIdle(hart);
    }
    if (task === null) waitForInterrupt(hart);
    else if (isKilled(task)) endTask(task, End.Killed, 0);
    else return runOn(hart, task);
  }
}

/**
 * This hart idles. Interrupts stay disabled in sstatus: WFI ends all the same (privileged ISA 3.3.3), and what is
 * pending is handled right here, so no trap ever comes from the kernel itself.
 */
function waitForInterrupt(hart: Hart): void {
  wfi();
  const pending = readSip() & readSie();
  if ((pending & SIE_SSIE) !== 0) takeInterrupt(hart, Interrupt.SupervisorSoftware);
  if ((pending & SIE_SEIE) !== 0) takeInterrupt(hart, Interrupt.SupervisorExternal);
  if ((pending & SIE_STIE) !== 0) takeInterrupt(hart, Interrupt.SupervisorTimer);
}

function takeInterrupt(hart: Hart, which: u32): void {
  if (which === Interrupt.SupervisorSoftware) readMail(hart);
  else if (which === Interrupt.SupervisorTimer) takeTimer(hart);
  else if (which === Interrupt.SupervisorExternal) takeInterrupts(hart);
  else assert(false); // no other interrupt is enabled in sie
}

/** What other harts ask for. */
function readMail(hart: Hart): void {
  const mail = takeMail();
  if (mail === 0) return;
  if (mailStops(mail)) halt();
  hart.reschedule = 1;
  let first = countMail(mailSenders(mail));
  while (first !== 0) {
    const sender = <u32>ctz(first);
    first &= first - 1;
    ipiTaken(sender, hart.index);
  }
}

/** The tick, sleepers, and mail whose interrupt the limit held back. */
function takeTimer(hart: Hart): void {
  const time = readTime();
  if (takeTick(hart, time)) {
    hart.reschedule = 1;
    if (hart.ticks === 1) hartTicked(hart.index, hart.ticks);
    readMail(hart);
  }
  timerProgramNext(hart, expireDeadlines(hart, time));
}
