/** Memory objects and mappings. Reached from syscall/dispatch.ts; goes on in lifecycle/memory.ts and mm/vmo.ts. */
import { Kind, Right, SLOT_COUNT } from "abi/handle";
import { Resource } from "abi/job";
import { PAGE_BYTES } from "abi/layout";
import { Refusal } from "abi/refusal";
import { SELF } from "abi/syscall";
import { callAgain, setResult, setStatus, setTwoResults } from "../ipc/results";
import { mapVmo, unmapAt } from "../lifecycle/memory";
import * as vmos from "../mm/vmo";
import { chargeTo } from "../task/charges";
import { capabilityAt, check, freeSlot, NO_BADGE, putCapability } from "../task/handles";
import { Task } from "../task/objects";
import { claimUnborn, unclaimUnborn } from "../task/task";
import { checkJob, jobOf } from "./job";

export function createVmo(task: Task, bytes: u64, jobSlot: u64): void {
  if (bytes === 0 || bytes > vmos.VMO_BYTES_MAX) {
    return setStatus(task, Refusal.BadArgument);
  }
  let refusal = checkJob(task, jobSlot);
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  const slot = freeSlot(task);
  if (slot === SLOT_COUNT) {
    return setStatus(task, Refusal.TableFull);
  }
  if (task.making === null) {
    const job = jobOf(task, jobSlot);
    refusal = chargeTo(job, task, Resource.Vmos, vmos.vmoPages(<u32>bytes));
    if (refusal !== Refusal.None) {
      return setStatus(task, refusal);
    }
    task.making = vmos.beginVmo(job, <u32>bytes);
  }
  const vmo = task.making;
  if (vmo === null) {
    return setStatus(task, Refusal.NoMemory);
  }
  // A large object takes a while. The task makes its call again, and pending interrupts are taken in between.
  if (!vmos.zeroMore(vmo)) {
    return callAgain(task);
  }
  task.making = null;
  putCapability(task, slot, Kind.Vmo, <u32>changetype<usize>(vmo), Right.All, NO_BADGE);
  setResult(task, slot);
}

/**
 * Lets the caller change the address space of `taskSlot`: its own, or that of a task that was not started. Unless this
 * is refused, `unclaimSpace` must follow.
 */
function claimSpace(task: Task, taskSlot: u64): Refusal {
  if (taskSlot === SELF) {
    return Refusal.None;
  }
  const refusal = check(task, taskSlot, Kind.Task, Right.Manage);
  if (refusal !== Refusal.None) {
    return refusal;
  }
  return claimUnborn(spaceOf(task, taskSlot)) ? Refusal.None : Refusal.BadState;
}

function unclaimSpace(task: Task, taskSlot: u64): void {
  if (taskSlot !== SELF) {
    unclaimUnborn(spaceOf(task, taskSlot));
  }
}

/** The task that `taskSlot`, checked, names. */
function spaceOf(task: Task, taskSlot: u64): Task {
  return taskSlot === SELF ? task : capabilityAt(task, <u32>taskSlot).task;
}

/** Readable at least; never writable and executable at once. */
function areMappingRights(rights: u64): bool {
  const known: u64 = Right.Read | Right.Write | Right.Execute;
  const both: u64 = Right.Write | Right.Execute;
  return (rights & ~known) === 0 && (rights & Right.Read) !== 0 && (rights & both) !== both;
}

export function map(
  task: Task,
  taskSlot: u64,
  vmoSlot: u64,
  address: u64,
  offset: u64,
  bytes: u64,
  rights: u64,
): void {
  if (!areMappingRights(rights)) {
    return setStatus(task, Refusal.BadArgument);
  }
  let refusal = check(task, vmoSlot, Kind.Vmo, <u32>rights);
  if (refusal === Refusal.None) {
    refusal = claimSpace(task, taskSlot);
  }
  if (refusal !== Refusal.None) {
    return giveUp(task, refusal);
  }
  const capability = capabilityAt(task, <u32>vmoSlot);
  refusal = mapVmo(
    task,
    spaceOf(task, taskSlot),
    capability.vmo,
    address,
    offset,
    bytes,
    <u32>rights,
    capability.lease,
  );
  endTurn(task, taskSlot, refusal);
}

/** The call ends with this status, unless it is to go on in another turn. */
function endTurn(task: Task, taskSlot: u64, refusal: Refusal): void {
  unclaimSpace(task, taskSlot);
  if (task.work !== null) {
    return callAgain(task);
  }
  setStatus(task, refusal);
}

/**
 * Ends the call with a refusal. If it was under way, the other task was started or ended in the meantime, or the
 * capability was taken back, with the mapping.
 */
function giveUp(task: Task, refusal: Refusal): void {
  task.work = null;
  setStatus(task, refusal);
}

export function unmap(task: Task, taskSlot: u64, address: u64): void {
  let refusal = claimSpace(task, taskSlot);
  if (refusal !== Refusal.None) {
    return giveUp(task, refusal);
  }
  refusal = unmapAt(task, spaceOf(task, taskSlot), address);
  endTurn(task, taskSlot, refusal);
}

export function vmoSize(task: Task, slot: u64): void {
  const refusal = check(task, slot, Kind.Vmo, Right.None);
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  const vmo = capabilityAt(task, <u32>slot).vmo;
  setTwoResults(task, <u64>vmo.pages * PAGE_BYTES, vmo.references.value);
}
