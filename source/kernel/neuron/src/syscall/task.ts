/** Scheduling, and creating, starting and killing tasks. */
import { Kind, Right, SLOT_COUNT } from "abi/handle";
import { Resource } from "abi/job";
import { Refusal } from "abi/refusal";
import { CLASS_COUNT, End, Wait } from "abi/task";
import { Hart, isOnline } from "../arch/riscv/hart";
import { readTime } from "../arch/riscv/intrinsics";
import { setResult, setResults, setStatus, setTwoResults } from "../ipc/results";
import { giveBack } from "../job/job";
import * as births from "../lifecycle/create";
import { killTask } from "../lifecycle/kill";
import { endTask } from "../lifecycle/reap";
import { armDeadline } from "../sched/deadline";
import { yieldHart } from "../sched/schedule";
import { sendTo } from "../sched/wake";
import { chargeTo } from "../task/charges";
import { capabilityAt, check, checkSignal, freeSlot, NO_BADGE, putCapability } from "../task/handles";
import { Task } from "../task/objects";
import { allocTask, claimUnborn, publish, unclaimUnborn } from "../task/task";
import { checkJob, jobOf } from "./job";

export function yieldNow(hart: Hart, task: Task): void {
  setStatus(task, Refusal.None);
  yieldHart(hart);
}

/** The task asks to go on on hart `target`. It is a hint, and checked against the harts that are online. */
export function yieldTo(hart: Hart, task: Task, target: u64): void {
  if (target > u32.MAX_VALUE || !isOnline(<u32>target)) {
    return setStatus(task, Refusal.HartOffline);
  }
  setStatus(task, Refusal.None);
  hart.running = 0;
  // The hart may have gone offline since then. In that case the task goes on here.
  if (!sendTo(task, <u32>target)) {
    hart.running = <u32>changetype<usize>(task);
  }
}

export function sleep(hart: Hart, task: Task, deadline: u64): void {
  setStatus(task, Refusal.None);
  if (deadline <= readTime()) {
    return;
  }
  hart.running = 0;
  armDeadline(hart, task, deadline);
  publish(task, Wait.Sleeping);
}

export function now(hart: Hart, task: Task): void {
  setTwoResults(task, readTime(), hart.index);
}

export function exit(task: Task, code: u64): void {
  endTask(task, End.Exit, code);
}

/** A task may only make tasks of its own class or less urgent ones. */
export function createTask(task: Task, taskClass: u64, notificationSlot: u64, bits: u64, jobSlot: u64): void {
  if (taskClass >= CLASS_COUNT) {
    return setStatus(task, Refusal.BadArgument);
  }
  let refusal = checkSignal(task, notificationSlot, bits);
  if (refusal === Refusal.None) {
    refusal = checkJob(task, jobSlot);
  }
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  if (taskClass < task.ownClass) {
    return setStatus(task, Refusal.MissingRight);
  }
  const slot = freeSlot(task);
  if (slot === SLOT_COUNT) {
    return setStatus(task, Refusal.TableFull);
  }
  const job = jobOf(task, jobSlot);
  refusal = chargeTo(job, task, Resource.Tasks, births.TASK_PAGES);
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  const made = allocTask(job);
  if (made === null) {
    giveBack(job, Resource.Tasks, births.TASK_PAGES);
    return setStatus(task, Refusal.TableFull);
  }
  refusal = births.prepareTask(made, task, <u32>taskClass);
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  births.tellOfEnd(made, capabilityAt(task, <u32>notificationSlot).notification, bits);
  putCapability(
    task,
    slot,
    Kind.Task,
    <u32>changetype<usize>(made),
    Right.Manage | Right.Debug | Right.Transfer,
    NO_BADGE,
  );
  setResult(task, slot);
}

export function nameTask(task: Task, slot: u64, low: u64, high: u64): void {
  const refusal = check(task, slot, Kind.Task, Right.Manage);
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  const named = capabilityAt(task, <u32>slot).task;
  if (!claimUnborn(named)) {
    return setStatus(task, Refusal.BadState);
  }
  named.nameLow = low;
  named.nameHigh = high;
  unclaimUnborn(named);
  setStatus(task, Refusal.None);
}

export function startTask(task: Task, slot: u64, entry: u64, stackPointer: u64): void {
  const refusal = check(task, slot, Kind.Task, Right.Manage);
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  setStatus(task, births.startTask(capabilityAt(task, <u32>slot).task, entry, stackPointer));
}

export function taskStatus(task: Task, slot: u64): void {
  const refusal = check(task, slot, Kind.Task, Right.None);
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  const other = capabilityAt(task, <u32>slot).task;
  const state = other.state;
  setResults(task, state, other.end, other.endDetail, 0, 0, 0);
}

export function kill(task: Task, slot: u64): void {
  const refusal = check(task, slot, Kind.Task, Right.Manage);
  setStatus(task, refusal === Refusal.None ? killTask(capabilityAt(task, <u32>slot).task) : refusal);
}
