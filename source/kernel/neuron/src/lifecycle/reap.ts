/**
 * A task's end gives back all that it held, and ends what it made. Reached from its own Exit or fault (this hart ran
 * it) or from Kill (this hart claimed it); either way it is in no queue and runs nowhere.
 */

import { Audit } from "abi/audit";
import { Kind } from "abi/handle";
import { End, TaskState, Wait } from "abi/task";
import { hartsOn, thisHart } from "../arch/riscv/hart";
import { readTime } from "../arch/riscv/intrinsics";
import { auditOf } from "../diag/audit";
import { systemEnded } from "../diag/panic";
import { giveUpCapability } from "../ipc/close";
import { releaseConsole } from "../ipc/console";
import { signal, unbind } from "../ipc/notification";
import { failCallersOf } from "../ipc/timeout";
import { unbindInterruptsOf } from "../irq/interrupts";
import { givePagesBack } from "../job/job";
import { releaseVmo } from "../mm/vmo";
import { destroySpace } from "../mm/vspace";
import { leaveSpace, returnToSpace } from "../sched/space";
import { settle } from "../sched/time";
import { releaseNotification } from "../task/endpoint";
import { capabilityAt } from "../task/handles";
import { closeKill, endChildren, leaveMaker, releaseTask } from "../task/life";
import { Task } from "../task/objects";
import { forgetMappings } from "./memory";

/** Ends `task` for the reason `end`; `detail` is the exit code or the faulting address. */
export function endTask(task: Task, end: End, detail: u64): void {
  task.end = end;
  task.endDetail = detail;
  // After the two above: a task that sees Ended reads them (syscall/task.ts).
  task.state = TaskState.Ended;
  task.waitWord = Wait.Ended;
  const hart = thisHart();
  if (hart.running === <u32>changetype<usize>(task)) {
    settle(hart, readTime());
    hart.running = 0;
    // Nothing of it is saved any more (trap.S).
    hart.frame = 0;
  }

  closeKill(task);
  // Of its maker's share: who makes tasks that end pushes out no other end.
  const maker = task.maker;
  auditOf(maker === null ? task.id : maker.id, Audit.TaskEnded, task.id, end, detail);
  if (task.vital !== 0) {
    systemEnded(task.nameAddress, end, detail);
  }
  failCallersOf(task);
  releaseConsole(task);
  unbind(task);
  unbindInterruptsOf(task);
  for (let slot: u32 = 0; slot < task.slotsEnd; slot++) {
    if (capabilityAt(task, slot).kind !== <u8>Kind.Empty) {
      giveUpCapability(task, slot);
    }
  }
  const making = task.making;
  if (making !== null) {
    releaseVmo(making);
  }

  leaveSpace();
  awaitLeft(task);
  forgetMappings(task);
  givePagesBack(task.job, destroySpace(task.root));
  returnToSpace();
  if (!endChildren(task)) {
    tellEnd(task);
  }
}

/**
 * The end of `last`, which has ended and made nothing that is left, is told; then those of its makers, as far as they
 * lingered for it.
 */
function tellEnd(last: Task): void {
  let task: Task | null = last;
  // bounded by the tasks there are
  while (task !== null) {
    const maker = leaveMaker(task);
    const told = task.endNotification;
    if (told !== null) {
      signal(told, task.endBits);
      releaseNotification(told);
    }
    releaseTask(task);
    task = maker;
  }
}

/**
 * Waits until no other hart is on the task's address space. One may still be on its way out of the kernel, from the
 * system call in which the task blocked; it gets there without waiting for another hart, and this hart has left its own
 * task's space, so two that end each other's tasks cannot wait for each other.
 *
 * Its tables must not go before: hardware may walk them ahead of any need (privileged ISA 4.2.1). What a TLB knows of
 * the space may stay: the next task with this identifier has not been seen by any hart (sched/schedule.ts).
 */
function awaitLeft(task: Task): void {
  const others: u32 = ~(1 << thisHart().index);
  while ((hartsOn(task.satp) & others) !== 0) {
    // bounded by the other hart's way out of the kernel
  }
}
