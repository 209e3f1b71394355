/** When a wait ends by itself. Armed here; ended in timeout.ts. */
import { FOREVER } from "abi/syscall";
import { Hart } from "../arch/riscv/hart";
import { timerBefore } from "../arch/riscv/timer";
import { Task } from "../task/objects";

/** The wait that is about to begin on this hart ends by itself at `deadline`. Before the task is published. */
export function armDeadline(hart: Hart, task: Task, deadline: u64): void {
  task.deadline = deadline;
  if (deadline === FOREVER) {
    return;
  }
  task.deadlineHart = hart.index;
  timerBefore(hart, deadline);
}
