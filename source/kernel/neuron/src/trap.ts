/**
 * A trap's cause → what handles it, and which task runs next. Reached from arch/riscv/trap.S by the names of the
 * exported functions; everything below is called from here and never calls back: a lower part that wants another task
 * to run says so in the hart's `wants`.
 */

import { Audit } from "abi/audit";
import { End } from "abi/task";
import { CAUSE_INTERRUPT, Interrupt } from "./arch/riscv/cause";
import { pendingInterrupts } from "./arch/riscv/control";
import { SIE_SEIE, SIE_SSIE, SIE_STIE } from "./arch/riscv/csr";
import {
  Hart,
  thisHart,
  WANTS_CONSOLE_NEWS,
  WANTS_ENDS,
  WANTS_SCHEDULE,
  WANTS_STOP,
} from "./arch/riscv/hart";
import { outOfLine, readTime, wfi } from "./arch/riscv/intrinsics";
import { countMail, mailRetires, mailSenders, mailStops, takeMail } from "./arch/riscv/ipi";
import { beginStop, endStop, leaveOnline, stopThisHart } from "./arch/riscv/smp";
import { hasHadShare, takeTick, timerProgramNext } from "./arch/riscv/timer";
import { audit, NO_TASK } from "./diag/audit";
import { hartStopping, hartTicked, ipiTaken } from "./diag/markers";
import { halt } from "./diag/panic";
import { tellConsoleOwner } from "./ipc/console";
import { expireDeadlines } from "./ipc/timeout";
import { moveInterrupts, takeInterrupts } from "./irq/interrupts";
import { faultTask } from "./lifecycle/fault";
import { endNext } from "./lifecycle/kill";
import { endTask } from "./lifecycle/reap";
import { retire, successorOf } from "./sched/retire";
import {
  leaveIdle,
  leaveSpace,
  pick,
  pickBeforeIdle,
  preempt,
  pullMoreUrgent,
  runningTask,
  runOn,
} from "./sched/schedule";
import { dispatch } from "./syscall/dispatch";
import { areEndsOpen, isKilled } from "./task/life";

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
  if (hart.running !== 0 && hart.wants === 0 && !isKilled(runningTask(hart))) return;
  attend(hart);
  const goesOn = (hart.wants & (WANTS_SCHEDULE | WANTS_STOP)) === 0;
  if (hart.running !== 0 && goesOn && !isKilled(runningTask(hart))) return;
  schedule(hart);
}

function schedule(hart: Hart): void {
  if (hart.running !== 0 && isKilled(runningTask(hart))) endTask(runningTask(hart), End.Killed, 0);
  preempt(hart);
  for (;;) {
    attend(hart);
    hart.wants &= ~WANTS_SCHEDULE; // right below
    if ((hart.wants & WANTS_STOP) !== 0) stopHart(hart);
    let task = pick(hart);
    if (task === null) {
      leaveSpace();
      task = pickBeforeIdle(hart);
    }
    if (task === null) waitForInterrupt(hart);
    else if (isKilled(task)) endTask(task, End.Killed, 0);
    else {
      hart.pickedAt = readTime();
      return runOn(hart, task);
    }
  }
}

/** What came up in the kernel, where a lock may have been held, and is seen to on the way out. */
function attend(hart: Hart): void {
  if ((hart.wants & (WANTS_CONSOLE_NEWS | WANTS_ENDS)) !== 0) attendNow(hart);
}

function attendNow(hart: Hart): void {
  outOfLine();
  if ((hart.wants & WANTS_CONSOLE_NEWS) !== 0) {
    hart.wants &= ~WANTS_CONSOLE_NEWS;
    tellConsoleOwner();
  }
  // One at a time: an end takes a while, and there may be many. What cannot be ended now comes up again at a tick.
  if ((hart.wants & WANTS_ENDS) !== 0 && !endNext()) hart.wants &= ~WANTS_ENDS;
}

/** Stops this hart, which runs no task; returns if it may not stop, or not yet. */
function stopHart(hart: Hart): void {
  outOfLine();
  if (!beginStop(hart)) return;
  hart.wants &= ~WANTS_STOP;
  if (leaveOnline(hart)) {
    leaveSpace();
    const successor = successorOf(hart);
    moveInterrupts(hart.index, successor);
    retire(hart, successor);
    audit(Audit.HartStopped, NO_TASK, hart.index, hart.hartid);
    hartStopping(hart.index);
    tellConsoleOwner();
    endStop();
    return stopThisHart(hart);
  }
  endStop();
}

/**
 * This hart idles. Interrupts stay disabled in sstatus: WFI ends all the same (privileged ISA 3.3.3), and what is
 * pending is handled right here, so no trap ever comes from the kernel itself.
 */
function waitForInterrupt(hart: Hart): void {
  outOfLine();
  if ((hart.wants & WANTS_ENDS) === 0) wfi();
  leaveIdle(hart);
  const pending = pendingInterrupts();
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
  if (mailRetires(mail)) hart.wants |= WANTS_STOP;
  hart.wants |= WANTS_SCHEDULE;
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
    // A task that gave its hart up just before a tick does not make that tick another's.
    if (hasHadShare(hart.pickedAt, time)) hart.wants |= WANTS_SCHEDULE;
    pullMoreUrgent(hart);
    if (hart.ticks === 1) hartTicked(hart.index, hart.ticks);
    readMail(hart);
    if (areEndsOpen()) hart.wants |= WANTS_ENDS;
  }
  timerProgramNext(hart, expireDeadlines(hart, time));
}
