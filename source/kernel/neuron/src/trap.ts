/**
 * A trap's cause → what handles it, and which task runs next. Reached from arch/riscv/trap.S by the names of the
 * exported functions; everything below is called from here and never calls back: a lower part that wants another task
 * to run says so in the hart's `wants`.
 */

import { Syscall } from "abi/syscall";
import { End } from "abi/task";
import { CAUSE_INTERRUPT, Interrupt } from "./arch/riscv/cause";
import { After } from "./arch/riscv/context";
import { pendingInterrupts } from "./arch/riscv/control";
import { SIE_SEIE, SIE_SSIE, SIE_STIE } from "./arch/riscv/csr";
import {
  Hart,
  WANTS_CONSOLE_NEWS,
  WANTS_KILLS,
  WANTS_PAUSE,
  WANTS_SCHEDULE,
  WANTS_STAND,
  WANTS_STOP,
} from "./arch/riscv/hart";
import { outOfLine, readTime, wfi } from "./arch/riscv/intrinsics";
import { countMail, mailRetires, mailSenders, mailStops, takeMail } from "./arch/riscv/ipi";
import { hasHadShare, takeTick, timebaseHz, timerBefore, timerProgramNext } from "./arch/riscv/timer";
import { hartTicked, ipiTaken } from "./diag/markers";
import { halt } from "./diag/panic";
import { tellConsoleOwner } from "./ipc/console";
import { expireDeadlines } from "./ipc/timeout";
import { takeInterrupts } from "./irq/interrupts";
import { faultTask } from "./lifecycle/fault";
import { stopHart } from "./lifecycle/hart";
import { killNext } from "./lifecycle/kill";
import { endTask } from "./lifecycle/reap";
import {
  arrive,
  isUndisturbed,
  leaveIdle,
  lookAtSpent,
  mayResume,
  pick,
  pickBeforeIdle,
  preempt,
  pullMoreUrgent,
  runningTask,
  runOn,
  yieldHart,
} from "./sched/schedule";
import { leaveSpace } from "./sched/space";
import { noticeStandstill, standBy } from "./sched/standstill";
import { settleBefore, settleBeforeIdle, stepsBack, takeAccount } from "./sched/time";
import { dispatch } from "./syscall/dispatch";
import { fastCall, fastNow, fastReplyReceive } from "./syscall/fast";
import { areKillsOpen, isKilled } from "./task/life";

/** How often at most a task is interrupted for the ends of others that go on in pieces. */
const PIECES_A_SECOND: u64 = 10_000;

/** From trap.S: system call `number` of the running task, its arguments in its frame. */
export function syscallHandle(hart: Hart, number: u64): After {
  const task = runningTask(hart);
  if (number === Syscall.Call) {
    return fastCall(hart, task);
  }
  if (number === Syscall.ReplyReceive) {
    return fastReplyReceive(hart, task);
  }
  if (number === Syscall.Now) {
    return fastNow(hart, task);
  }
  return dispatch(hart, task, number);
}

/** From trap.S: the running task is not the one whose system call this was. */
export function switchHandle(hart: Hart): void {
  arrive(hart);
}

/** From trap.S, after a system call: something is to be seen to, or this hart has nothing to run. */
export function leaveHandle(hart: Hart): void {
  leave(hart);
}

/** From trap.S: any other trap out of a task. */
export function trapHandle(hart: Hart, cause: u64, value: u64): void {
  if ((cause & CAUSE_INTERRUPT) === 0) {
    faultTask(hart, runningTask(hart), cause, value);
  } else {
    takeInterrupt(hart, <u32>cause);
  }
  if (!isUndisturbed(hart)) {
    leave(hart);
  }
}

/** From trap.S, once for each hart: there is no task yet to go back to. */
export function scheduleFirst(hart: Hart): void {
  // The harts that stand may have been counted before this one was online.
  hart.wants |= WANTS_STAND;
  leave(hart);
}

/** On the way out: what came up is seen to, and then this hart goes on with its task, or with another one. */
function leave(hart: Hart): void {
  if (!mayResume(hart) || (hart.wants !== 0 && hasToSwitch(hart))) {
    schedule(hart);
  }
  if ((hart.wants & (WANTS_KILLS | WANTS_PAUSE)) !== 0) {
    pause(hart);
  }
  arrive(hart);
}

/** What came up is seen to. True if this hart does not go on with its task afterwards. */
function hasToSwitch(hart: Hart): bool {
  outOfLine();
  attend(hart);
  return !mayResume(hart);
}

/** What is left of an end does not wait for the next tick, nor does the task that runs wait for all of it. */
function pause(hart: Hart): void {
  outOfLine();
  hart.wants &= ~WANTS_PAUSE;
  if ((hart.wants & WANTS_KILLS) !== 0) {
    timerBefore(hart, readTime() + timebaseHz() / PIECES_A_SECOND);
  }
}

/** Tasks without time that a hart passes over at once. */
const STEPS_BACK_MAX: u32 = 8;

