/**
 * The system calls as functions: arguments in their types, status out. `result(n)`, right after a call, reads what else
 * it returned. abi/syscall.ts has the layouts and meanings; a negative status is a `Refusal`. Reached from every task;
 * goes on in syscall.S.
 */
import { Kind } from "abi/handle";
import { Topic } from "abi/info";
import { Amounts, Resource } from "abi/job";
import { FOREVER, SELF, Syscall } from "abi/syscall";
import { Class } from "abi/task";
import { systemCall } from "./assembly";
import { syscallResults } from "./symbols";

/** Word `index` (0 for a1 … 5 for a6) of what the last system call returned. */
export function result(index: u32): u64 {
  return load<u64>(syscallResults() + (index << 3));
}

function call1(number: Syscall, a0: u64): i32 {
  return <i32>systemCall(a0, 0, 0, 0, 0, 0, 0, number);
}

function call3(number: Syscall, a0: u64, a1: u64, a2: u64): i32 {
  return <i32>systemCall(a0, a1, a2, 0, 0, 0, 0, number);
}

export function yieldNow(): void {
  call1(Syscall.Yield, 0);
}

/** A hint to the scheduler: go on on `hart`. */
export function yieldTo(hart: u32): i32 {
  return call1(Syscall.YieldTo, hart);
}

/** Sleeps until the absolute time `deadline`, in ticks. */
export function sleepUntil(deadline: u64): i32 {
  return call1(Syscall.Sleep, deadline);
}

/** The time in ticks of the timebase. */
export function now(): u64 {
  call1(Syscall.Now, 0);
  return result(0);
}

/** The hart that this task runs on (for the length of this call). */
export function currentHart(): u32 {
  call1(Syscall.Now, 0);
  return <u32>result(1);
}

/** Ends this task. */
export function exit(code: i32): void {
  call1(Syscall.Exit, <u64>code);
  unreachable();
}

export function signal(notification: u32, bits: u64): i32 {
  return call3(Syscall.Signal, notification, bits, 0);
}

/** Waits for any bit and takes all: `result(0)`. */
export function wait(notification: u32, deadline: u64): i32 {
  return call3(Syscall.Wait, notification, deadline, 0);
}

/** From now on `receive` also ends, with status NOTIFIED, when `notification` is signalled. */
export function bind(notification: u32): i32 {
  return call1(Syscall.Bind, notification);
}

/** A new endpoint or notification: its slot in `result(0)`. */
export function create(kind: Kind): i32 {
  return call1(Syscall.Create, kind);
}

/** A copy with fewer rights, in a new slot: `result(0)`. */
export function copySlot(slot: u32, rights: u32, badge: u32): i32 {
  return call3(Syscall.Copy, slot, rights, badge);
}

/** As `copySlot`; copies of the new slot, and what is mapped by them, can be taken back by `revoke`. */
export function lend(slot: u32, rights: u32, badge: u32): i32 {
  return <i32>systemCall(slot, rights, badge, 0, 0, 0, 0, Syscall.Lend);
}

/** Takes back what `slot`, which `lend` gave, lent. */
export function revoke(slot: u32): i32 {
  return <i32>systemCall(slot, 0, 0, 0, 0, 0, 0, Syscall.Revoke);
}

/**
 * From now on a fault of the task in slot `task` stops it and signals `bits` to `notification`. With NO_SLOT for that, its
 * faults are its own again.
 */
export function takeFaults(task: u32, notification: u32, bits: u64): i32 {
  return call3(Syscall.TakeFaults, task, notification, bits);
}

/**
 * The registers of a task that stands on a fault, in the message page (abi/debug.ts): `result(0)` is why it stands, an
 * `End`, and `result(1)` the address or the instruction.
 */
export function readRegisters(task: u32): i32 {
  return call1(Syscall.ReadRegisters, task);
}

/** The other way round. */
export function writeRegisters(task: u32): i32 {
  return call1(Syscall.WriteRegisters, task);
}

/** A task that stands on a fault goes on. */
export function resumeTask(task: u32): i32 {
  return call1(Syscall.ResumeTask, task);
}

export function drop(slot: u32): i32 {
  return call1(Syscall.Drop, slot);
}

/** Puts a copy of `slot` into slot `slotThere` of a task that was not started yet. */
export function grant(task: u32, slot: u32, rights: u32, badge: u32, slotThere: u32): i32 {
  return <i32>systemCall(task, slot, rights, badge, slotThere, 0, 0, Syscall.Grant);
}

/** A memory object of zeroed pages, charged to this task's own job: its slot in `result(0)`. */
export function createVmo(bytes: u32): i32 {
  return createVmoIn(SELF, bytes);
}

/** The same, charged to the job that slot `job` names. */
export function createVmoIn(job: u32, bytes: u32): i32 {
  return call3(Syscall.CreateVmo, bytes, job, 0);
}

/** Maps `bytes` of a memory object from `offset` at `address` into `task`'s address space. */
export function mapInto(task: u32, vmo: u32, address: usize, offset: u32, bytes: u32, rights: u32): i32 {
  return <i32>systemCall(task, vmo, address, offset, bytes, rights, 0, Syscall.Map);
}

/** Maps `bytes` of a memory object from `offset` at `address` into this task's address space. */
export function map(vmo: u32, address: usize, offset: u32, bytes: u32, rights: u32): i32 {
  return mapInto(SELF, vmo, address, offset, bytes, rights);
}

/** Takes the whole mapping that begins at `address` out of this task's address space. */
export function unmap(address: usize): i32 {
  return call3(Syscall.Unmap, SELF, address, 0);
}

/**
 * The size of a memory object in bytes: `result(0)`; and how many capabilities, mappings and pins there are to it, all
 * tasks together: `result(1)`.
 */
