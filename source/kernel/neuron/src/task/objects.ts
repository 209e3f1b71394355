/**
 * Tasks, endpoints and notifications, as data. They refer to each other, so they stand in one file.
 *
 *   Task    0    TrapFrame      saved registers: the task pointer is the frame pointer that trap.S stores through
 *           …    its fields
 *
 * Who may touch a task: the hart that runs it; and once it is blocked, the hart that *claims* it (task.ts). What
 * several harts may touch at a time is atomic, or under a lock that its field names.
 */
import { TaskState } from "abi/task";
import { TrapFrame } from "../arch/riscv/context";
import { fenceAcquire, fenceRelease } from "../arch/riscv/intrinsics";
import { Job } from "../job/job";
import { Vmo } from "../mm/vmo";
import { AtomicWord } from "../sync/atomic";
import { Lock } from "../sync/lock";
import { List } from "./list";
import { Mapping } from "./mapping";

@unmanaged
@final
export class Task extends TrapFrame {
  index: u32;
  /** Its name in the audit trail (abi/task.ts): never another task's. */
  id: u32;
  /** Atomic: `waitWord`. */
  private wait: u64;
  /** When its wait ends by itself; FOREVER for never. Written before the wait word, and read after it. */
  deadline: u64;
  /** The hart whose timer looks after `deadline`. */
  deadlineHart: u32;

  // Scheduling: of the hart that runs the task or has claimed it
  /** The class in which it runs now, and its own: they differ while it has no time (sched/time.ts). */
  taskClass: u32;
  ownClass: u32;
  /** Whose time it uses: the account of a job (job/job.ts). */
  payer: u32;
  /** When it last was woken by an interrupt to another hart that counted as its first in a tick (sched/wake.ts). */
  toldAt: u64;
  /** How often it was given a hart. */
  runs: u64;
  /** The hart that ran it last. */
  lastHart: u32;
  /** It was sent to `lastHart` by a hint: thieves leave it alone until it has run. */
  hinted: u32;
  /**
   * In a run queue or an endpoint's queue: its neighbours there, and the queue; 0 and null for none. Under that queue's
   * lock.
   */
  next: u32;
  previous: u32;
  queue: TaskQueue | null;

  // Messages: where it is Sending or Receiving, and with which badge; whose reply it waits for while Replying
  endpoint: Endpoint | null;
  badge: u32;
  server: Task | null;
  /** Not 0 once it has received: callers may wait for its reply. */
  serves: u32;
  /** The notification that is bound to it, and the one that it waits for. */
  bound: Notification | null;
  waitsFor: Notification | null;

  /** Its slots from here on were never used (handles.ts). */
  slotsEnd: u32;
  /** Interrupts that are bound to it (irq/interrupts.ts). */
  interrupts: u32;

  // What its Revoke, Drop or end takes back (lifecycle/revoke.ts)
  /** The slot that lent it all, as a lease; 0: nothing is being taken back. */
  takesBack: u32;
  /** The lease that is looked for now: that slot, or another to which it lent. */
  takesLease: u32;
  /** How far the search has come. */
  takesAt: u32;
  /** A capability that was taken, and is released next (`takenBy` in handles.ts). */
  private taken0: u64;
  private taken1: u64;

  // Memory
  /** What puts its address space in force. */
  satp: u64;
  /** Address of the root page table. */
  root: u32;
  /** Bit per hart that sees the address space as it is (sched/space.ts). A change clears them all. */
  seenBy: u32;
  /** Kernel address of the message page. */
  messagePage: u32;
  /** The memory object that its CreateVmo is about to make. */
  making: Vmo | null;
  /** Its records of mappings from here on were never used (mappings.ts). */
  mappingsEnd: u32;
  /** The mapping that its Map, MapDevice or Unmap is at work on. */
  work: Mapping | null;
  /** Of what its Map or MapDevice maps: the address of the first page, and the rights of all. */
  workPhysical: u32;
  workRights: u32;

