/**
 * What a hart runs next. Its own queue first; then it steals one task from another hart; then it idles
 * in WFI. Reached from trap.ts on the way out of the kernel.
 *
 * A thief takes the most urgent task that would go on waiting: one of the class that the other hart runs, or of a less
 * urgent one. A more urgent task is about to run there anyway, and an idle hart is about to run what its queue holds.
 *
 * Before it idles, a hart whose task waits for a busy server looks into the queues for a bounded time (lookSoon).
 *
 * No wake-up is lost on the way into idling: this hart says that it is idle and then looks at its queue again, a waker
 * fills the queue and then looks who is idle (or always sends an interrupt, if the queue is not its own). Both are
 * sequentially consistent, so one of the two sees the other. It is the same with a hart that stops looking.
 */
import { pendingInterrupts } from "../arch/riscv/control";
import { HARTS_MAX } from "../arch/riscv/frame";
import {
  Hart,
  hartAt,
  hartCount,
  IDLE_CLASS,
  WANTS_SCHEDULE,
  WANTS_STAND,
  WANTS_STOP,
} from "../arch/riscv/hart";
import { outOfLine, readTime } from "../arch/riscv/intrinsics";
import { timebaseHz } from "../arch/riscv/timer";
import { isKilled } from "../task/life";
import { Task } from "../task/objects";
import { mostUrgent, NO_CLASS, ownQueue, queueOf } from "./queue";
import { enterSpaceOf } from "./space";
import { noticeStandstill } from "./standstill";
import { judge, SPENT_CLASS, settleBefore } from "./time";
import { enqueue, markBlind, markBusy, markIdle, markLooking } from "./wake";

/** Tasks without time that a hart looks at again in one tick. */
const SPENT_A_TICK: u32 = 8;
/** A hart looks for work for 50 µs at most: most requests to a service take less. */
const LOOKS_A_SECOND: u64 = 20_000;
/** And so many times at most, however slow the clock is. */
const LOOKS_MAX: u32 = 1000;

/** The runnable `task`, which is in no queue, is what this hart runs. */
export function runOn(hart: Hart, task: Task): void {
  hart.running = <u32>changetype<usize>(task);
  hart.switches++;
  hart.runningClass = task.taskClass;
  task.lastHart = hart.index;
  task.hinted = 0;
  task.runs++;
}

/**
 * On the way out of the kernel: the task that this hart runs is the one that trap.S goes on with. The frame that this
 * hart ran before is saved, so no two harts wait for each other here.
 */
export function arrive(hart: Hart): void {
  const task = runningTask(hart);
  while (!task.isSaved) {
    // bounded by the other hart's way out of the system call in which the task blocked
  }
  hart.frame = <u32>changetype<usize>(task);
  enterSpaceOf(hart, task);
}

/** Whether the task that this hart runs may go on: nothing else is to run first, and it is not to be killed. */
export function mayResume(hart: Hart): bool {
  return (
    hart.running !== 0 && (hart.wants & (WANTS_SCHEDULE | WANTS_STOP)) === 0 && !isKilled(runningTask(hart))
  );
}

/** Whether this hart goes on with the task that it runs, and nothing is to be seen to. */
export function isUndisturbed(hart: Hart): bool {
  return hart.wants === 0 && mayResume(hart);
}

/**
 * The task of this hart gave it up to `task`, which is runnable and in no queue. If a more urgent one waits here, that
 * goes first: the hart picks on its way out.
 */
export function handOver(hart: Hart, task: Task): void {
  runOn(hart, task);
  if (ownQueue(hart).hasBefore(task.taskClass)) {
    hart.wants |= WANTS_SCHEDULE;
  }
}

/** What this hart runs. Only where it runs a task. */
export function runningTask(hart: Hart): Task {
  return changetype<Task>(hart.running);
}

/** The task that runs goes to the end of its queue. */
export function preempt(hart: Hart): void {
  if (hart.running === 0) {
    return;
  }
  const task = runningTask(hart);
  hart.running = 0;
  // A hart that is stopping takes no more: its last task goes on elsewhere.
  if (!ownQueue(hart).push(task)) {
    enqueue(task, hart.index);
  }
}

/**
 * The task that runs goes behind those of its class that wait here, and the most urgent one runs. Its share of the hart
 * begins anew.
 */
export function yieldHart(hart: Hart): void {
  const task = runningTask(hart);
  const next = ownQueue(hart).exchange(task);
  const now = readTime();
  hart.pickedAt = now;
  if (next !== task) {
    runOn(hart, next);
    settleBefore(hart, next, now);
  }
}

