/**
 * Waits that end without what they waited for: a deadline passed, the task is to end, or its server ended. Whoever
 * claims the task takes it out of the queue it may be in; only then does it run again.
 */

import { Refusal } from "abi/refusal";
import { FOREVER } from "abi/syscall";
import { Wait } from "abi/task";
import { Hart } from "../arch/riscv/hart";
import { wake } from "../sched/wake";
import { endpointAt } from "../task/endpoint";
import { claim, TASKS_MAX, Task, taskAt, waitKind } from "../task/task";
import { unlinkWaiter } from "./endpoint";
import { stopWaiting } from "./notification";
import { setStatus } from "./results";

/** Takes a claimed task, which waited for `kind`, out of every queue. */
export function abandonWait(task: Task, kind: Wait): void {
  if (kind === Wait.Sending || kind === Wait.Receiving) {
    const endpoint = endpointAt(task.endpoint);
    endpoint.lock.acquire();
    unlinkWaiter(task);
    endpoint.lock.release();
  } else if (kind === Wait.Notified) {
    stopWaiting(task);
  }
}

function isBlocked(kind: Wait): bool {
  return kind >= Wait.Sending && kind <= Wait.Sleeping;
}

function deadlineOf(task: Task): u64 {
  return atomic.load<u64>(changetype<usize>(task) + offsetof<Task>("deadline"));
}

/**
 * Ends the waits whose deadline this hart looks after and `time` has reached. Returns the earliest deadline that is
 * left. A task that is claimed at this moment is looked at again at the next tick.
 */
export function expireDeadlines(hart: Hart, time: u64): u64 {
  let earliest: u64 = FOREVER;
  for (let i: u32 = 0; i < TASKS_MAX; i++) {
    const task = taskAt(i);
    // The word first: if the task is woken and waits anew meanwhile, the claim fails.
    const word = task.waitWord;
    const kind = waitKind(word);
    if (!isBlocked(kind) || task.deadlineHart !== hart.index) continue;
    const deadline = deadlineOf(task);
    if (deadline > time) {
      if (deadline < earliest) earliest = deadline;
      continue;
    }
    if (!claim(task, word)) continue;
    abandonWait(task, kind);
    setStatus(task, kind === Wait.Sleeping ? Refusal.None : Refusal.TimedOut);
    wake(task);
  }
  return earliest;
}

/** The task `server` ended: whoever waits for its reply hears of it. */
export function failCallersOf(server: u32): void {
  for (let i: u32 = 0; i < TASKS_MAX; i++) {
    const task = taskAt(i);
    const word = task.waitWord;
    if (waitKind(word) !== Wait.Replying || task.server !== server || !claim(task, word)) continue;
    setStatus(task, Refusal.PeerGone);
    wake(task);
  }
}