  // Debugging: under the lock of lifecycle/debug.ts, but for the fault, which belongs to the wait
  /** Who has its faults, and what each of them signals there. */
  faultTaker: Task | null;
  faultNotification: Notification | null;
  faultBits: u64;
  /** How many tasks' faults it has itself. */
  debugs: u32;
  /** The fault that it stands on: scause, stval and sepc. */
  faultCause: u32;
  faultValue: u64;
  faultPc: u64;

  // Life
  /** The number of the hart that its RestartHart is about to start, plus 1. */
  starts: u32;
  /** What its EndJob ends, the number of the job that is looked at next, and the one whose tasks are being asked. */
  ends: Job | null;
  endsAt: u32;
  asks: Job | null;
  /** What it and all that it takes is charged to, and its neighbours among that job's tasks. */
  job: Job;
  nextInJob: u32;
  previousInJob: u32;
  private references0: u32;
  /** Atomic: `state`. */
  private stateWord: u32;
  end: u32;
  endDetail: u64;
  /** Not 0 for the task that looks after all others: when it ends, the run is over. */
  vital: u32;
  /** Signalled when it ends, with these bits. */
  endNotification: Notification | null;
  endBits: u64;
  /** Atomic: `killed`. */
  private killedWord: u32;
  /** Its neighbours among the tasks that are to be killed. */
  nextKill: u32;
  previousKill: u32;
  /** Its maker, what it made, and its neighbours among what its maker made. Under the lock of life.ts. */
  maker: Task | null;
  private children0: u64;
  nextSibling: Task | null;
  previousSibling: u32;
  /** It has ended, and waits for the end of what it made. */
  lingers: u32;
  /** How far its end has come, a `Stage`, and how far in that stage. */
  stage: u32;
  position: u32;
  nameLow: u64;
  nameHigh: u64;

  // What outlives the task, for the next one at this place
  /** The serial of the last wait. */
  serial: u64;
  /** Tasks that were here before. */
  generation: u32;
  /** Address of its capability table (handles.ts). */
  slots: u32;

  /** What belongs to this wait (`server`, `deadline`) may be read after it. */
  get waitWord(): u64 {
    const word = this.wait;
    fenceAcquire();
    return word;
  }

  /** A hart that sees the word sees all that was written before. */
  set waitWord(word: u64) {
    fenceRelease();
    this.wait = word;
  }

  /** The wait word without a fence: as a guess that has yet to be claimed, or where the caller has fenced. */
  get waitWordRelaxed(): u64 {
    return this.wait;
  }

  set waitWordRelaxed(word: u64) {
    this.wait = word;
  }

  /** Takes the wait word from `from` to `to`. False if it was not `from`. */
  moveWaitWord(from: u64, to: u64): bool {
    return atomic.cmpxchg<u64>(changetype<usize>(this) + offsetof<Task>("wait"), from, to) === from;
  }

  /** Capabilities that name it, and one until it has ended. */
  get references(): AtomicWord {
    return changetype<AtomicWord>(changetype<usize>(this) + offsetof<Task>("references0"));
  }

  get state(): TaskState {
    return <TaskState>atomic.load<u32>(changetype<usize>(this) + offsetof<Task>("stateWord"));
  }

  set state(state: TaskState) {
    atomic.store<u32>(changetype<usize>(this) + offsetof<Task>("stateWord"), state);
  }

  /**
   * Written under the lock of life.ts. A plain load: a hart that sees it late ends the task at its next trap, and a tick
   * is one.
   */
  get killed(): Killed {
    return <Killed>this.killedWord;
  }

  set killed(killed: Killed) {
    atomic.store<u32>(changetype<usize>(this) + offsetof<Task>("killedWord"), killed);
  }

  get children(): List {
    return changetype<List>(changetype<usize>(this) + offsetof<Task>("children0"));
  }

