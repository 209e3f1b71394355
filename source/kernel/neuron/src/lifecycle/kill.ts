/** Ending another task: at once if it waits, at its next trap if it runs. */

import { Refusal } from "abi/refusal";
import { End, TaskState } from "abi/task";
import { thisHart } from "../arch/riscv/hart";
import { notifyHart } from "../arch/riscv/ipi";
import { abandonWait } from "../ipc/timeout";
import { claim, Task, Wait, waitKind } from "../task/task";
import { endTask } from "./reap";

function killedFlag(task: Task): usize {
  return changetype<usize>(task) + offsetof<Task>("killed");
}

/** Whether its end was asked for: looked at whenever a task is about to run. */
export function isKilled(task: Task): bool {
  return atomic.load<u32>(killedFlag(task)) !== 0;
}

/** Syscall.KillTask. */
export function killTask(task: Task): Refusal {
  if (task.state === TaskState.Ended) return Refusal.BadState;
  atomic.store<u32>(killedFlag(task), 1);
  const word = task.waitWord;
  const kind = waitKind(word);
  if (kind === Wait.None || kind === Wait.Claimed) {
    // It runs or is about to: the hart that has it will see the flag at its next trap, at the latest at its tick.
    if (task.lastHart !== thisHart().index) notifyHart(task.lastHart);
    return Refusal.None;
  }
  if (kind === Wait.Ended || !claim(task, word)) return Refusal.None;
  abandonWait(task, kind);
  endTask(task, End.Killed, 0);
  return Refusal.None;
}
