/**
 * What a hart runs next. Its own queue first; then it steals, from the other harts in a fixed order, one task; then it
 * idles in WFI. Reached from trap.ts on the way out of the kernel.
 *
 * No wake-up is lost on the way into idling: this hart says that it is idle and then looks at its queue again, a waker
 * fills the queue and then looks who is idle (or always sends an interrupt, if the queue is not its own). Both are
 * sequentially consistent, so one of the two sees the other.
 */
import { Hart, hartCount, thisHart } from "../arch/riscv/hart";
import { sfenceVma, writeSatp } from "../arch/riscv/intrinsics";
import { hasAsid, kernelSpaceSatp, satpOf } from "../mm/kernelmap";
import { Task } from "../task/task";
import { queueOf } from "./queue";
import { markBusy, markIdle } from "./wake";

/** Address-space identifiers: 0 is the kernel's own, a task's is its index + 1. */
export function asidOf(task: Task): u32 {
  return task.index + 1;
}

/** Puts an address space in force on this hart. */
function loadSatp(hart: Hart, satp: u64): void {
  if (hart.satp === satp) return;
  writeSatp(satp);
  atomic.store<u64>(changetype<usize>(hart) + offsetof<Hart>("satp"), satp);
}

/** This hart leaves the address space of the task that it ran: for idling, and before a task's memory goes. */
export function leaveSpace(): void {
  loadSatp(thisHart(), kernelSpaceSatp());
}

/** The runnable `task`, which is in no queue, is what this hart runs. */
export function runOn(hart: Hart, task: Task): void {
  hart.running = <u32>changetype<usize>(task);
  hart.frame = hart.running;
  hart.switches++;
  task.lastHart = hart.index;
  task.hinted = 0;
  task.ranOn |= 1 << hart.index;
  loadSatp(hart, satpOf(task.root, asidOf(task)));
  // Hardware with fewer identifiers than tasks would mix address spaces up.
  if (!hasAsid(asidOf(task))) sfenceVma();
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
  queueOf(hart.index).push(task);
}

/** The next task for this hart, its own or a stolen one; null if there is none. */
export function pick(hart: Hart): Task | null {
  const own = queueOf(hart.index).pop();
  if (own !== null) return own;
  const count = hartCount();
  for (let i: u32 = 1; i < count; i++) {
    const stolen = queueOf((hart.index + i) % count).steal();
    if (stolen !== null) {
      hart.stolen++;
      return stolen;
    }
  }
  return null;
}

/** As `pick`, but on the way into idling: this hart counts as idle before it looks. */
export function pickBeforeIdle(hart: Hart): Task | null {
  markIdle(hart.index);
  const task = pick(hart);
  if (task !== null) markBusy(hart.index);
  else hart.idles++;
  return task;
}

export function leaveIdle(hart: Hart): void {
  markBusy(hart.index);
}
