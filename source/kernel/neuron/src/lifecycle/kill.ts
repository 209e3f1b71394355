/**
 * Ending another task: at once if it waits, at its next trap if it runs.
 *
 * A task may begin to wait at the very moment in which its end is asked for: then its hart does not look any more, and
 * who asked still saw it run. The next tick of any hart finds it.
 */

import { Refusal } from "abi/refusal";
import { End, TaskState, Wait } from "abi/task";
import { thisHart } from "../arch/riscv/hart";
import { notifyHart } from "../arch/riscv/ipi";
import { abandonWait } from "../ipc/timeout";
import {
  askForEnd,
  claim,
  isKilled,
  lookForEnds,
  TASKS_MAX,
  Task,
  takeEndsAsked,
  taskAt,
  waitKind,
} from "../task/task";
import { endTask } from "./reap";

/** Syscall.KillTask. */
export function killTask(task: Task): Refusal {
  if (task.state === TaskState.Ended) return Refusal.BadState;
  askForEnd(task);
  if (endWaiting(task, task.waitWord)) return Refusal.None;
  // It runs or is about to: the hart that has it will see that at its next trap, at the latest at its tick.
  if (task.lastHart !== thisHart().index) notifyHart(task.lastHart);
  return Refusal.None;
}

/** Ends a task that waits, or was not started, with this wait word. False if it runs, is about to, or has ended. */
function endWaiting(task: Task, word: u64): bool {
  const kind = waitKind(word);
  if (kind === Wait.None || kind === Wait.Claimed || kind === Wait.Ended || !claim(task, word)) return false;
  abandonWait(task, kind);
  endTask(task, End.Killed, 0);
  return true;
}

/** Ends the tasks whose end was asked for and that are waiting all the same. At every tick; one hart does it for all. */
export function finishKills(): void {
  if (!takeEndsAsked()) return;
  for (let i: u32 = 0; i < TASKS_MAX; i++) {
    const task = taskAt(i);
    // The word first: if the task ends and its index goes to another meanwhile, the claim fails.
    const word = task.waitWord;
    if (!isKilled(task) || waitKind(word) === Wait.Ended || endWaiting(task, word)) continue;
    lookForEnds(); // at the next tick
  }
}
