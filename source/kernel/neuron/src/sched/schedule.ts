/**
 * What a hart runs next, and in which address space. Its own queue first; then it steals, from the other harts in a fixed order, one task; then it
 * idles in WFI. Reached from trap.ts on the way out of the kernel.
 *
 * A thief takes only what would go on waiting: tasks of the class that the other hart runs, or of lower ones. A more
 * urgent one is about to run there anyway, and an idle hart is about to run whatever it has.
 *
 * No wake-up is lost on the way into idling: this hart says that it is idle and then looks at its queue again, a waker
 * fills the queue and then looks who is idle (or always sends an interrupt, if the queue is not its own). Both are
 * sequentially consistent, so one of the two sees the other.
 */
import { Hart, hartAt, hartCount, IDLE_CLASS, thisHart } from "../arch/riscv/hart";
import { outOfLine } from "../arch/riscv/intrinsics";
import { asidsSuffice, enterSpace, forgetTranslations, seeNewMappings } from "../arch/riscv/satp";
import { kernelSpaceSatp } from "../mm/kernelmap";
import { TASKS_MAX, Task } from "../task/task";
import { queueOf } from "./queue";
import { enqueue, markBusy, markIdle } from "./wake";

/** The greatest address-space identifier. */
const ASID_MAX: u32 = TASKS_MAX;

/** Address-space identifiers: 0 is the kernel's own, a task's is its index + 1. */
export function asidOf(task: Task): u32 {
  return task.index + 1;
}

/** This hart leaves the address space of the task that it ran: for idling, and before a task's memory goes. */
export function leaveSpace(): void {
  enterSpace(thisHart(), kernelSpaceSatp());
}

/** Back to the address space of the task that this hart runs, if it runs one: after another's end. */
export function returnToSpace(): void {
  const hart = thisHart();
  if (hart.running !== 0) enterSpaceOf(hart, runningTask(hart));
}

function enterSpaceOf(hart: Hart, task: Task): void {
  enterSpace(hart, task.satp);
  // Hardware with fewer identifiers than tasks would mix address spaces up.
  if (!asidsSuffice(ASID_MAX)) forgetTranslations();
  see(hart, task);
}

/** This hart sees all that was mapped into `task`. */
function see(hart: Hart, task: Task): void {
  const bit: u32 = 1 << hart.index;
  if ((task.seenBy & bit) !== 0) return;
  task.seenBy |= bit;
  seeNewMappings();
}

/**
 * The address space of `task` was changed: something was mapped or taken out. Each hart forgets what it knows of the space
 * before it runs the task again; this hart at once, if it runs the task now.
 *
 * No other hart has to be asked. A task is one thread, so none runs it now, and what a TLB knows is marked with the space's
 * identifier (ASID): nothing uses it before the task runs there again. A hart that is still on its way out of the kernel,
 * with the space in its satp, uses no address of the task's any more.
 */
export function spaceChanged(task: Task): void {
  task.seenBy = 0;
  const hart = thisHart();
  if (hart.running === <u32>changetype<usize>(task)) see(hart, task);
}

/** The runnable `task`, which is in no queue, is what this hart runs. */
export function runOn(hart: Hart, task: Task): void {
  hart.running = <u32>changetype<usize>(task);
  hart.frame = hart.running;
  hart.switches++;
  setRunningClass(hart, task.taskClass);
  task.lastHart = hart.index;
  task.hinted = 0;
  task.runs++;
  enterSpaceOf(hart, task);
}

/** What this hart runs. Only where it runs a task. */
export function runningTask(hart: Hart): Task {
  return changetype<Task>(hart.running);
}

/** The task that runs goes to the end of its queue. */
export function preempt(hart: Hart): void {
  if (hart.running === 0) return;
  const task = runningTask(hart);
  hart.running = 0;
  // A hart that is stopping takes no more: its last task goes on elsewhere.
  if (!queueOf(hart.index).push(task)) enqueue(task, hart.index);
}

function setRunningClass(hart: Hart, taskClass: u32): void {
  atomic.store<u32>(changetype<usize>(hart) + offsetof<Hart>("runningClass"), taskClass);
}

/** The next task for this hart, its own or a stolen one; null if there is none. */
export function pick(hart: Hart): Task | null {
  const own = queueOf(hart.index).pop();
  return own === null ? steal(hart) : own;
}

/** A task that another hart would leave waiting, or null. */
function steal(hart: Hart): Task | null {
  outOfLine();
  const count = hartCount();
  for (let i: u32 = 1; i < count; i++) {
    const victim = (hart.index + i) % count;
    const stolen = queueOf(victim).steal(runningClassOf(victim));
    if (stolen !== null) {
      hart.stolen++;
      return stolen;
    }
  }
  return null;
}

function runningClassOf(index: u32): u32 {
  return atomic.load<u32>(changetype<usize>(hartAt(index)) + offsetof<Hart>("runningClass"));
}

/** As `pick`, but on the way into idling: this hart counts as idle before it looks. */
export function pickBeforeIdle(hart: Hart): Task | null {
  setRunningClass(hart, IDLE_CLASS);
  markIdle(hart.index);
  const task = pick(hart);
  if (task !== null) markBusy(hart.index);
  else hart.idles++;
  return task;
}

/** This hart does not idle any more, whatever ended it. */
export function leaveIdle(hart: Hart): void {
  markBusy(hart.index);
}
