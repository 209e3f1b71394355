/**
 * Run queues: one a hart, one lock each; inside, a list for every class, first in, first out. Tasks link through their
 * own `next`, so a queue can hold all tasks there are and never overflows.
 *
 *   RunQueue   0 Lock │ 16 waiting (bit per class) │ 24 CLASS_COUNT × {head, tail}
 */
import { CLASS_COUNT } from "abi/task";
import { HARTS_MAX } from "../arch/riscv/frame";
import { Hart } from "../arch/riscv/hart";
import { announce } from "../arch/riscv/smp";
import { Lock } from "../sync/lock";
import { Rank } from "../sync/order";
import { Task } from "../task/task";

const LISTS_OFFSET: usize = 24;
const QUEUE_STRIDE: u32 = 64;

/** There is no task of any class. */
export const NO_CLASS: u32 = CLASS_COUNT;

@unmanaged
@final
export class RunQueue {
  private lock0: u64;
  private lock1: u64;
  /** Bit per class with a waiting task. Written under the lock; thieves look at it without, as a hint. */
  private waiting: u32;
  /** Its hart takes no more tasks: it is stopping. Under the lock. */
  private closed: u32;

  private get lock(): Lock {
    return changetype<Lock>(changetype<usize>(this));
  }

  private head(taskClass: u32): usize {
    return changetype<usize>(this) + LISTS_OFFSET + (taskClass << 3);
  }

  /** Empty, and closed until its hart takes part. */
  init(): void {
    this.lock.init(Rank.RunQueue);
    this.closed = 1;
  }

  /** Bit per class with a waiting task, as it is at this moment. */
  get classes(): u32 {
    return atomic.load<u32>(changetype<usize>(this) + offsetof<RunQueue>("waiting"));
  }

  /** Appends a runnable task; from here on another hart may take it. False if the hart takes no more. */
  push(task: Task): bool {
    this.lock.acquire();
    if (this.closed !== 0) {
      this.lock.release();
      return false;
    }
    const head = this.head(task.taskClass);
    const tail = changetype<Task | null>(load<u32>(head + 4));
    task.next = null;
    if (tail === null) store<u32>(head, <u32>changetype<usize>(task));
    else tail.next = task;
    store<u32>(head + 4, <u32>changetype<usize>(task));
    this.mark(this.waiting | (1 << task.taskClass));
    this.lock.release();
    return true;
  }

  /** Its hart stops: no more tasks come in. */
  close(): void {
    this.lock.acquire();
    this.closed = 1;
    this.lock.release();
  }

  /**
   * Its hart takes part, and lets tasks in, in one step: a hart that sees the other online finds its queue open. False if it was
   * given up (smp.ts).
   */
  open(hart: Hart): bool {
    this.lock.acquire();
    const takesPart = announce(hart);
    if (takesPart) this.closed = 0;
    this.lock.release();
    return takesPart;
  }

  /** Takes the first task of the most urgent class, or null. */
  pop(): Task | null {
    if (this.classes === 0) return null;
    this.lock.acquire();
    let task: Task | null = null;
    if (this.waiting !== 0) task = this.take(ctz(this.waiting), null);
    this.lock.release();
    return task;
  }

  /**
   * For a thief: takes the first task of the most urgent class from `fromClass` on that was not sent here by a hint, or
   * null.
   */
  steal(fromClass: u32): Task | null {
    if (this.classes >> fromClass === 0) return null;
    this.lock.acquire();
    let found: Task | null = null;
    for (let taskClass: u32 = fromClass; taskClass < CLASS_COUNT && found === null; taskClass++) {
      let before: Task | null = null;
      let task = changetype<Task | null>(load<u32>(this.head(taskClass)));
      // bounded by the tasks there are
      while (task !== null && task.hinted !== 0) {
        before = task;
        task = task.next;
      }
      if (task !== null) found = this.take(taskClass, before);
    }
    this.lock.release();
    return found;
  }

  /** Unlinks the task behind `before` (the first for null) of a list that has one there. The lock is held. */
  private take(taskClass: u32, before: Task | null): Task {
    const head = this.head(taskClass);
    const task = before === null ? changetype<Task>(load<u32>(head)) : changetype<Task>(before.next);
    const after = task.next;
    if (before === null) store<u32>(head, <u32>changetype<usize>(after));
    else before.next = after;
    if (after === null) store<u32>(head + 4, <u32>changetype<usize>(before));
    if (load<u32>(head) === 0) this.mark(this.waiting & ~(1 << taskClass));
    task.next = null;
    return task;
  }

  private mark(classes: u32): void {
    atomic.store<u32>(changetype<usize>(this) + offsetof<RunQueue>("waiting"), classes);
  }
}

const table: usize = memory.data(256, 64);
if (LISTS_OFFSET + CLASS_COUNT * 8 > QUEUE_STRIDE || HARTS_MAX * QUEUE_STRIDE > 256)
  ERROR("queues too small");

/** The run queue of hart `index`. */
export function queueOf(index: u32): RunQueue {
  return changetype<RunQueue>(table + index * QUEUE_STRIDE);
}

/** The most urgent class of a mask of classes, NO_CLASS for none. */
export function mostUrgent(classes: u32): u32 {
  return classes === 0 ? NO_CLASS : ctz(classes);
}
