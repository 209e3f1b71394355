/**
 * Waits that end without what they waited for: a deadline passed, the task is to be killed, or its server ended. The
 * hart that claims the task takes it out of the queue it may be in, and only then does it run again.
 */

import { Refusal } from "abi/refusal";
import { FOREVER } from "abi/syscall";
import { Wait } from "abi/task";
import { Hart } from "../arch/riscv/hart";
import { DEADLINE_WORDS, lookAfter, takeDeadlines, taskOfBit } from "../sched/deadline";
import { wake } from "../sched/wake";
import { Task } from "../task/objects";
import { claim, TASKS_MAX, taskAt, waitKind } from "../task/task";
import { leaveQueue } from "./endpoint";
import { stopWaiting } from "./notification";
import { setStatus } from "./results";

/** Takes a claimed task, which waited for `kind`, out of every queue. */
export function abandonWait(task: Task, kind: Wait): void {
  if (kind === Wait.Sending || kind === Wait.Receiving) {
    leaveQueue(task);
  } else if (kind === Wait.Notified) {
    const notification = task.waitsFor;
    if (notification !== null) {
      stopWaiting(task, notification);
    }
  }
}

function isBlocked(kind: Wait): bool {
  return kind >= Wait.Sending && kind <= Wait.Sleeping;
}

/**
 * Ends the waits whose deadline this hart looks after and `time` has reached. Returns the earliest deadline that is
 * left. A task that is claimed at this moment is looked at again at the next tick.
 */
export function expireDeadlines(hart: Hart, time: u64): u64 {
  let earliest: u64 = FOREVER;
  for (let word: u32 = 0; word < DEADLINE_WORDS; word++) {
    for (let bits = takeDeadlines(hart.index, word); bits !== 0; bits &= bits - 1) {
      const deadline = expire(hart, taskAt(taskOfBit(word, <u32>ctz(bits))), time);
      if (deadline < earliest) {
        earliest = deadline;
      }
    }
  }
  return earliest;
}

/** Ends the wait of `task` if it is due. Returns its deadline if that is yet to come, else FOREVER. */
function expire(hart: Hart, task: Task, time: u64): u64 {
  // The word first: if the task is woken and waits anew meanwhile, the claim fails.
  const word = task.waitWord;
  const kind = waitKind(word);
  const deadline = task.deadline;
  if (task.deadlineHart !== hart.index || deadline === FOREVER) {
    return FOREVER;
  }
  // A receiver that is claimed may go on waiting with the same deadline (ipc/call.ts).
  if (kind === Wait.Claimed) {
    lookAfter(hart.index, task);
    return FOREVER;
  }
  if (!isBlocked(kind)) {
    return FOREVER;
  }
  if (deadline > time) {
    lookAfter(hart.index, task);
    return deadline;
  }
  if (!claim(task, word)) {
    lookAfter(hart.index, task);
    return FOREVER;
  }
  abandonWait(task, kind);
  setStatus(task, kind === Wait.Sleeping ? Refusal.None : Refusal.TimedOut);
  wake(task);
  return FOREVER;
}

/** The task `server` ended: each caller that waits for its reply is told. */
export function failCallersOf(server: Task): void {
  if (server.serves === 0) {
    return;
  }
  for (let i: u32 = 0; i < TASKS_MAX; i++) {
    const task = taskAt(i);
    const word = task.waitWord;
    if (waitKind(word) !== Wait.Replying || task.server !== server || !claim(task, word)) {
      continue;
    }
    setStatus(task, Refusal.PeerGone);
    wake(task);
  }
}
