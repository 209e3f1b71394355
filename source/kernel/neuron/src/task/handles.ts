/**
 * Capability tables: SLOT_COUNT slots a task. A slot names an object and what may be done with it.
 *
 *   0 kind u8 │ 1 rights u8 │ 2 lease u16 │ 4 object u32 │ 8 badge u32 │ 12 lending u32
 *
 * A table needs no lock: it is changed by its task's own system calls, by a sender that has claimed its task (a
 * capability that travels), by its maker before the task was started, at its end, and while all harts but one stand
 * still (lifecycle/revoke.ts). And because every capability holds a reference, what a slot names exists for as long as
 * the slot does: there are no stale handles to find.
 *
 * A slot may lend (Syscall.Lend): copies of it, and copies of those, carry its number, their lease, by which the kernel
 * finds them when it takes them back.
 */
import { Audit } from "abi/audit";
import { Kind, Right, SLOT_COUNT } from "abi/handle";
import { Refusal } from "abi/refusal";
import { outOfLine } from "../arch/riscv/intrinsics";
import { audit } from "../diag/audit";
import { Job, releaseJob } from "../job/job";
import { releaseVmo, retainVmo, Vmo } from "../mm/vmo";
import { releaseEndpoint, releaseNotification, retainEndpoint, retainNotification } from "./endpoint";
import { releaseTask, retainTask } from "./life";
import { Endpoint, Notification, Task } from "./objects";
import { TASKS_MAX, taskAt } from "./task";

@unmanaged
@final
export class Capability {
  kind: u8;
  rights: u8;
  /** The number of the slot that lent it (`leaseOf`); 0: it was not lent, and cannot be taken back. */
  lease: u16;
  /** The address of a task, endpoint, notification, memory object or job; the number of a device or an interrupt. */
  object: u32;
  /** Of an endpoint: tells its receiver which caller this is. Of a notification: the bits that may be signalled. */
  badge: u32;
  /** A `Lending`. */
  lending: u32;

  /** Whether it is one of `kind` with all of `rights`. */
  isOf(kind: Kind, rights: u32): bool {
    return this.kind === <u8>kind && (<u32>this.rights & rights) === rights;
  }

  // Of a capability whose kind was checked:
  get task(): Task {
    return changetype<Task>(this.object);
  }

  get endpoint(): Endpoint {
    return changetype<Endpoint>(this.object);
  }

  get notification(): Notification {
    return changetype<Notification>(this.object);
  }

  get vmo(): Vmo {
    return changetype<Vmo>(this.object);
  }

  get job(): Job {
    return changetype<Job>(this.object);
  }
}

/** Whether copies of a capability can be taken back. */
export const enum Lending {
  No = 0,
  Yes = 1,
  /** They are being taken back, and no copy is made of any. */
  Ending = 2,
}

/** The badge of a capability that has none. */
export const NO_BADGE: u32 = 0;
/** As the badge of a copy: the copy has the badge of its original. */
export const KEEP_BADGE: u32 = 0;

const SLOT_BYTES: u32 = <u32>offsetof<Capability>();
const table: usize = memory.data(TASKS_MAX * SLOT_COUNT * SLOT_BYTES, 64);

/** Once, after `tasksInit`: each place for a task has its table. */
export function handlesInit(): void {
  for (let i: u32 = 0; i < TASKS_MAX; i++) {
    taskAt(i).slots = <u32>table + i * SLOT_COUNT * SLOT_BYTES;
  }
}

/** What is in slot `slot` of `task`; `slot` is below SLOT_COUNT. */
export function capabilityAt(task: Task, slot: u32): Capability {
  return changetype<Capability>(task.slots + slot * SLOT_BYTES);
}

/** The number of a slot among all slots of all tasks, from 1 on: the lease of what it lends. */
export function leaseOf(lender: Capability): u32 {
  return (<u32>changetype<usize>(lender) - <u32>table) / SLOT_BYTES + 1;
}

/** The slot that lent what carries `lease`, which is not 0. */
export function lenderOf(lease: u32): Capability {
  return changetype<Capability>(table + (lease - 1) * SLOT_BYTES);
}

/** What `task` is taking back at this moment, from another task (lifecycle/revoke.ts). */
export function takenBy(task: Task): Capability {
  return changetype<Capability>(task.takenAddress);
}

/** Checks that `slot` of `task` holds a capability of `kind` with all of `rights`. A refusal is audited. */
export function check(task: Task, slot: u64, kind: Kind, rights: u32): Refusal {
  return auditRefusal(task, slot, judge(task, slot, kind, rights));
}

/**
 * Checks that `slot` of `task` holds a notification that these `bits` may be signalled to. A refusal is audited.
 */
export function checkSignal(task: Task, slot: u64, bits: u64): Refusal {
  let refusal = judge(task, slot, Kind.Notification, Right.Send);
  if (refusal === Refusal.None && !allowsBits(capabilityAt(task, <u32>slot), bits)) {
    refusal = Refusal.MissingRight;
  }
  return auditRefusal(task, slot, refusal);
}

/** Whether these bits of a notification may be signalled by `capability`: all of them, if it has no badge. */
export function allowsBits(capability: Capability, bits: u64): bool {
  return capability.badge === NO_BADGE || (bits & ~(<u64>capability.badge)) === 0;
}

/** Checks that `slot` of `task` holds a capability, of any kind. The caller audits a refusal. */
export function checkHeld(task: Task, slot: u64): Refusal {
  if (slot >= SLOT_COUNT || capabilityAt(task, <u32>slot).kind === <u8>Kind.Empty) {
    return Refusal.BadSlot;
  }
  return Refusal.None;
}

