/** Information about the system, and turning it off. */
import { Kind, Right } from "abi/handle";
import { jobWord, Topic, taskWord } from "abi/info";
import { JOBS_MAX, Resource } from "abi/job";
import { Refusal } from "abi/refusal";
import { End, TASK_NUMBER_BITS, TaskState } from "abi/task";
import { HARTS_MAX } from "../arch/riscv/frame";
import { hartAt, hartCount, onlineMask } from "../arch/riscv/hart";
import { PLIC_SOURCES_MAX } from "../arch/riscv/plic";
import { timebaseHz } from "../arch/riscv/timer";
import { devices } from "../boot/devices";
import { firmware } from "../boot/firmware";
import { turnOff } from "../diag/panic";
import { setResults, setStatus } from "../ipc/results";
import { boundHart, boundTask, interruptCount, isBound, isOpen } from "../irq/interrupts";
import { Job, jobAt, releaseJob } from "../job/job";
import { FRAME_BYTES, freeFrameCount } from "../mm/frames";
import { check } from "../task/handles";
import { Task } from "../task/objects";
import { TASKS_MAX, taskAt, waitKind } from "../task/task";

export function information(task: Task, slot: u64, topic: u64, index: u64): void {
  const refusal = check(task, slot, Kind.Info, Right.Read);
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  if (topic === Topic.System) {
    const free = <u64>freeFrameCount() * FRAME_BYTES;
    const online = onlineMask();
    return setResults(task, popcnt(online), hartCount(), timebaseHz(), devices().ramBytes, free, online);
  }
  if (topic === Topic.Task) {
    return taskInformation(task, index);
  }
  if (topic === Topic.Interrupt) {
    return interruptInformation(task, index);
  }
  if (topic === Topic.Job || topic === Topic.JobRest || topic === Topic.JobTime) {
    return jobInformation(task, topic, index);
  }
  if (topic === Topic.Firmware) {
    return firmwareInformation(task);
  }
  if (topic === Topic.Nonce) {
    return setResults(task, devices().nonceLow, devices().nonceHigh, 0, 0, 0, 0);
  }
  if (index >= hartCount()) {
    return setStatus(task, Refusal.BadArgument);
  }
  const hart = hartAt(<u32>index);
  if (topic === Topic.Hart) {
    setResults(task, hart.hartid, hart.ticks, hart.ipisSent, hart.ipisTaken, hart.switches, hart.stolen);
  } else if (topic === Topic.IpiRow) {
    const sender = <u32>index;
    setResults(task, taken(0, sender), taken(1, sender), taken(2, sender), taken(3, sender), 0, 0);
  } else if (topic === Topic.HartLimits) {
    setResults(task, hart.ipisLimited, hart.ipisCoalesced, hart.idles, 0, 0, 0);
  } else {
    setStatus(task, Refusal.BadArgument);
  }
}

/** IPIs that hart `receiver` took from `sender`. */
function taken(receiver: u32, sender: u32): u64 {
  return load<u64>(hartAt(receiver).ipisFrom(sender));
}
if (HARTS_MAX !== 4) {
  ERROR("Topic.IpiRow has a word for each of four harts");
}

function taskInformation(task: Task, index: u64): void {
  if (index >= TASKS_MAX) {
    return setStatus(task, Refusal.BadArgument);
  }
  const t = taskAt(<u32>index);
  const kind = waitKind(t.waitWord);
  // A place without a task is told as an ended task without a name.
  const isNone = t.references.value === 0;
  const state = isNone ? TaskState.Ended : <TaskState>t.state;
  const low = isNone ? 0 : t.nameLow;
  const word = taskWord(state, t.ownClass, kind, t.lastHart, t.id >> TASK_NUMBER_BITS);
  // The address of a fault is told only to holders of the task (Syscall.TaskStatus).
  const detail = t.end === End.Exit ? t.endDetail : 0;
  const end = <u64>t.end | ((<u64>(isNone ? 0 : t.job.number)) << 32);
  setResults(task, word, low, t.nameHigh, end, detail, t.runs);
}

function jobInformation(task: Task, topic: u64, index: u64): void {
  if (index >= JOBS_MAX) {
    return setStatus(task, Refusal.BadArgument);
  }
  const job = jobAt(<u32>index);
  if (!job.tryRetain()) {
    return setResults(task, 0, 0, 0, 0, 0, 0);
  }
  if (topic === Topic.Job) {
    const parent = job.parent;
    const word = jobWord(job.isEnded, parent === null ? job.number : parent.number);
    const pages = amountOf(job, Resource.Pages);
    const tasks = amountOf(job, Resource.Tasks);
    setResults(task, job.nameLow, job.nameHigh, word, pages, tasks, amountOf(job, Resource.Vmos));
  } else if (topic === Topic.JobTime) {
    setResults(task, job.used, job.budget, job.period, 0, 0, 0);
  } else {
    const endpoints = amountOf(job, Resource.Endpoints);
    const notifications = amountOf(job, Resource.Notifications);
    const pins = amountOf(job, Resource.Pins);
    setResults(task, endpoints, notifications, pins, amountOf(job, Resource.Jobs), 0, 0);
  }
  releaseJob(job);
}

/** What is charged to a job, and its limit above. */
function amountOf(job: Job, resource: Resource): u64 {
  return <u64>job.charged.of(resource) | ((<u64>job.limits.of(resource)) << 32);
}

function interruptInformation(task: Task, source: u64): void {
  if (source === 0 || source >= PLIC_SOURCES_MAX) {
    return setStatus(task, Refusal.BadArgument);
  }
  const s = <u32>source;
  if (!isBound(s)) {
    return setResults(task, 0, 0, 0, 0, 0, 0);
  }
  const owner = boundTask(s);
  const index = owner === null ? 0 : owner.index;
  setResults(task, 1, boundHart(s), interruptCount(s), isOpen(s) ? 1 : 0, index, 0);
}

function firmwareInformation(task: Task): void {
  const f = firmware();
  const sswi: u64 = devices().sswi !== 0 ? 1 : 0;
  setResults(
    task,
    f.version,
    f.implementation,
    f.implementationVersion,
    f.extensions,
    devices().sstc ? 1 : 0,
    sswi,
  );
}

export function powerOff(task: Task, slot: u64): void {
  const refusal = check(task, slot, Kind.Power, Right.Manage);
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  turnOff(false);
}
