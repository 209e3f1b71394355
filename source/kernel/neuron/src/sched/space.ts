/**
 * Which address space is in force on a hart, and what its TLB may still know of a space that was changed. Reached from
 * sched/schedule.ts when another task runs, and from lifecycle/memory.ts when a space was changed.
 *
 * No hart is ever asked to fence. A task is one thread, so none but the hart that changes its space can be running it,
 * and what a TLB knows is marked with the space's identifier (ASID): nothing uses it before the task runs there again.
 * So each hart fences when it next enters the space. A hart that is still on its way out of the kernel, with the space
 * in its satp, uses no address of the task's any more.
 */
import { Hart, thisHart } from "../arch/riscv/hart";
import { asidsSuffice, enterSpace, seeNewMappings } from "../arch/riscv/satp";
import { kernelSpaceSatp } from "../mm/kernelmap";
import { Task } from "../task/objects";
import { TASKS_MAX } from "../task/task";

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
  if (hart.running !== 0) {
    enterSpaceOf(hart, changetype<Task>(hart.running));
  }
}

/** Puts the address space of `task` in force on this hart, as it is now. */
export function enterSpaceOf(hart: Hart, task: Task): void {
  enterSpace(hart, task.satp);
  see(hart, task);
}

/** The address space of `task` was changed: something was mapped or taken out. */
export function spaceChanged(task: Task): void {
  task.seenBy = 0;
  const hart = thisHart();
  if (hart.running === <u32>changetype<usize>(task)) {
    see(hart, task);
  }
}

/** This hart sees all that was mapped into `task`. */
function see(hart: Hart, task: Task): void {
  const bit = hart.bit;
  if ((task.seenBy & bit) !== 0) {
    return;
  }
  // Hardware with fewer identifiers than tasks mixes address spaces up: no space counts as seen there.
  if (asidsSuffice(ASID_MAX)) {
    task.seenBy |= bit;
  }
  seeNewMappings();
}
