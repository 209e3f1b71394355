/**
 * A task's birth: an empty address space with a message page in it. Its maker maps and grants, then starts it.
 */
import { Right } from "abi/handle";
import { Resource } from "abi/job";
import { MESSAGE_PAGE, PAGE_BYTES, USER_END } from "abi/layout";
import { Refusal } from "abi/refusal";
import { TaskState } from "abi/task";
import { FRAME_CALL } from "../arch/riscv/context";
import { thisHart } from "../arch/riscv/hart";
import { satpOf } from "../arch/riscv/satp";
import { givePagesBack } from "../job/job";
import { createVmo, releaseVmo } from "../mm/vmo";
import { createSpace, destroySpace } from "../mm/vspace";
import { asidOf } from "../sched/space";
import { wake } from "../sched/wake";
import { chargeTo } from "../task/charges";
import { retainNotification } from "../task/endpoint";
import { adopt } from "../task/life";
import { mappingAt } from "../task/mappings";
import { Notification, Task } from "../task/objects";
import { claimUnborn, freeTask } from "../task/task";
import { forgetMapping, mapWhole } from "./memory";

/** Pages that are charged with a task: the root of its tables. The others are charged as they are made. */
export const TASK_PAGES: u32 = 1;

/**
 * Makes `task`, which was just allocated, an unborn task of `taskClass` with an empty address space. It ends with
 * `maker`, which runs on this hart; the first task has none. If it is refused, nothing of it is left.
 */
export function prepareTask(task: Task, maker: Task | null, taskClass: u32): Refusal {
  task.taskClass = taskClass;
  task.ownClass = taskClass;
  task.root = createSpace();
  if (task.root === 0) {
    givePagesBack(task.job, TASK_PAGES);
    freeTask(task);
    return Refusal.NoMemory;
  }
  task.satp = satpOf(task.root, asidOf(task));
  let refusal = mapMessagePage(task);
  if (refusal === Refusal.None && !adopt(maker, task)) {
    refusal = Refusal.BadState;
  }
  if (refusal !== Refusal.None) {
    if (task.mappingsEnd !== 0) {
      forgetMapping(mappingAt(task, 0)); // the message page
    }
    givePagesBack(task.job, destroySpace(task.root));
    freeTask(task);
  }
  return refusal;
}

function mapMessagePage(task: Task): Refusal {
  const refusal = chargeTo(task.job, task, Resource.Vmos, 1);
  if (refusal !== Refusal.None) {
    return refusal;
  }
  const page = createVmo(task.job, PAGE_BYTES);
  if (page === null) {
    return Refusal.NoMemory;
  }
  task.messagePage = page.base;
  const mapped = mapWhole(task, page, MESSAGE_PAGE, PAGE_BYTES, Right.Read | Right.Write);
  releaseVmo(page);
  return mapped;
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
