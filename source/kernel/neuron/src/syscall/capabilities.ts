/**
 * Making, copying, dropping and granting capabilities. Rights only ever shrink.
 *
 * Every u64 argument is a register of the task, as it is: a slot or kind may be any number. `rights` is a mask: a copy
 * has those rights of its original that the mask has too. abi/syscall.ts describes each call.
 */
import { Kind, Right, SLOT_COUNT } from "abi/handle";
import { Resource } from "abi/job";
import { Refusal } from "abi/refusal";
import { giveUpCapability, giveUpTaken, hasTaken } from "../ipc/close";
import { callAgain, setResult, setStatus } from "../ipc/results";
import { giveBack } from "../job/job";
import { endUse, mayLend, takeBackMore } from "../lifecycle/revoke";
import { chargeTo } from "../task/charges";
import { allocEndpoint, allocNotification } from "../task/endpoint";
import {
  allowsBits,
  auditRefusal,
  Capability,
  capabilityAt,
  check,
  checkCopy,
  checkHeld,
  checkTransfer,
  copyCapability,
  freeSlot,
  KEEP_BADGE,
  Lending,
  NO_BADGE,
  putCapability,
} from "../task/handles";
import { Task } from "../task/objects";
import { claimUnborn, unclaimUnborn } from "../task/task";

/** A new endpoint or notification in a free slot. */
export function create(task: Task, kind: u64): void {
  if (kind !== Kind.Endpoint && kind !== Kind.Notification) {
    return setStatus(task, Refusal.BadArgument);
  }
  const slot = freeSlot(task);
  if (slot === SLOT_COUNT) {
    return setStatus(task, Refusal.TableFull);
  }
  const job = task.job;
  const resource = kind === Kind.Endpoint ? Resource.Endpoints : Resource.Notifications;
  const refusal = chargeTo(job, task, resource, 0);
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  const object = <u32>(
    (kind === Kind.Endpoint
      ? changetype<usize>(allocEndpoint(job))
      : changetype<usize>(allocNotification(job)))
  );
  // The address of the new object; 0 is null: all of them are in use.
  if (object === 0) {
    giveBack(job, resource, 0);
    return setStatus(task, Refusal.TableFull);
  }
  putCapability(task, slot, <Kind>kind, object, Right.All, NO_BADGE);
  setResult(task, slot);
}

/**
 * Checks that a task may make a copy of `capability` with this badge. KEEP_BADGE is always allowed. Any other badge
 * needs the right to receive: on an endpoint it tells the receiver which caller a message comes from. On a notification
 * it is the set of bits that may be signalled, so a copy may not have bits that its original lacks. On the console it
 * says who writes, so it needs the right to own the console.
 */
function checkBadge(capability: Capability, badge: u64): Refusal {
  if (badge === KEEP_BADGE) {
    return Refusal.None;
  }
  if (badge > u32.MAX_VALUE) {
    return Refusal.BadArgument;
  }
  const kind = <u32>capability.kind;
  if (kind === Kind.Console) {
    return (<u32>capability.rights & Right.Manage) === 0 ? Refusal.MissingRight : Refusal.None;
  }
  if (kind !== Kind.Endpoint && kind !== Kind.Notification) {
    return Refusal.WrongKind;
  }
  if ((<u32>capability.rights & Right.Receive) === 0) {
    return Refusal.MissingRight;
  }
  const addsBits = kind === Kind.Notification && !allowsBits(capability, badge);
  return addsBits ? Refusal.MissingRight : Refusal.None;
}

/** A copy, in a free slot of the same task. */
export function copy(task: Task, slot: u64, rights: u64, badge: u64): void {
  copyAs(task, slot, rights, badge, Lending.No);
}

/** The same, and copies of the copy can be taken back. */
export function lend(task: Task, slot: u64, rights: u64, badge: u64): void {
  copyAs(task, slot, rights, badge, Lending.Yes);
}

