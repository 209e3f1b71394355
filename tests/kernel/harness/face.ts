// The kernel's own functions as a test calls them: compiled together with the kernel (kernel.ts). Addresses and
// indices in numbers, nothing more.

export const face = `
import { End } from "abi/task";
import { Refusal } from "abi/refusal";
import { Kind } from "abi/handle";
import { Hart, hartAt, initHart, isOnline, setHartCount, thisHart, WANTS_STAND } from "kernel/neuron/src/arch/riscv/hart";
import { takeIpisOnly } from "kernel/neuron/src/arch/riscv/control";
import { FRAME_CALL, FRAME_FULL, FRAME_OPEN } from "kernel/neuron/src/arch/riscv/context";
import { IPI_BURST_MAX } from "kernel/neuron/src/arch/riscv/ipi";
import { timerInit, timerStartHart } from "kernel/neuron/src/arch/riscv/timer";
import { auditInit } from "kernel/neuron/src/diag/audit";
import { printInit } from "kernel/neuron/src/diag/print";
import { consoleInit } from "kernel/neuron/src/ipc/console";
import { interruptsInit } from "kernel/neuron/src/irq/interrupts";
import { Amounts, RESOURCE_COUNT, Resource } from "abi/job";
import { createJob, Job, jobAt, jobsInit, releaseJob, rootJob } from "kernel/neuron/src/job/job";
import { limitTime } from "kernel/neuron/src/job/time";
import { debugInit } from "kernel/neuron/src/lifecycle/debug";
import { prepareTask, startTask, TASK_PAGES } from "kernel/neuron/src/lifecycle/create";
import { deviceRegion } from "kernel/neuron/src/boot/devices";
import { freeFrameCount, framesInit, freeFrames } from "kernel/neuron/src/mm/frames";
import { buildKernelMap, kernelSpaceSatp } from "kernel/neuron/src/mm/kernelmap";
import { deviceRegion, devices, UART_REGION, virtioNode } from "kernel/neuron/src/boot/devices";
import { PINS_MAX, pinAt, pinsInit } from "kernel/neuron/src/dma/pins";
import { Vmo, VMOS_MAX, vmosInit } from "kernel/neuron/src/mm/vmo";
import { PageTable, tableIndex } from "kernel/neuron/src/arch/riscv/paging";
import { mappingAt } from "kernel/neuron/src/task/mappings";
import { queueOf, queuesInit } from "kernel/neuron/src/sched/queue";
import { admit } from "kernel/neuron/src/sched/retire";
import { leaveIdle } from "kernel/neuron/src/sched/schedule";
import { noticeStandstill } from "kernel/neuron/src/sched/standstill";
import { allocEndpoint, allocNotification, ENDPOINTS_MAX, endpointsInit, NOTIFICATIONS_MAX } from "kernel/neuron/src/task/endpoint";
import { freeSlot, handlesInit, leaseOf, putCapability, capabilityAt } from "kernel/neuron/src/task/handles";
import { lifeInit, releaseTask, retainTask } from "kernel/neuron/src/task/life";
import { Endpoint, Notification, Task } from "kernel/neuron/src/task/objects";
import { allocTask, TASKS_MAX, taskAt, tasksInit, waitKind } from "kernel/neuron/src/task/task";
import { dispatch } from "kernel/neuron/src/syscall/dispatch";
import { leaveHandle, scheduleFirst as runFirst, switchHandle, syscallHandle, trapHandle as handleTrap } from "kernel/neuron/src/trap";
import { retainEndpoint, retainNotification } from "kernel/neuron/src/task/endpoint";


/** A virtio slot whose registers are at this physical address. */
export function placeVirtio(slot: u32, base: u32, irq: u32): void {
  virtioNode(slot).base = base;
  virtioNode(slot).size = 4096;
  virtioNode(slot).irq = irq;
  devices().virtioCount = slot + 1;
}
export function placeUart(base: u32): void {
  deviceRegion(UART_REGION).base = base;
  deviceRegion(UART_REGION).size = 4096;
}
export function pinInFlight(device: u32, number: u32): u32 { return pinAt(device, number).inFlight; }
export function vmoBase(vmo: u32): u32 { return changetype<Vmo>(vmo).base; }
export function vmoPages(vmo: u32): u32 { return changetype<Vmo>(vmo).pages; }

export function boot(hartCount: u32, states: usize, ram: u32, frames: u32, ramEnd: u32): void {
  printInit();
  setHartCount(hartCount);
  for (let i: u32 = 0; i < hartCount; i++) initHart(i, <u64>i + 10);
  framesInit(states);
  freeFrames(ram, frames);
  buildKernelMap(ramEnd);
  // More pages than there are, so that memory ends before the quota.
  jobsInit(2 * frames, TASKS_MAX, VMOS_MAX, ENDPOINTS_MAX, NOTIFICATIONS_MAX, PINS_MAX);
  auditInit(); vmosInit(); pinsInit(); tasksInit(); handlesInit(); lifeInit(); debugInit(); endpointsInit(); interruptsInit(); consoleInit();
  queuesInit();
  timerInit(10_000_000, true);
}
export function bootHart(): void {
  const hart = thisHart();
  hart.satp = kernelSpaceSatp();
  hart.ipiTokens = IPI_BURST_MAX;
  takeIpisOnly();
  timerStartHart(hart);
  admit(hart);
}
/** Another hart works while all others stand still, or wants to. */
export function hasStandstill(): bool {
  const hart = thisHart();
  const before = hart.wants;
  hart.wants = 0;
  noticeStandstill(hart);
  const has = hart.wants !== 0;
  hart.wants = before;
  return has;
}
/** A hart that stood goes on. */
export function goOnStanding(): void { thisHart().wants |= WANTS_STAND; leaveHandle(thisHart()); }
export function stopIdling(): void { leaveIdle(thisHart()); }

/** A hart has nothing to go back to yet. */
export function scheduleFirst(): void { runFirst(thisHart()); }

/** A started task of job number jobIndex that no capability names: its index, or -1. */
export function spawn(taskClass: u32, jobIndex: u32): i32 {
  const job = jobAt(jobIndex);
  const task = job.take(Resource.Tasks, 1, TASK_PAGES) ? allocTask(job) : null;
  if (task === null || prepareTask(task, null, taskClass) !== Refusal.None) return -1;
  startTask(task, 0x10000, 0x7800_0000);
  releaseTask(task);
  return task.index;
}
export function newEndpoint(): u32 { rootJob().take(Resource.Endpoints, 1, 0); return <u32>changetype<usize>(allocEndpoint(rootJob())); }
export function newNotification(): u32 { rootJob().take(Resource.Notifications, 1, 0); return <u32>changetype<usize>(allocNotification(rootJob())); }
/** A job with an eighth of all that job number parent may have: its number. */
export function newJob(parent: u32): u32 {
  const limits = changetype<Amounts>(memory.data(offsetof<Amounts>(), 8));
  for (let r: u32 = 0; r < RESOURCE_COUNT; r++) {
    limits.set(<Resource>r, jobAt(parent).limits.of(<Resource>r) / 8);
  }
  return changetype<Job>(createJob(jobAt(parent), limits)).number;
}
export function jobAddress(index: u32): u32 { return <u32>changetype<usize>(jobAt(index)); }
export function jobUsed(index: u32): u64 { return jobAt(index).used; }
export function limitJobTime(index: u32, budget: u64, period: u64, now: u64): void { limitTime(jobAt(index), budget, period, now); }
/** The task uses the time of job index, as if it served a task of it. */
export function letPay(task: u32, index: u32): void { taskAt(task).payer = jobAt(index).account; }
/** The last capability to job index is gone. */
export function forgetJob(index: u32): void { releaseJob(jobAt(index)); }
/** What is charged to job index, and its limit. */
export function chargedTo(index: u32, resource: u32): u32 { return jobAt(index).charged.of(resource); }
export function limitOf(index: u32, resource: u32): u32 { return jobAt(index).limits.of(resource); }
export function jobHasEnded(index: u32): bool { return jobAt(index).isEnded; }
export function jobExists(index: u32): bool { return jobAt(index).account !== 0; }

/** Any other trap of the task that runs on this hart: trap.S saves every register first. */
export function trapHandle(cause: u64, value: u64): void {
  if (thisHart().running !== 0) changetype<Task>(thisHart().running).kind = FRAME_FULL;
  handleTrap(thisHart(), cause, value);
}
let isOrdinary: bool = false;
/** How often a hart went straight from one task to another. */
let directly: u32 = 0;
export function handOvers(): u32 { return directly; }
/** From here on no system call takes a short way (syscall/fast.ts). */
export function takeOrdinaryWays(): void { isOrdinary = true; }
/**
 * A system call of the task that runs on this hart, as trap.S makes it; the number and the arguments as they stand in
 * registers.
 */
export function systemCall(a0: u64, a1: u64, a2: u64, a3: u64, a4: u64, a5: u64, a6: u64, number: u64): void {
  const hart = thisHart();
  const task = changetype<Task>(hart.running);
  task.a0 = a0; task.a1 = a1; task.a2 = a2; task.a3 = a3; task.a4 = a4; task.a5 = a5; task.a6 = a6; task.a7 = number;
  task.sepc += 4;
  task.kind = FRAME_OPEN;
  const after = isOrdinary ? dispatch(hart, task, number) : syscallHandle(hart, number);
  if (after === 0) return;
  if (after === 1) directly++;
  if (hart.frame !== 0) task.kind = FRAME_CALL;
  if (after === 1) switchHandle(hart);
  else leaveHandle(hart);
}
/** A capability in the lowest free slot of a task, to a task by its index; the slot, or -1. */
export function give(task: u32, kind: u32, object: u32, rights: u32, badge: u32): i32 {
  const slot = freeSlot(taskAt(task));
  if (slot === 64) return -1;
  if (kind === Kind.Task) retainTask(taskAt(object));
  else if (kind === Kind.Endpoint) retainEndpoint(changetype<Endpoint>(object));
  else if (kind === Kind.Notification) retainNotification(changetype<Notification>(object));
  else if (kind === Kind.Job) changetype<Job>(object).retain();
  putCapability(taskAt(task), slot, <Kind>kind, kind === Kind.Task ? taskAddress(object) : object, rights, badge);
  return slot;
}

export function runningOn(hart: u32): i32 {
  const running = hartAt(hart).running;
  return running === 0 ? -1 : changetype<Task>(running).index;
}
export function frameOf(hart: u32): u32 { return hartAt(hart).frame; }
export function taskAddress(task: u32): u32 { return <u32>changetype<usize>(taskAt(task)); }
export function register(task: u32, n: u32): u64 { return load<u64>(changetype<usize>(taskAt(task)) + offsetof<Task>("a0") + (n << 3)); }
export function waitOf(task: u32): u32 { return waitKind(taskAt(task).waitWord); }
export function stateOf(task: u32): u32 { return taskAt(task).state; }
export function endOf(task: u32): u32 { return taskAt(task).end; }
export function classOf(task: u32): u32 { return taskAt(task).taskClass; }
export function rootOf(task: u32): u32 { return taskAt(task).root; }
export function referencesOf(task: u32): u32 { return taskAt(task).references.value; }
export function satpOfHart(hart: u32): u64 { return hartAt(hart).satp; }
export function online(hart: u32): bool { return isOnline(hart); }
export function ticksOf(hart: u32): u64 { return hartAt(hart).ticks; }
export function ipisSent(hart: u32): u64 { return hartAt(hart).ipisSent; }
export function ipisLimited(hart: u32): u32 { return hartAt(hart).ipisLimited; }
export function ipiTokensOf(hart: u32): u32 { return hartAt(hart).ipiTokens; }
export function deadlineOf(hart: u32): u64 { return hartAt(hart).deadline; }
export function kindAt(task: u32, slot: u32): u32 { return capabilityAt(taskAt(task), slot).kind; }
export function rightsAt(task: u32, slot: u32): u32 { return capabilityAt(taskAt(task), slot).rights; }
export function objectAt(task: u32, slot: u32): u32 {
  const capability = capabilityAt(taskAt(task), slot);
  return <u32>capability.kind === Kind.Task ? capability.task.index : capability.object;
}
export function leaseAt(task: u32, slot: u32): u32 { return capabilityAt(taskAt(task), slot).lease; }
export function leaseOfSlot(task: u32, slot: u32): u32 { return leaseOf(capabilityAt(taskAt(task), slot)); }
export function takesLeaseOf(task: u32): u32 { return taskAt(task).takesLease; }
export function lendingAt(task: u32, slot: u32): u32 { return capabilityAt(taskAt(task), slot).lending; }
export function seenByOf(task: u32): u32 { return taskAt(task).seenBy; }
/** The last entry of the page tables of a task for an address; 0 if there is none. */
export function entryOf(task: u32, address: u32): u64 {
  const second = changetype<PageTable>(taskAt(task).root).entry(tableIndex(address, 2));
  if (!second.valid) return 0;
  const last = second.table.entry(tableIndex(address, 1));
  return last.valid ? load<u64>(changetype<usize>(last.table.entry(tableIndex(address, 0)))) : 0;
}
export function mappingsOf(task: u32): u32 {
  let count: u32 = 0;
  for (let i: u32 = 0; i < taskAt(task).mappingsEnd; i++) count += <u32>(mappingAt(taskAt(task), i).pages !== 0);
  return count;
}
/** Mappings of a memory object in a task; each must stand in the page tables. */
export function mappedOf(task: u32, vmo: u32): u32 {
  let count: u32 = 0;
  for (let i: u32 = 0; i < taskAt(task).mappingsEnd; i++) {
    const mapping = mappingAt(taskAt(task), i);
    if (mapping.pages !== 0 && changetype<usize>(mapping.vmo) === vmo) {
      assert(entryOf(task, mapping.address) !== 0);
      count++;
    }
  }
  return count;
}
export function vmoReferences(vmo: u32): u32 { return changetype<Vmo>(vmo).references.value; }
export function badgeAt(task: u32, slot: u32): u32 { return capabilityAt(taskAt(task), slot).badge; }
/** What a capability for device \`index\` is for. */
export function setDevice(index: u32, base: u32, bytes: u32): void {
  deviceRegion(index).base = base;
  deviceRegion(index).size = bytes;
}
/** Where the task goes on. */
export function sepcOf(task: u32): u64 { return taskAt(task).sepc; }
export function messagePageOf(task: u32): u32 { return taskAt(task).messagePage; }
export function free(): u32 { return freeFrameCount(); }

/** How often a task stands in the run queue of a hart. */
export function timesQueued(hart: u32, task: u32): u32 {
  let count: u32 = 0;
  for (let taskClass: u32 = 0; taskClass < 4; taskClass++) {
    let at = changetype<Task | null>(load<u32>(changetype<usize>(queueOf(hart)) + 24 + (taskClass << 3)));
    for (let steps: u32 = 0; at !== null; steps++) {
      assert(steps < 64);
      if (at.index === task) count++;
      at = changetype<Task | null>(at.next);
    }
  }
  return count;
}
export function callersOf(endpoint: u32): u32 { return lengthOf(changetype<Endpoint>(endpoint).callers.head); }
export function receiversOf(endpoint: u32): u32 { return lengthOf(changetype<Endpoint>(endpoint).receivers.head); }
function lengthOf(first: Task | null): u32 {
  let count: u32 = 0;
  let at = first;
  while (at !== null) { count++; assert(count < 64); at = changetype<Task | null>(at.next); }
  return count;
}
export function bitsOf(notification: u32): u64 { return changetype<Notification>(notification).bits; }
export function endpointReferences(endpoint: u32): u32 { return changetype<Endpoint>(endpoint).references.value; }
export function notificationReferences(notification: u32): u32 { return changetype<Notification>(notification).references.value; }
`;