export function vmoSize(vmo: u32): i32 {
  return call1(Syscall.VmoSize, vmo);
}

/**
 * A task that was not started yet, in this task's own job: its slot in `result(0)`. `bits` are signalled to
 * `notification` when it ends.
 */
export function createTask(taskClass: Class, notification: u32, bits: u64): i32 {
  return createTaskIn(SELF, taskClass, notification, bits);
}

/** The same in the job that slot `job` names. */
export function createTaskIn(job: u32, taskClass: Class, notification: u32, bits: u64): i32 {
  return <i32>systemCall(taskClass, notification, bits, job, 0, 0, 0, Syscall.CreateTask);
}

/** A job that has `limits` out of those of `parent`, which may be SELF: its slot in `result(0)`. */
export function createJob(parent: u32, limits: Amounts, nameLow: u64, nameHigh: u64): i32 {
  const pages = limits.of(Resource.Pages);
  return <i32>systemCall(parent, pages, limits.objects, limits.rest, nameLow, nameHigh, 0, Syscall.CreateJob);
}

/**
 * Lets the tasks of `job`, which was made from this task's own, use `budget` microseconds in each period of `period`; 0 and
 * 0 for no limit.
 */
export function setJobTime(job: u32, budget: u64, period: u64): i32 {
  return <i32>systemCall(job, budget, period, 0, 0, 0, 0, Syscall.SetJobTime);
}

/** Ends a job's tasks and the jobs that were made from it. */
export function endJob(job: u32): i32 {
  return call1(Syscall.EndJob, job);
}

/** Names a task: up to 16 bytes, the first at the low end of `low`. */
export function nameTask(task: u32, low: u64, high: u64): i32 {
  return call3(Syscall.NameTask, task, low, high);
}

export function startTask(task: u32, entry: usize, stackPointer: usize): i32 {
  return call3(Syscall.StartTask, task, entry, stackPointer);
}

/** State, cause and detail of a task: `result(0)`, `result(1)`, `result(2)`. */
export function taskStatus(task: u32): i32 {
  return call1(Syscall.TaskStatus, task);
}

export function killTask(task: u32): i32 {
  return call1(Syscall.KillTask, task);
}

/** Maps a device's registers at `address`; those of a virtio device only to read. */
export function mapDevice(device: u32, address: usize): i32 {
  return call3(Syscall.MapDevice, device, address, 0);
}

/** From now on the interrupt signals `bits` to `notification`. */
export function bindInterrupt(interrupt: u32, notification: u32, bits: u64): i32 {
  return call3(Syscall.BindInterrupt, interrupt, notification, bits);
}

/** The next interrupt may come. `bits` are acknowledged at the virtio device that it comes from, if it is one. */
export function completeInterrupt(interrupt: u32, bits: u32): i32 {
  return call3(Syscall.CompleteInterrupt, interrupt, bits, 0);
}

/** Pins `bytes` of a memory object from `offset` for a device: the number is `result(0)`. They stay until they are unpinned. */
export function pin(device: u32, vmo: u32, offset: u32, bytes: u32): i32 {
  return <i32>systemCall(device, vmo, offset, bytes, 0, 0, 0, Syscall.Pin);
}

/** After its reset, the device uses no memory that it was told of. */
export function unpinAll(device: u32): i32 {
  return call1(Syscall.UnpinAll, device);
}

/** Writes up to CONSOLE_WRITE_MAX bytes to the console, whole. */
export function consoleWrite(console: u32, address: usize, bytes: u32): i32 {
  return call3(Syscall.ConsoleWrite, console, address, bytes);
}

/** Up to six words on `topic`: `result(0)` to `result(5)`; see abi/info.ts. */
export function information(info: u32, topic: Topic, index: u32): i32 {
  return call3(Syscall.Information, info, topic, index);
}

/** Turns the machine off. Returns only if the capability does not allow it. */
export function powerOff(power: u32): i32 {
  return call1(Syscall.PowerOff, power);
}

/** From now on the kernel keeps all printed text for this task, and signals `bits` when there is some. */
export function consoleOwn(console: u32, notification: u32, bits: u64): i32 {
  return call3(Syscall.ConsoleOwn, console, notification, bits);
}

/** Takes printed text from the kernel into the message page: `result(0)` bytes. */
export function consoleRead(console: u32): i32 {
  return call1(Syscall.ConsoleRead, console);
}

/** The oldest record of `kind` with a sequence above `after`: `result(0)` to `result(5)`; see abi/syscall.ts. */
export function auditRead(audit: u32, kind: u32, after: u64): i32 {
  return call3(Syscall.AuditRead, audit, kind, after);
}

/** Adds a record of one of the services' kinds. */
export function auditWrite(audit: u32, kind: u32, word0: u64, word1: u64): i32 {
  return <i32>systemCall(audit, kind, word0, word1, 0, 0, 0, Syscall.AuditWrite);
}

/** Stops a hart; its tasks go on elsewhere. */
export function stopHart(harts: u32, hart: u32): i32 {
  return call3(Syscall.StopHart, harts, hart, 0);
}

export function restartHart(harts: u32, hart: u32): i32 {
  return call3(Syscall.RestartHart, harts, hart, 0);
}

/** The device has no chain that names this pin. `taken`: how many of its answers were taken, in 16 bits. */
export function unpin(device: u32, number: u32, taken: u32): i32 {
  return call3(Syscall.Unpin, device, number, taken);
}

/** The deadline `milliseconds` from now, in ticks; `timebase` is ticks a second. */
export function deadlineIn(milliseconds: u64, timebase: u64): u64 {
  const time = now();
  const ticks = (milliseconds * timebase) / 1000;
  return ticks > FOREVER - time ? FOREVER : time + ticks;
}