function copyAs(task: Task, slot: u64, rights: u64, badge: u64, lending: Lending): void {
  let refusal = checkHeld(task, slot);
  if (refusal === Refusal.None) {
    refusal = checkBadge(capabilityAt(task, <u32>slot), badge);
  }
  if (refusal === Refusal.None) {
    refusal = checkCopy(capabilityAt(task, <u32>slot));
  }
  if (refusal !== Refusal.None) {
    return setStatus(task, auditRefusal(task, slot, refusal));
  }
  const free = freeSlot(task);
  if (free === SLOT_COUNT) {
    return setStatus(task, Refusal.TableFull);
  }
  const capability = capabilityAt(task, <u32>slot);
  if (lending !== Lending.No && !mayLend(capability)) {
    return setStatus(task, Refusal.BadState);
  }
  copyCapability(capability, task, free, <u32>rights, <u32>badge);
  capabilityAt(task, free).lending = lending;
  setResult(task, free);
}

/** Empties a slot. What it lent is taken back first. */
export function drop(task: Task, slot: u64): void {
  if (hasTaken(task)) {
    return releaseTaken(task);
  }
  const refusal = checkHeld(task, slot);
  if (refusal === Refusal.None && !dropMore(task, capabilityAt(task, <u32>slot))) {
    return callAgain(task);
  }
  setStatus(task, auditRefusal(task, slot, refusal));
}

/** One turn of a drop. True when it is done. */
function dropMore(task: Task, capability: Capability): bool {
  if (capability.lending !== Lending.No && !takeBackMore(task, capability)) {
    return false;
  }
  capability.lending = Lending.No;
  // What was bound by a copy that was lent would be out of its lender's reach afterwards; and a task whose faults were taken
  // out of its debugger's.
  const mayDebug = task.debugs !== 0 && capability.kind === <u8>Kind.Task;
  if ((capability.lease !== 0 || mayDebug) && !endUse(task, capability)) {
    return false;
  }
  return giveUpCapability(capability);
}

/** A turn in which only what was taken back in the last one is released: the slot may be gone meanwhile. */
function releaseTaken(task: Task): void {
  giveUpTaken(task);
  callAgain(task);
}

/** Takes back what a slot lent. The slot itself stays. */
export function revoke(task: Task, slot: u64): void {
  if (hasTaken(task)) {
    return releaseTaken(task);
  }
  const refusal = checkHeld(task, slot);
  if (refusal !== Refusal.None) {
    return setStatus(task, auditRefusal(task, slot, refusal));
  }
  const capability = capabilityAt(task, <u32>slot);
  if (capability.lending === Lending.No) {
    return setStatus(task, Refusal.BadState);
  }
  if (!takeBackMore(task, capability)) {
    return callAgain(task);
  }
  setStatus(task, Refusal.None);
}

/**
 * Puts a copy into slot `slotThere` of the task that `taskSlot` names. That task must be unborn, which means not yet
 * started: after that only its own system calls and the messages that it receives change its table.
 */
export function grant(task: Task, taskSlot: u64, slot: u64, rights: u64, badge: u64, slotThere: u64): void {
  let refusal = check(task, taskSlot, Kind.Task, Right.Manage); // audits a refusal itself
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  refusal = checkHeld(task, slot);
  if (refusal === Refusal.None) {
    refusal = checkBadge(capabilityAt(task, <u32>slot), badge);
  }
  if (refusal === Refusal.None) {
    refusal = checkTransfer(capabilityAt(task, <u32>slot));
  }
  if (refusal !== Refusal.None) {
    return setStatus(task, auditRefusal(task, slot, refusal));
  }
  const capability = capabilityAt(task, <u32>slot);
  const receiver = capabilityAt(task, <u32>taskSlot).task;
  if (!claimUnborn(receiver)) {
    return setStatus(task, Refusal.BadState);
  }
  const free = slotThere < SLOT_COUNT && capabilityAt(receiver, <u32>slotThere).kind === <u8>Kind.Empty;
  if (free) {
    copyCapability(capability, receiver, <u32>slotThere, <u32>rights, <u32>badge);
  }
  unclaimUnborn(receiver);
  setStatus(task, free ? Refusal.None : Refusal.BadSlot);
}