/** Checks that a capability may be copied: none that is about to be taken back. The caller audits a refusal. */
export function checkCopy(capability: Capability): Refusal {
  return capability.lease === 0 ? Refusal.None : checkLent(capability);
}

function checkLent(capability: Capability): Refusal {
  outOfLine();
  return lenderOf(capability.lease).lending === Lending.Ending ? Refusal.BadSlot : Refusal.None;
}

/** Checks that a capability may be given to another task. The caller audits a refusal. */
export function checkTransfer(capability: Capability): Refusal {
  return (<u32>capability.rights & Right.Transfer) === 0 ? Refusal.MissingRight : checkCopy(capability);
}

/** Audits `refusal`, unless it is None: `task` was refused something of its `slot`. Returns `refusal`. */
export function auditRefusal(task: Task, slot: u64, refusal: Refusal): Refusal {
  if (refusal !== Refusal.None) {
    audit(Audit.CapabilityRefused, task.id, slot, <u64>-(<i64>refusal));
  }
  return refusal;
}

function judge(task: Task, slot: u64, kind: Kind, rights: u32): Refusal {
  if (slot >= SLOT_COUNT) {
    return Refusal.BadSlot;
  }
  const capability = capabilityAt(task, <u32>slot);
  const found = <u32>capability.kind;
  if (found === Kind.Empty) {
    return Refusal.BadSlot;
  }
  if (found !== <u32>kind) {
    return Refusal.WrongKind;
  }
  if ((<u32>capability.rights & rights) !== rights) {
    return Refusal.MissingRight;
  }
  return Refusal.None;
}

/** The lowest empty slot; SLOT_COUNT if the table is full. */
export function freeSlot(task: Task): u32 {
  for (let slot: u32 = 0; slot < SLOT_COUNT; slot++) {
    if (capabilityAt(task, slot).kind === <u8>Kind.Empty) {
      return slot;
    }
  }
  return SLOT_COUNT;
}

/** Fills an empty slot. The reference to the object passes to the slot. */
export function putCapability(task: Task, slot: u32, kind: Kind, object: u32, rights: u32, badge: u32): void {
  const capability = capabilityAt(task, slot);
  capability.kind = <u8>kind;
  capability.rights = <u8>rights;
  capability.lease = 0;
  capability.object = object;
  capability.badge = badge;
  capability.lending = Lending.No;
  if (slot >= task.slotsEnd) {
    task.slotsEnd = slot + 1;
  }
  if (kind === Kind.Endpoint && (rights & Right.Receive) !== 0) {
    changetype<Endpoint>(object).receiveRights.add(1);
  }
}

/**
 * Fills an empty slot with a copy of `from`. Only those of its rights that are also in `rights` are copied. The copy can
 * be taken back by the slots by which `from` can, and by `from` if that lends.
 */
export function copyCapability(from: Capability, task: Task, slot: u32, rights: u32, badge: u32): void {
  retain(<Kind>from.kind, from.object);
  putCapability(
    task,
    slot,
    <Kind>from.kind,
    from.object,
    <u32>from.rights & rights,
    badge === KEEP_BADGE ? from.badge : badge,
  );
  if ((<u32>from.lease | from.lending) !== 0) {
    carryLease(from, capabilityAt(task, slot));
  }
}

/** `copy` of `from` can be taken back by the same slots, and by `from` if that lends. */
function carryLease(from: Capability, copy: Capability): void {
  outOfLine();
  copy.lease = from.lending === Lending.No ? from.lease : <u16>leaseOf(from);
}

/** The capability of an endpoint no longer allows to receive there. ipc/close.ts tells the callers that wait. */
export function dropReceiveRight(capability: Capability): void {
  const rights = <u32>capability.rights;
  if ((rights & Right.Receive) !== 0) {
    capability.rights = <u8>(rights & ~(<u32>Right.Receive));
    capability.endpoint.receiveRights.subtract(1);
  }
}

/** Empties a slot and releases its reference. Of an endpoint, the right to receive there has gone before. */
export function dropCapability(capability: Capability): void {
  const kind = <Kind>capability.kind;
  const object = capability.object;
  capability.kind = <u8>Kind.Empty;
  capability.rights = <u8>Right.None;
  release(kind, object);
}

function retain(kind: Kind, object: u32): void {
  if (kind === Kind.Task) {
    retainTask(changetype<Task>(object));
  } else if (kind === Kind.Endpoint) {
    retainEndpoint(changetype<Endpoint>(object));
  } else if (kind === Kind.Notification) {
    retainNotification(changetype<Notification>(object));
  } else if (kind === Kind.Vmo) {
    retainVmo(changetype<Vmo>(object));
  } else if (kind === Kind.Job) {
    changetype<Job>(object).retain();
  }
  // Devices, interrupts, console, power and information are not counted: they never go.
}

function release(kind: Kind, object: u32): void {
  if (kind === Kind.Task) {
    releaseTask(changetype<Task>(object));
  } else if (kind === Kind.Endpoint) {
    releaseEndpoint(changetype<Endpoint>(object));
  } else if (kind === Kind.Notification) {
    releaseNotification(changetype<Notification>(object));
  } else if (kind === Kind.Vmo) {
    releaseVmo(changetype<Vmo>(object));
  } else if (kind === Kind.Job) {
    releaseJob(changetype<Job>(object));
  }
}