/** The next task for this hart, its own or a stolen one; null if there is none. */
export function pick(hart: Hart): Task | null {
  const own = ownQueue(hart).pop();
  return own === null && hartCount() > 1 ? steal(hart) : own;
}

/** The most urgent task that another hart would leave waiting, or null. */
function steal(hart: Hart): Task | null {
  outOfLine();
  return stealAbove(hart, NO_CLASS);
}

/** The same, of the classes before `end` only. */
function stealAbove(hart: Hart, end: u32): Task | null {
  // Those whose tasks were sent there by a hint, or are gone again. Bounded: each turn adds one.
  let vain: u32 = 1 << hart.index;
  for (;;) {
    const victim = victimAbove(end, vain);
    if (victim === NO_VICTIM) {
      break;
    }
    const stolen = queueOf(victim).steal(mostUrgent(stealable(victim)));
    if (stolen !== null) {
      hart.stolen++;
      return stolen;
    }
    vain |= 1 << victim;
  }
  return null;
}

const NO_VICTIM: u32 = HARTS_MAX;

/** The hart, none of `vain`, that has the most urgent task of a class before `end` to steal; NO_VICTIM for none. */
function victimAbove(end: u32, vain: u32): u32 {
  let best = end;
  let victim = NO_VICTIM;
  for (let i: u32 = 0; i < hartCount(); i++) {
    if ((vain & (1 << i)) !== 0) {
      continue;
    }
    const taskClass = mostUrgent(stealable(i));
    if (taskClass >= best) {
      continue;
    }
    best = taskClass;
    victim = i;
  }
  return victim;
}

/** Bit per class of which hart `index` would leave tasks waiting. */
function stealable(index: u32): u32 {
  const runningClass = hartAt(index).runningClass;
  return (queueOf(index).classes >> runningClass) << runningClass;
}

/**
 * At a tick: what waits on another hart and is more urgent than what this one runs comes here. So classes hold for all
 * harts together, at the latest from tick to tick.
 */
export function pullMoreUrgent(hart: Hart): void {
  if (hart.running === 0) {
    return;
  }
  const task = stealAbove(hart, runningTask(hart).taskClass);
  if (task !== null) {
    enqueue(task, hart.index);
  }
}

/** At a tick: some of the tasks without time that wait here are judged again. */
export function lookAtSpent(hart: Hart, now: u64): void {
  for (let i: u32 = 0; i < SPENT_A_TICK; i++) {
    const task = ownQueue(hart).steal(SPENT_CLASS);
    if (task === null) {
      return;
    }
    judge(task, now);
    enqueue(task, hart.index);
  }
}

/** As `pick`, but on the way into idling: this hart counts as idle before it looks. */
export function pickBeforeIdle(hart: Hart): Task | null {
  hart.runningClass = IDLE_CLASS;
  markIdle(hart.index);
  let task: Task | null = null;
  if (hart.lookUntil !== 0) {
    task = look(hart);
  }
  if (task === null) {
    task = pick(hart);
  }
  if (task !== null) {
    markBusy(hart.index);
  } else {
    hart.idles++;
  }
  return task;
}

/**
 * The task of this hart waits for a server that is at work on another hart, so it is woken soon. Until then this hart
 * looks into the queues before it idles. Otherwise clients of one server, each on a hart of its own, would need an
 * interrupt for each answer, and the limit of interrupts would decide how many answers there are.
 */
export function lookSoon(hart: Hart): void {
  if (hartCount() > 1) {
    hart.lookUntil = readTime() + timebaseHz() / LOOKS_A_SECOND;
  }
}

/** Looks for a task to run, for as long as that is worth it and no interrupt is pending. */
function look(hart: Hart): Task | null {
  outOfLine();
  let task: Task | null = null;
  markLooking(hart.index);
  for (let i: u32 = 0; i < LOOKS_MAX && task === null && (hart.wants & WANTS_STAND) === 0; i++) {
    noticeStandstill(hart);
    if (readTime() >= hart.lookUntil || pendingInterrupts() !== 0) {
      break;
    }
    task = lookOnce(hart);
  }
  markBlind(hart.index);
  noticeStandstill(hart);
  hart.lookUntil = 0;
  return task;
}

/** No interrupt is pending: one more look. A function of its own, so that the host sees it (bench/kernel/stretch/follow.ts). */
function lookOnce(hart: Hart): Task | null {
  outOfLine();
  return pick(hart);
}

/** This hart does not idle any more. */
export function leaveIdle(hart: Hart): void {
  markBusy(hart.index);
}