/** Finds what this hart runs next, and idles until there is something. */
function schedule(hart: Hart): void {
  if (hart.running !== 0 && isKilled(runningTask(hart))) {
    endKilled(hart);
  }
  let steps: u32 = 0;
  for (;;) {
    attend(hart);
    hart.wants &= ~WANTS_SCHEDULE; // right below
    if ((hart.wants & WANTS_STOP) !== 0) {
      preempt(hart);
      stopHart(hart);
    }
    if (hart.running !== 0) {
      yieldHart(hart);
    } else if (!pickUp(hart)) {
      waitForInterrupt(hart);
      continue;
    }
    if (isKilled(runningTask(hart))) {
      endKilled(hart);
    } else if (steps < STEPS_BACK_MAX && stepsBack(hart)) {
      steps++;
    } else {
      return;
    }
  }
}

/** The task that this hart is about to run is to be killed. */
function endKilled(hart: Hart): void {
  if ((hart.wants & WANTS_PAUSE) !== 0) {
    waitForInterrupt(hart);
  }
  endTask(runningTask(hart), End.Killed, 0);
}

/** This hart, which runs nothing, takes the next task. False if there is none. */
function pickUp(hart: Hart): bool {
  let task = pick(hart);
  if (task === null) {
    settleBeforeIdle(hart);
    leaveSpace();
    task = pickBeforeIdle(hart);
  }
  if (task === null) {
    return false;
  }
  const now = readTime();
  hart.pickedAt = now;
  settleBefore(hart, task, now);
  runOn(hart, task);
  return true;
}

/** What came up in the kernel, where a lock may have been held, and is seen to on the way out. */
function attend(hart: Hart): void {
  if ((hart.wants & (WANTS_CONSOLE_NEWS | WANTS_KILLS | WANTS_STAND)) !== 0) {
    attendNow(hart);
  }
}

function attendNow(hart: Hart): void {
  outOfLine();
  if ((hart.wants & WANTS_STAND) !== 0) {
    standBy(hart);
  }
  if ((hart.wants & WANTS_CONSOLE_NEWS) !== 0) {
    hart.wants &= ~WANTS_CONSOLE_NEWS;
    tellConsoleOwner();
  }
  // One until interrupts are taken: an end takes a while, and there may be many. What cannot be ended now comes up again
  // at a tick.
  if ((hart.wants & (WANTS_KILLS | WANTS_PAUSE)) === WANTS_KILLS && !killNext()) {
    hart.wants &= ~WANTS_KILLS;
  }
}

/**
 * This hart idles, or takes a pause between two pieces of work. Interrupts stay disabled in sstatus: WFI ends all the
 * same (privileged ISA 3.3.3), and what is pending is handled right here, so no trap ever comes from the kernel itself.
 */
function waitForInterrupt(hart: Hart): void {
  outOfLine();
  if ((hart.wants & (WANTS_KILLS | WANTS_PAUSE | WANTS_STAND)) === 0) {
    wfi();
  } else {
    hart.wants &= ~WANTS_PAUSE;
  }
  leaveIdle(hart);
  const pending = pendingInterrupts();
  if ((pending & SIE_SSIE) !== 0) {
    takeInterrupt(hart, Interrupt.SupervisorSoftware);
  }
  if ((pending & SIE_SEIE) !== 0) {
    takeInterrupt(hart, Interrupt.SupervisorExternal);
  }
  if ((pending & SIE_STIE) !== 0) {
    takeInterrupt(hart, Interrupt.SupervisorTimer);
  }
}

function takeInterrupt(hart: Hart, which: u32): void {
  if (which === Interrupt.SupervisorSoftware) {
    readMail(hart);
  } else if (which === Interrupt.SupervisorTimer) {
    takeTimer(hart);
  } else if (which === Interrupt.SupervisorExternal) {
    takeInterrupts(hart);
  } else {
    assert(false); // no other interrupt is enabled in sie
  }
}

/** What other harts ask for. */
function readMail(hart: Hart): void {
  const mail = takeMail();
  if (mail === 0) {
    return;
  }
  if (mailStops(mail)) {
    halt();
  }
  if (mailRetires(mail)) {
    hart.wants |= WANTS_STOP;
  }
  hart.wants |= WANTS_SCHEDULE;
  noticeStandstill(hart);
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
    if (hasHadShare(hart.pickedAt, time)) {
      hart.wants |= WANTS_SCHEDULE;
    }
    if (takeAccount(hart, time)) {
      hart.wants |= WANTS_SCHEDULE;
    }
    lookAtSpent(hart, time);
    pullMoreUrgent(hart);
    if (hart.ticks === 1) {
      hartTicked(hart.index, hart.ticks);
    }
    readMail(hart);
    if (areKillsOpen()) {
      hart.wants |= WANTS_KILLS;
    }
  }
  timerProgramNext(hart, expireDeadlines(hart, time));
}
