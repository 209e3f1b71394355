/**
 * A task's birth: an empty address space with a message page in it. Its maker maps and grants, then starts it.
 */
import { Right } from "abi/handle";
import { MESSAGE_PAGE, PAGE_BYTES, USER_END } from "abi/layout";
import { Refusal } from "abi/refusal";
import { TaskState } from "abi/task";
import { FRAME_CALL } from "../arch/riscv/context";
import { thisHart } from "../arch/riscv/hart";
import { satpOf } from "../arch/riscv/satp";
import { createVmo, releaseVmo, Vmo } from "../mm/vmo";
import { createSpace, destroySpace } from "../mm/vspace";
import { asidOf } from "../sched/space";
import { wake } from "../sched/wake";
import { retainNotification } from "../task/endpoint";
import { adopt } from "../task/life";
import { Notification, Task } from "../task/objects";
import { allocTask, claimUnborn, freeTask } from "../task/task";
import { forgetMappings, mapWhole } from "./memory";

/**
 * A new, unborn task of `taskClass` with a reference that is the caller's; or null without room or memory. It ends with
 * `maker`, which runs on this hart; the first task has none.
 */
export function createTask(maker: Task | null, taskClass: u32): Task | null {
  const task = allocTask();
  if (task === null) {
    return null;
  }
  task.taskClass = taskClass;
  task.root = createSpace();
  task.satp = satpOf(task.root, asidOf(task));
  let page: Vmo | null = null;
  if (task.root !== 0) {
    page = createVmo(PAGE_BYTES);
  }
  if (page !== null) {
    task.messagePage = page.base;
    const mapped = mapWhole(task, page, MESSAGE_PAGE, PAGE_BYTES, Right.Read | Right.Write);
    releaseVmo(page);
    if (mapped === Refusal.None) {
      if (maker !== null) {
        adopt(maker, task);
      }
      return task;
    }
  }
  forgetMappings(task);
  if (task.root !== 0) {
    destroySpace(task.root);
  }
  freeTask(task);
  return null;
}

/** When `task` ends, `bits` are signalled to `notification`. Before it is started. */
export function tellOfEnd(task: Task, notification: Notification, bits: u64): void {
  retainNotification(notification);
  task.endNotification = notification;
  task.endBits = bits;
}

/** Starts an unborn task at `entry` with its stack pointer. */
export function startTask(task: Task, entry: u64, stackPointer: u64): Refusal {
  if (entry >= <u64>USER_END || stackPointer >= <u64>USER_END) {
    return Refusal.BadArgument;
  }
  if (!claimUnborn(task)) {
    return Refusal.BadState;
  }
  task.sepc = entry;
  task.sp = stackPointer;
  task.kind = FRAME_CALL;
  task.state = TaskState.Alive;
  task.lastHart = thisHart().index;
  wake(task);
  return Refusal.None;
}
