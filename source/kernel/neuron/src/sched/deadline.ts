/**
 * When a wait ends by itself. Armed here; ended in ipc/timeout.ts.
 *
 * Each hart has a bit for every task whose deadline it looks after, so a tick costs what there is to look after, however
 * many tasks there are. A bit may outlast its deadline: the next tick finds that out, and drops it.
 */
import { FOREVER } from "abi/syscall";
import { HARTS_MAX } from "../arch/riscv/frame";
import { Hart } from "../arch/riscv/hart";
import { timerBefore } from "../arch/riscv/timer";
import { Task } from "../task/objects";
import { TASKS_MAX } from "../task/task";

const WORD_SHIFT: u32 = 6;
const WORD_TASKS: u32 = 1 << WORD_SHIFT;
/** Words of such bits that a hart has. */
export const DEADLINE_WORDS: u32 = (TASKS_MAX + WORD_TASKS - 1) >> WORD_SHIFT;

const table: usize = memory.data(HARTS_MAX * DEADLINE_WORDS * 8, 64);

function wordAt(hart: u32, word: u32): usize {
  return table + ((hart * DEADLINE_WORDS + word) << 3);
}

/** The wait that is about to begin on this hart ends by itself at `deadline`. Before the task is published. */
export function armDeadline(hart: Hart, task: Task, deadline: u64): void {
  task.deadline = deadline;
  if (deadline === FOREVER) {
    return;
  }
  lookAfter(hart.index, task);
  hart.earliest = min(hart.earliest, deadline);
  timerBefore(hart, deadline);
}

/** Hart `index` looks after the deadline of `task` from here on: this hart, or the one that it leaves its own to. */
export function lookAfter(index: u32, task: Task): void {
  task.deadlineHart = index;
  atomic.or<u64>(wordAt(index, task.index >> WORD_SHIFT), (<u64>1) << (task.index & (WORD_TASKS - 1)));
}

/**
 * Takes all bits of word `word` of hart `index`: bit i stands for task `word` × 64 + i. What is to be looked at again is
 * given back by `lookAfter`.
 */
export function takeDeadlines(index: u32, word: u32): u64 {
  return atomic.xchg<u64>(wordAt(index, word), 0);
}

/** Gives back what was taken and not looked at. */
export function lookAfterAll(index: u32, word: u32, bits: u64): void {
  if (bits !== 0) {
    atomic.or<u64>(wordAt(index, word), bits);
  }
}

/** The word of the task with this index. */
export function wordOfTask(task: u32): u32 {
  return task >> WORD_SHIFT;
}

/** The bits of word `word` for tasks before the one with this index. */
export function bitsBefore(word: u32, task: u32): u64 {
  return wordOfTask(task) === word ? ((<u64>1) << (task & (WORD_TASKS - 1))) - 1 : 0;
}

/** The task of bit `bit` of word `word`. */
export function taskOfBit(word: u32, bit: u32): u32 {
  return (word << WORD_SHIFT) + bit;
}
