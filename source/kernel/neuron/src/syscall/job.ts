/** Making and ending jobs. Reached from syscall/dispatch.ts; goes on in job/job.ts and lifecycle/job.ts. */
import { Kind, Right, SLOT_COUNT } from "abi/handle";
import { Amounts, JOB_DEPTH_MAX, PERIOD_MAX, PERIOD_MIN, Resource } from "abi/job";
import { Refusal } from "abi/refusal";
import { SELF } from "abi/syscall";
import { HARTS_MAX } from "../arch/riscv/frame";
import { thisHart } from "../arch/riscv/hart";
import { readTime } from "../arch/riscv/intrinsics";
import { timebaseHz } from "../arch/riscv/timer";
import { callAgain, setResult, setStatus } from "../ipc/results";
import * as jobs from "../job/job";
import { limitTime } from "../job/time";
import { beginEnd, endMoreJobs } from "../lifecycle/job";
import { auditQuota } from "../task/charges";
import { capabilityAt, check, freeSlot, NO_BADGE, putCapability } from "../task/handles";
import { Task } from "../task/objects";

/** The limits that a task asks for, while they are looked at: for each hart. */
const asked: usize = memory.data(HARTS_MAX * <u32>offsetof<Amounts>(), 8);

/** Whether `task` may make something in the job that `slot` names. A refusal is audited. */
export function checkJob(task: Task, slot: u64): Refusal {
  return slot === SELF ? Refusal.None : check(task, slot, Kind.Job, Right.Manage);
}

/** The job that `slot`, checked, names. */
export function jobOf(task: Task, slot: u64): jobs.Job {
  return slot === SELF ? task.job : capabilityAt(task, <u32>slot).job;
}

export function createJob(
  task: Task,
  parentSlot: u64,
  pages: u64,
  objects: u64,
  rest: u64,
  nameLow: u64,
  nameHigh: u64,
): void {
  let refusal = checkJob(task, parentSlot);
  if (refusal === Refusal.None && pages > u32.MAX_VALUE) {
    refusal = Refusal.BadArgument;
  }
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  const slot = freeSlot(task);
  if (slot === SLOT_COUNT) {
    return setStatus(task, Refusal.TableFull);
  }
  const limits = changetype<Amounts>(asked + thisHart().index * offsetof<Amounts>());
  limits.set(Resource.Pages, <u32>pages);
  limits.objects = objects;
  limits.rest = rest;
  const parent = jobOf(task, parentSlot);
  if (parent.depth === JOB_DEPTH_MAX) {
    return setStatus(task, Refusal.BadState);
  }
  const job = jobs.createJob(parent, limits);
  if (job === null) {
    return setStatus(task, auditQuota(task, parent, Resource.Jobs, Refusal.Quota));
  }
  job.nameLow = nameLow;
  job.nameHigh = nameHigh;
  putCapability(task, slot, Kind.Job, <u32>changetype<usize>(job), Right.Manage | Right.Transfer, NO_BADGE);
  setResult(task, slot);
}

export function endJob(task: Task, slot: u64): void {
  if (task.ends === null) {
    const refusal = check(task, slot, Kind.Job, Right.Manage);
    if (refusal !== Refusal.None) {
      return setStatus(task, refusal);
    }
    beginEnd(task, capabilityAt(task, <u32>slot).job);
  }
  if (!endMoreJobs(task)) {
    return callAgain(task);
  }
  setStatus(task, Refusal.None);
}

/** A task cannot change its own job's time, nor that of a job above. */
export function setJobTime(task: Task, slot: u64, budget: u64, period: u64): void {
  const refusal = check(task, slot, Kind.Job, Right.Manage);
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  const isLimit = period >= PERIOD_MIN && period <= PERIOD_MAX && budget > 0 && budget <= period * HARTS_MAX;
  if (!isLimit && (budget | period) !== 0) {
    return setStatus(task, Refusal.BadArgument);
  }
  const job = capabilityAt(task, <u32>slot).job;
  if (job === task.job || !jobs.isBelow(job, task.job)) {
    return setStatus(task, Refusal.MissingRight);
  }
  limitTime(job, ticksOf(budget), ticksOf(period), readTime());
  setStatus(task, Refusal.None);
}

/** Microseconds, at most PERIOD_MAX for each hart, in ticks of the timebase. */
function ticksOf(microseconds: u64): u64 {
  return (microseconds * timebaseHz()) / 1_000_000;
}
