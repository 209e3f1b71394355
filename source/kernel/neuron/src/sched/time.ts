/**
 * Whose time a hart uses. A task uses its job's time. A server that has received a call uses its caller's, until it
 * answers or receives again: so a service works on the time of those for whom it works (`Task.payer`). If the caller has
 * none left, the server uses its own.
 *
 * A task without time goes on in a class of its own, SPENT_CLASS: it runs when no other task wants the hart. At the next
 * tick after its job has time again, it is back in its class.
 *
 *   Call ──▶ the server's payer is the caller's       tick, switch, end ──▶ settle: who ran pays what has passed
 *   Reply ─▶ it is its own again                      tick, wake-up ──────▶ judge: which class it runs in
 *
 * Where a server answers and hands its hart over at once, what has passed since the last settlement is settled by its
 * caller: at most what passes between two ticks.
 */
import { CLASS_COUNT } from "abi/task";
import { Hart } from "../arch/riscv/hart";
import { outOfLine, readTime } from "../arch/riscv/intrinsics";
import { Job, jobOfAccount } from "../job/job";
import { countTime, hasTime } from "../job/time";
import { Task } from "../task/objects";
import { ownQueue } from "./queue";

/** Tasks without time: less urgent than any class. */
export const SPENT_CLASS: u32 = CLASS_COUNT;

/** In place of the time since which a hart uses a job's time: it idles. */
const IDLES: u64 = 0;

/** What has passed on this hart since the last settlement is counted for who used it: the task that ran last. */
export function settle(hart: Hart, now: u64): void {
  outOfLine();
  const since = hart.settledAt;
  hart.settledAt = now;
  // Since IDLES there is no frame either.
  if (hart.frame === 0) {
    return;
  }
  const task = changetype<Task>(hart.frame);
  const payer = payerOf(task);
  countTime(payer, now - since);
  hasTime(payer, now);
}

/** The hart has no task: from now on no job's time is used. What it ran last may be gone before it settles again. */
export function settleBeforeIdle(hart: Hart): void {
  settle(hart, readTime());
  hart.settledAt = IDLES;
  hart.frame = 0;
}

/** This hart goes on with `task`, which it picked at `now`. */
export function settleBefore(hart: Hart, task: Task, now: u64): void {
  if (hart.settledAt === IDLES) {
    hart.settledAt = now;
  } else if (hart.frame === 0 || changetype<Task>(hart.frame).payer !== task.payer) {
    settle(hart, now);
  }
}

/** From here on `task`, which runs on this hart, uses the time of `account`. */
export function payFrom(hart: Hart, task: Task, account: u32): void {
  if (task.payer !== account) {
    settle(hart, readTime());
    task.payer = account;
  }
}

/** The same for its own time. */
export function payItself(hart: Hart, task: Task): void {
  payFrom(hart, task, task.job.account);
}

function payerOf(task: Task): Job {
  const payer = jobOfAccount(task.payer);
  return payer === null || payer.spent !== 0 ? task.job : payer;
}

/** Which class `task`, which this hart runs or has claimed, runs in from now on. */
export function judge(task: Task, now: u64): void {
  outOfLine();
  const payer = jobOfAccount(task.payer);
  const has = (payer !== null && hasTime(payer, now)) || hasTime(task.job, now);
  task.taskClass = has ? task.ownClass : SPENT_CLASS;
}

/** Whether `task` has to be judged before it runs: it had no time, or its job has none. */
export function isDoubtful(task: Task): bool {
  return task.job.spent !== 0 || task.taskClass !== task.ownClass;
}

/** At a tick: the task that runs pays, and is judged. True if another may be more urgent now. */
export function takeAccount(hart: Hart, now: u64): bool {
  settle(hart, now);
  if (hart.running === 0) {
    hart.settledAt = IDLES;
    return false;
  }
  const task = changetype<Task>(hart.running);
  const before = task.taskClass;
  judge(task, now);
  hart.runningClass = task.taskClass;
  return task.taskClass > before;
}

/** Whether the task that this hart is about to run has no time, and another that waits here has. */
export function stepsBack(hart: Hart): bool {
  const task = changetype<Task>(hart.running);
  if (!isDoubtful(task)) {
    return false;
  }
  judge(task, readTime());
  hart.runningClass = task.taskClass;
  return ownQueue(hart).hasBefore(task.taskClass);
}
