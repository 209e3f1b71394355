/**
 * A hart leaves: what it had goes on elsewhere. Its queue is closed first, so that nothing comes in behind; then its
 * tasks, its interrupts and the deadlines that it looked after move to another hart. Reached from lifecycle/hart.ts on
 * the hart that stops; what it does last is in arch/riscv/smp.ts.
 */
import { Hart, hartCount, isOnline } from "../arch/riscv/hart";
import { TASKS_MAX, taskAt } from "../task/task";
import { DEADLINE_WORDS, lookAfter, takeDeadlines, taskOfBit } from "./deadline";
import { ownQueue } from "./queue";
import { enqueue, markBusy } from "./wake";

/** The hart that takes over from `hart`: the next one that is online. The caller saw to it that there is one. */
export function successorOf(hart: Hart): u32 {
  const count = hartCount();
  for (let i: u32 = 1; i < count; i++) {
    const index = (hart.index + i) % count;
    if (isOnline(index)) {
      return index;
    }
  }
  assert(false);
  return hart.index;
}

/** Moves the tasks of `hart`, which runs this and runs no task, and the deadlines that it looks after. */
export function retire(hart: Hart, successor: u32): void {
  markBusy(hart.index);
  const queue = ownQueue(hart);
  queue.close();
  // bounded by the tasks there are: nothing comes in any more
  for (let i: u32 = 0; i < TASKS_MAX; i++) {
    const task = queue.pop();
    if (task === null) {
      break;
    }
    enqueue(task, successor);
  }
  for (let word: u32 = 0; word < DEADLINE_WORDS; word++) {
    for (let bits = takeDeadlines(hart.index, word); bits !== 0; bits &= bits - 1) {
      const task = taskAt(taskOfBit(word, <u32>ctz(bits)));
      // If it is woken and waits anew meanwhile, its deadline is looked after by the successor, at its ticks: as good.
      if (task.deadlineHart === hart.index) {
        lookAfter(successor, task);
      }
    }
  }
}

/** The hart takes part from here on. False if it was given up meanwhile, and has to stop. */
export function admit(hart: Hart): bool {
  return ownQueue(hart).open(hart);
}