  get takenAddress(): usize {
    return changetype<usize>(this) + offsetof<Task>("taken0");
  }

  /** Address of its name, TASK_NAME_BYTES long, padded with zeros. */
  get nameAddress(): usize {
    return changetype<usize>(this) + offsetof<Task>("nameLow");
  }
}

/** Whether a task is to be killed. */
export const enum Killed {
  No = 0,
  /** It is, and has not ended. */
  Asked = 1,
  /** It has ended. */
  Done = 2,
}

/** What a task that has ended is giving back, in this order (lifecycle/reap.ts). */
export const enum Stage {
  /** What its RestartHart or EndJob left to do. */
  Calls = 0,
  /** Those who wait for its reply are told. */
  Callers = 1,
  /** The faults that it took are the others' own again. */
  Debugged = 2,
  Console = 3,
  Slots = 4,
  Mappings = 5,
  Tables = 6,
  /** What it made is to be killed. */
  Children = 7,
  /** Its end is told, and that of the makers that lingered for it. */
  Told = 8,
}

/** Where a task keeps its neighbours in a queue. */
const LINKS: u32 = <u32>offsetof<Task>("next");

/** Tasks that run next, or that wait at an endpoint, in the order in which they came. Under the lock of its owner. */
@unmanaged
@final
export class TaskQueue extends List {
  get head(): Task | null {
    return changetype<Task | null>(this.first);
  }

  append(task: Task): void {
    task.queue = this;
    this.linkLast(<u32>changetype<usize>(task), LINKS);
  }

  prepend(task: Task): void {
    task.queue = this;
    this.linkFirst(<u32>changetype<usize>(task), LINKS);
  }

  /** Takes out the head, `task`. */
  removeHead(task: Task): void {
    task.queue = null;
    this.unlinkFirst(LINKS);
  }

  /** Takes out a task that is in this queue. */
  remove(task: Task): void {
    task.queue = null;
    this.unlink(<u32>changetype<usize>(task), LINKS);
  }
}

/** Where calls meet receivers. At most one of the two queues is not empty. */
@unmanaged
@final
export class Endpoint {
  private lock0: u64;
  private lock1: u64;
  private references0: u32;
  private receiveRights0: u32;
  /** What it is charged to. */
  job: Job;
  // Under the lock:
  private callers0: u64;
  private receivers0: u64;

  get lock(): Lock {
    return changetype<Lock>(changetype<usize>(this));
  }

  get references(): AtomicWord {
    return changetype<AtomicWord>(changetype<usize>(this) + offsetof<Endpoint>("references0"));
  }

  /** Capabilities that allow to receive here. Once there is none, there never is one again. */
  get receiveRights(): AtomicWord {
    return changetype<AtomicWord>(changetype<usize>(this) + offsetof<Endpoint>("receiveRights0"));
  }

  get callers(): TaskQueue {
    return changetype<TaskQueue>(changetype<usize>(this) + offsetof<Endpoint>("callers0"));
  }

  get receivers(): TaskQueue {
    return changetype<TaskQueue>(changetype<usize>(this) + offsetof<Endpoint>("receivers0"));
  }
}
if (offsetof<TaskQueue>() !== 8) {
  ERROR("an Endpoint keeps eight bytes for each queue");
}

/** A word of bits that are signalled and taken. */
@unmanaged
@final
export class Notification {
  private lock0: u64;
  private lock1: u64;
  private references0: u32;
  /** What it is charged to. */
  job: Job;
  // Under the lock:
  /** The task that waits for it, and the one that it is bound to. */
  waiter: Task | null;
  boundTo: Task | null;
  bits: u64;

  get lock(): Lock {
    return changetype<Lock>(changetype<usize>(this));
  }

  get references(): AtomicWord {
    return changetype<AtomicWord>(changetype<usize>(this) + offsetof<Notification>("references0"));
  }
}
