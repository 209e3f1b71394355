/**
 * Run queues: one a hart, one lock each; inside, a list for every class, first in, first out (task/list.ts).
 *
 *   RunQueue   0 Lock │ 16 waiting (bit per class) │ 20 closed │ 24 LIST_COUNT × TaskQueue
 */
import { CLASS_COUNT } from "abi/task";
import { HARTS_MAX } from "../arch/riscv/frame";
import { Hart, hartAt } from "../arch/riscv/hart";
import { announce } from "../arch/riscv/smp";
import { Lock } from "../sync/lock";
import { Rank } from "../sync/order";
import { Task, TaskQueue } from "../task/objects";

const LISTS_OFFSET: usize = 24;
/** A list for each class, and one for tasks without time (sched/time.ts). */
const LIST_COUNT: u32 = CLASS_COUNT + 1;
/** Bytes of a queue: a cache line of its own. */
export const QUEUE_STRIDE: u32 = (24 + LIST_COUNT * 8 + 63) & ~63;

/** There is no task of any class. */
export const NO_CLASS: u32 = LIST_COUNT;

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

  /** Empty, and closed until its hart takes part. */
  init(): void {
    this.lock.init(Rank.RunQueue);
    this.closed = 1;
  }

  /** Bit per class with a waiting task, as it is at this moment. */
  get classes(): u32 {
    return atomic.load<u32>(changetype<usize>(this) + offsetof<RunQueue>("waiting"));
  }

  /**
   * For the queue's own hart: whether a task waits here that is more urgent than `taskClass`. What comes in later is
   * told.
   */
  hasBefore(taskClass: u32): bool {
    const waiting = this.waiting;
    return waiting !== 0 && (waiting & ((1 << taskClass) - 1)) !== 0;
  }

  /** Appends a runnable task; from here on another hart may take it. False if the hart takes no more. */
  push(task: Task): bool {
    this.lock.acquire();
    if (this.closed !== 0) {
      this.lock.release();
      return false;
    }
    this.list(task.taskClass).append(task);
    this.waiting |= 1 << task.taskClass;
    this.lock.release();
    return true;
  }

  /**
   * For the queue's own hart: `task`, which it runs, goes behind those of its class, and the one comes out that is to
   * run first. That is `task` itself if none that waits is as urgent.
   */
  exchange(task: Task): Task {
    const taskClass = task.taskClass;
    const asUrgent = (2 << taskClass) - 1;
    if ((this.waiting & asUrgent) === 0) {
      return task;
    }
    this.lock.acquire();
    const waiting = this.waiting;
    // A thief may have been here meanwhile.
    if ((waiting & asUrgent) === 0) {
      this.lock.release();
      return task;
    }
    const list = this.list(ctz(waiting));
    const first = changetype<Task>(list.head);
    list.removeHead(first);
    const rest = list.head === null ? waiting & (waiting - 1) : waiting;
    this.list(taskClass).append(task);
    this.waiting = rest | (1 << taskClass);
    this.lock.release();
    return first;
  }

  /** Its hart stops: no more tasks come in. */
  close(): void {
    this.lock.acquire();
    this.closed = 1;
    this.lock.release();
  }

  /**
   * Its hart takes part, and lets tasks in, in one step: a hart that sees the other online finds its queue open. False
   * if it was given up (smp.ts).
   */
  open(hart: Hart): bool {
    this.lock.acquire();
    const takesPart = announce(hart);
    if (takesPart) {
      this.closed = 0;
    }
    this.lock.release();
    return takesPart;
  }

  /** Takes the first task of the most urgent class, or null. */
  pop(): Task | null {
    if (this.classes === 0) {
      return null;
    }
    this.lock.acquire();
    let task: Task | null = null;
    const waiting = this.waiting;
    if (waiting !== 0) {
      const list = this.list(ctz(waiting));
      task = list.head;
      list.removeHead(changetype<Task>(task));
      if (list.head === null) {
        this.waiting = waiting & (waiting - 1);
      }
    }
    this.lock.release();
    return task;
  }

  /** For a thief: takes the first task of `taskClass` that was not sent here by a hint, or null. */
  steal(taskClass: u32): Task | null {
    if ((this.classes & (1 << taskClass)) === 0) {
      return null;
    }
    this.lock.acquire();
    let found = this.list(taskClass).head;
    // bounded by the tasks there are
    while (found !== null && found.hinted !== 0) {
      found = changetype<Task | null>(found.next);
    }
    if (found !== null) {
      this.take(found);
    }
    this.lock.release();
    return found;
  }

  /** Takes `task` out if it is in this queue; it is the caller's then. */
  withdraw(task: Task): bool {
    this.lock.acquire();
    const isHere = this.has(task.queue);
    if (isHere) {
      this.take(task);
    }
    this.lock.release();
    return isHere;
  }

  private has(queue: TaskQueue | null): bool {
    return changetype<usize>(queue) - changetype<usize>(this) < QUEUE_STRIDE;
  }

  /** The lock is held. */
  private take(task: Task): void {
    const list = this.list(task.taskClass);
    list.remove(task);
    if (list.head === null) {
      this.waiting &= ~(1 << task.taskClass);
    }
  }

  private list(taskClass: u32): TaskQueue {
    return changetype<TaskQueue>(changetype<usize>(this) + LISTS_OFFSET + (taskClass << 3));
  }
}

const table: usize = memory.data(HARTS_MAX * QUEUE_STRIDE, 64);

/** Once, before harts take part: each has its queue, which is closed. */
export function queuesInit(): void {
  for (let i: u32 = 0; i < HARTS_MAX; i++) {
    queueOf(i).init();
    hartAt(i).queue = <u32>changetype<usize>(queueOf(i));
  }
}

/** The queue of a hart. */
export function ownQueue(hart: Hart): RunQueue {
  return changetype<RunQueue>(hart.queue);
}

/** The run queue of hart `index`. */
export function queueOf(index: u32): RunQueue {
  return changetype<RunQueue>(table + index * QUEUE_STRIDE);
}

/** The most urgent class of a mask of classes, NO_CLASS for none. */
export function mostUrgent(classes: u32): u32 {
  return classes === 0 ? NO_CLASS : ctz(classes);
}

/** Takes a runnable task out of its run queue. False if it is in none: it runs, or is about to. */
export function withdraw(task: Task): bool {
  const queue = changetype<usize>(task.queue);
  if (queue < table || queue >= table + HARTS_MAX * QUEUE_STRIDE) {
    return false;
  }
  return queueOf(<u32>(queue - table) / QUEUE_STRIDE).withdraw(task);
}
