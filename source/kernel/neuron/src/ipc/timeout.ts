/**
 * Waits that end without what they waited for: a deadline passed, the task is to be killed, or its server ended. The
 * hart that claims the task takes it out of the queue it may be in, and only then does it run again.
 */

import { Refusal } from "abi/refusal";
import { FOREVER } from "abi/syscall";
import { Wait } from "abi/task";
import { Hart } from "../arch/riscv/hart";
import {
  bitsBefore,
  DEADLINE_WORDS,
  lookAfter,
  lookAfterAll,
  takeDeadlines,
  taskOfBit,
  wordOfTask,
} from "../sched/deadline";
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

/** What a look at deadlines may cost in one go, in units of some fifty instructions: a task that is woken, or only looked at. */
const UNITS_A_TURN: i32 = 96;
const UNITS_A_WAKE: i32 = 8;

/**
 * Ends the waits whose deadline this hart looks after and `time` has reached. Returns the earliest deadline that is
 * left, or `time` if not all were looked at: then the timer comes again at once. A task that is claimed at this moment
 * is looked at again at the next tick.
 */
export function expireDeadlines(hart: Hart, time: u64): u64 {
  if (hart.expiring === 0) {
    hart.earliest = FOREVER;
  }
  let left = UNITS_A_TURN;
  for (let word = wordOfTask(hart.expiring); word < DEADLINE_WORDS; word++) {
    const taken = takeDeadlines(hart.index, word);
    if (taken === 0) {
      continue;
    }
    const before = taken & bitsBefore(word, hart.expiring);
    lookAfterAll(hart.index, word, before);
    for (let bits = taken & ~before; bits !== 0; bits &= bits - 1) {
      const task = taskOfBit(word, <u32>ctz(bits));
      if (left <= 0) {
        lookAfterAll(hart.index, word, bits);
        hart.expiring = task;
        return time;
      }
      left -= expire(hart, taskAt(task), time) ? UNITS_A_WAKE : 1;
    }
  }
  hart.expiring = 0;
  return hart.earliest;
}

/** Ends the wait of `task` if it is due. True if it did. */
function expire(hart: Hart, task: Task, time: u64): bool {
  // The word first: if the task is woken and waits anew meanwhile, the claim fails.
  const word = task.waitWord;
  const kind = waitKind(word);
  const deadline = task.deadline;
  if (task.deadlineHart !== hart.index || deadline === FOREVER) {
    return false;
  }
  // A receiver that is claimed may go on waiting with the same deadline (ipc/call.ts).
  if (kind === Wait.Claimed) {
    lookAfter(hart.index, task);
    return false;
  }
  if (!isBlocked(kind)) {
    return false;
  }
  if (deadline > time) {
    lookAfter(hart.index, task);
    hart.earliest = min(hart.earliest, deadline);
    return false;
  }
  if (!claim(task, word)) {
    lookAfter(hart.index, task);
    return false;
  }
  abandonWait(task, kind);
  setStatus(task, kind === Wait.Sleeping ? Refusal.None : Refusal.TimedOut);
  wake(task);
  return true;
}

/** Tasks that are looked at, and those that are told, cost units of some hundred instructions. */
const TASKS_A_UNIT: u32 = 16;
const UNITS_A_CALLER: i32 = 4;

/**
 * The task `server` ended: each caller that waits for its reply is told, as far as `most` units reach. Returns what is
 * left of them: none if not all were told.
 */
export function failCallersOf(server: Task, most: i32): i32 {
  if (server.serves === 0) {
    return most;
  }
  let left = most;
  let at = server.position;
  while (left > 0) {
    const next = nextCaller(server, at);
    left -= <i32>((next - at) / TASKS_A_UNIT);
    if (next === TASKS_MAX) {
      server.position = 0;
      return max(left, 1);
    }
    failCaller(server, taskAt(next));
    left -= UNITS_A_CALLER;
    at = next + 1;
  }
  server.position = at;
  return 0;
}

/** The first task from number `from` on that waits for a reply of `server`; TASKS_MAX for none. */
function nextCaller(server: Task, from: u32): u32 {
  let i = from;
  while (i < TASKS_MAX && (waitKind(taskAt(i).waitWord) !== Wait.Replying || taskAt(i).server !== server)) {
    i++;
  }
  return i;
}

/** The task was seen to wait for a reply of `server`, and is told if it still does. */
function failCaller(server: Task, task: Task): void {
  const word = task.waitWord;
  if (waitKind(word) === Wait.Replying && task.server === server && claim(task, word)) {
    setStatus(task, Refusal.PeerGone);
    wake(task);
  }
}
