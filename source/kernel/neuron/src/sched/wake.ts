/**
 * A task becomes runnable: on which hart, and which hart has to be told. Reached from ipc/ and irq/; goes on in
 * arch/riscv/ipi.ts when it is another hart's.
 *
 * This hart takes it if it has nothing more urgent to do: the message that woke the task is in this hart's cache, and
 * no interrupt is needed. Otherwise an idle hart gets it, the one that ran it last if that is idle.
 */
import { Audit } from "abi/audit";
import { Class } from "abi/task";
import { Hart, hartCount, isOnline, thisHart, WANTS_SCHEDULE } from "../arch/riscv/hart";
import { outOfLine, readTime } from "../arch/riscv/intrinsics";
import { IPI_BURST_MAX, notifyHart } from "../arch/riscv/ipi";
import { tickTime } from "../arch/riscv/timer";
import { audit, NO_TASK } from "../diag/audit";
import { ATOMIC_BYTES, AtomicWord } from "../sync/atomic";
import { Task } from "../task/objects";
import { endWait } from "../task/task";
import { ownQueue, queueOf } from "./queue";
import { isDoubtful, judge } from "./time";

/**
 * A task that floods is limited without harm to others: an interrupt for a less urgent task leaves tokens in a hart's
 * bucket (arch/riscv/ipi.ts) for more urgent ones.
 *
 *   200 ┬──────────────
 *       │  hints (Syscall.YieldTo), and the further ones that a background task is woken by within a tick
 *   150 ┼
 *       │  + the first for a background task in a tick, the further ones for an app
 *   100 ┼
 *       │  + the first for an app in a tick
 *    50 ┼
 *       │  + those for services and drivers
 *    25 ┼           + standstills (standstill.ts): no app keeps them from beginning
 *     0 ┴──────────────
 */
const FLOOR_STEP: u32 = IPI_BURST_MAX / 4;
export const FLOOR_HINT: u32 = 3 * FLOOR_STEP;
export const FLOOR_STANDSTILL: u32 = FLOOR_STEP / 2;

/** Bit per idle hart. */
const idle = changetype<AtomicWord>(memory.data(ATOMIC_BYTES, 4));

/** Bit per idle hart that looks into the queues itself, so that no interrupt has to tell it. */
const looking = changetype<AtomicWord>(memory.data(ATOMIC_BYTES, 4));

/** This hart looks into the queues again and again. */
export function markLooking(index: u32): void {
  looking.set(1 << index);
}

/** Not any more: its queue must be looked at again after this. */
export function markBlind(index: u32): void {
  looking.clear(1 << index);
}

/** This hart has nothing to run. Its queue must be looked at again after this, see schedule.ts. */
export function markIdle(index: u32): void {
  idle.set(1 << index);
}

export function markBusy(index: u32): void {
  idle.clear(1 << index);
}

/** The class of what `hart`, this one, runs; beyond all classes when it runs nothing. */
function classOn(hart: Hart): u32 {
  const running = hart.running;
  return running === 0 ? 0xff : changetype<Task>(running).taskClass;
}

/** A claimed task, its wait finished, goes to a run queue. */
export function wake(task: Task): void {
  if (isDoubtful(task)) {
    wakeJudged(task);
  } else {
    makeRunnable(task);
  }
}

/** The same for a task whose job may have no time: out of line, so that the usual way saves no registers. */
function wakeJudged(task: Task): void {
  outOfLine();
  judge(task, readTime());
  makeRunnable(task);
}

function makeRunnable(task: Task): void {
  endWait(task);
  const hart = thisHart();
  if (classOn(hart) > task.taskClass) {
    return takeHere(hart, task);
  }
  enqueue(task, chooseHart(hart, task));
}

/** The task is more urgent than what this hart runs. */
function takeHere(hart: Hart, task: Task): void {
  if (ownQueue(hart).push(task)) {
    hart.wants |= WANTS_SCHEDULE;
  } else {
    enqueue(task, hart.index);
  }
}

/** The hart for a task that is less urgent than what this one runs. */
function chooseHart(hart: Hart, task: Task): u32 {
  const candidates = idle.value;
  if (candidates === 0) {
    return hart.index;
  }
  const chosen = (candidates & (1 << task.lastHart)) !== 0 ? task.lastHart : <u32>ctz(candidates);
  markBusy(chosen); // the next that is woken goes to another one
  return chosen;
}

/** Puts a runnable task into a hart's queue and sees to it that the hart looks there. */
export function enqueue(task: Task, target: u32): void {
  // Once it is in the queue another hart may have it.
  const taskClass = task.taskClass;
  const hart = thisHart();
  const self = hart.index;
  const isMoreUrgent = classOn(hart) > taskClass;
  const floor = target === self && isMoreUrgent ? 0 : floorFor(task);
  let there = target;
  // A hart that is stopping takes no more. The harts that are tried then are online, and one of them always stays so.
  for (let i: u32 = 0; !queueOf(there).push(task); i++) {
    assert(i <= hartCount());
    there = (there + 1) % hartCount();
  }
  if (there !== self) {
    return askHart(there, floor);
  }
  if (isMoreUrgent) {
    hart.wants |= WANTS_SCHEDULE;
    return;
  }
  // It has to wait here. A hart that began to idle before it was in the queue did not see it, and can have it.
  const candidates = idle.value;
  if (candidates !== 0) {
    askHart(<u32>ctz(candidates), floor);
  }
}

/** Asks hart `target` to look at its queue, or at what it runs. `floor` tokens stay in the bucket. */
export function askHart(target: u32, floor: u32): void {
  if ((looking.value & (1 << target)) !== 0) {
    return;
  }
  if (!notifyHart(target, floor)) {
    audit(Audit.IpiLimited, NO_TASK, target, thisHart().ipisLimited);
  }
}

/** Tokens that an interrupt for `task`, which belongs to this hart, has to leave. */
export function floorFor(task: Task): u32 {
  if (task.hinted !== 0) {
    return FLOOR_HINT;
  }
  if (task.taskClass <= <u32>Class.Service) {
    return 0;
  }
  const time = readTime();
  const isFirst = time - task.toldAt >= tickTime();
  if (isFirst) {
    task.toldAt = time;
  }
  return FLOOR_STEP * (task.taskClass - Class.Service + (isFirst ? 0 : 1));
}

/** Sends a runnable task to a hart by a hint (Syscall.YieldTo). False if that hart is not online. */
export function sendTo(task: Task, target: u32): bool {
  if (!isOnline(target)) {
    return false;
  }
  task.hinted = 1;
  task.lastHart = target;
  enqueue(task, target);
  return true;
}
