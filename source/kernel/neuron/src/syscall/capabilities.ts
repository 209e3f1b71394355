/**
 * Making, copying, dropping and granting capabilities. Rights only ever shrink.
 *
 * Every u64 argument is a register of the task, as it is: a slot or kind may be any number. `rights` is a mask: a copy
 * has those rights of its original that the mask has too. abi/syscall.ts describes each call.
 */
import { Kind, Right, SLOT_COUNT } from "abi/handle";
import { Resource } from "abi/job";
import { Refusal } from "abi/refusal";
import { giveUpCapability } from "../ipc/close";
import { callAgain, setResult, setStatus } from "../ipc/results";
import { giveBack } from "../job/job";
import { chargeTo } from "../task/charges";
import { allocEndpoint, allocNotification } from "../task/endpoint";
import {
  allowsBits,
  auditRefusal,
  Capability,
  capabilityAt,
  check,
  checkHeld,
  checkTransfer,
  copyCapability,
  freeSlot,
  KEEP_BADGE,
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
 * it is the set of bits that may be signalled, so a copy may not have bits that its original lacks.
 */
function checkBadge(capability: Capability, badge: u64): Refusal {
  if (badge === KEEP_BADGE) {
    return Refusal.None;
  }
  if (badge > u32.MAX_VALUE) {
    return Refusal.BadArgument;
  }
  const kind = <u32>capability.kind;
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
  let refusal = checkHeld(task, slot);
  if (refusal === Refusal.None) {
    refusal = checkBadge(capabilityAt(task, <u32>slot), badge);
  }
  if (refusal !== Refusal.None) {
    return setStatus(task, auditRefusal(task, slot, refusal));
  }
  const free = freeSlot(task);
  if (free === SLOT_COUNT) {
    return setStatus(task, Refusal.TableFull);
  }
  copyCapability(capabilityAt(task, <u32>slot), task, free, <u32>rights, <u32>badge);
  setResult(task, free);
}

/** Empties a slot. */
export function drop(task: Task, slot: u64): void {
  const refusal = checkHeld(task, slot);
  if (refusal === Refusal.None && !giveUpCapability(task, <u32>slot)) {
    return callAgain(task);
  }
  setStatus(task, auditRefusal(task, slot, refusal));
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
