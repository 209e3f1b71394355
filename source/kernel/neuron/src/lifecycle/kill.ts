/**
 * Ending another task: at once if it waits or stands in a run queue, at its next trap if it runs.
 *
 * A task may be between the two, because some hart is finishing its wait or has just taken it out of a queue. Then the
 * next hart that looks ends it: on its way out of the kernel, before it idles, or at a tick.
 */

import { Refusal } from "abi/refusal";
import { End, TaskState, Wait } from "abi/task";
import { HARTS_MAX } from "../arch/riscv/frame";
import { thisHart } from "../arch/riscv/hart";
import { abandonWait } from "../ipc/timeout";
import { withdraw } from "../sched/queue";
import { askHart, FLOOR_HINT } from "../sched/wake";
import { nextEnding, nextToKill, releaseTask, requestKill } from "../task/life";
import { Task } from "../task/objects";
import { claim, waitKind } from "../task/task";
import { endForFault } from "./fault";
import { endMore, endTask } from "./reap";

/** Syscall.KillTask. */
export function killTask(task: Task): Refusal {
  if (task.state === TaskState.Ended) {
    return Refusal.BadState;
  }
  if (!requestKill(task) || endIfIdle(task)) {
    return Refusal.None;
  }
  // The hart that runs it sees that at its next trap, at the latest at its tick.
  if (task.lastHart !== thisHart().index) {
    askHart(task.lastHart, FLOOR_HINT);
  }
  return Refusal.None;
}

/**
 * Ends a task that waits, was not started, stands in a run queue, or on a fault that nobody has: then for that. False if it
 * runs, is about to, or has ended.
 */
function endIfIdle(task: Task): bool {
  const word = task.waitWord;
  const kind = waitKind(word);
  if (kind === Wait.None) {
    if (!withdraw(task)) {
      return false;
    }
  } else {
    if (kind === Wait.Claimed || kind === Wait.Ended || !claim(task, word)) {
      return false;
    }
    // Its debugger gave its faults back, or is gone.
    if (kind === Wait.Faulted && task.faultTaker === null) {
      endForFault(task, task.faultCause, task.faultValue, task.faultPc);
      return true;
    }
    abandonWait(task, kind);
  }
  endTask(task, End.Killed, 0);
  return true;
}

/**
 * Tasks that are tried before it is left to the next tick: those that cannot be ended run, or are in a hart's hands.
 */
const TRIES_MAX: u32 = 2 * HARTS_MAX;

/**
 * Goes on with the end of a task, or ends one of those that are to be killed. False if there is none, or none that can
 * be ended now.
 */
export function killNext(): bool {
  const ending = nextEnding();
  if (ending !== null) {
    endMore(ending);
    return true;
  }
  for (let i: u32 = 0; i < TRIES_MAX; i++) {
    const task = nextToKill();
    if (task === null) {
      return false;
    }
    const isEnded = endIfIdle(task);
    releaseTask(task);
    if (isEnded) {
      return true;
    }
  }
  return false;
}
