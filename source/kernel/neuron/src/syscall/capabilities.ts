/** Making, copying, dropping and granting capabilities. Rights only ever shrink. */
import { Kind, Right, SLOT_COUNT } from "abi/handle";
import { Refusal } from "abi/refusal";
import { giveUpCapability } from "../ipc/close";
import { setResult, setStatus } from "../ipc/results";
import { allocEndpoint, allocNotification } from "../task/endpoint";
import {
  audited,
  Capability,
  check,
  checkAny,
  checkTransfer,
  copyCapability,
  freeSlot,
  putCapability,
  slotOf,
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
  const object = <u32>(
    (kind === Kind.Endpoint ? changetype<usize>(allocEndpoint()) : changetype<usize>(allocNotification()))
  );
  if (object === 0) {
    return setStatus(task, Refusal.TableFull);
  }
  putCapability(task, slot, <Kind>kind, object, Right.All, 0);
  setResult(task, slot);
}

/**
 * Whether a copy of `capability` with this badge may be made. Only a receiver may tell the callers of an endpoint
 * apart, or say which bits of a notification a copy is good for, and it can give away no more bits than its own.
 */
function checkBadge(capability: Capability, badge: u64): Refusal {
  if (badge === 0) {
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
  const isMore =
    kind === Kind.Notification && capability.badge !== 0 && (<u32>badge & ~capability.badge) !== 0;
  return isMore ? Refusal.MissingRight : Refusal.None;
}

export function copy(task: Task, slot: u64, rights: u64, badge: u64): void {
  let refusal = checkAny(task, slot);
  if (refusal === Refusal.None) {
    refusal = checkBadge(slotOf(task, <u32>slot), badge);
  }
  if (refusal !== Refusal.None) {
    return setStatus(task, audited(task, slot, refusal));
  }
  const free = freeSlot(task);
  if (free === SLOT_COUNT) {
    return setStatus(task, Refusal.TableFull);
  }
  copyCapability(slotOf(task, <u32>slot), task, free, <u32>rights, <u32>badge);
  setResult(task, free);
}

export function drop(task: Task, slot: u64): void {
  const refusal = checkAny(task, slot);
  setStatus(task, audited(task, slot, refusal));
  if (refusal === Refusal.None) {
    giveUpCapability(task, <u32>slot);
  }
}

/** A capability can be granted only to a task that was not started: the table of a running task is its own. */
export function grant(task: Task, taskSlot: u64, slot: u64, rights: u64, badge: u64, slotThere: u64): void {
  let refusal = check(task, taskSlot, Kind.Task, Right.Manage);
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  refusal = checkAny(task, slot);
  if (refusal === Refusal.None) {
    refusal = checkBadge(slotOf(task, <u32>slot), badge);
  }
  if (refusal === Refusal.None) {
    refusal = checkTransfer(slotOf(task, <u32>slot));
  }
  if (refusal !== Refusal.None) {
    return setStatus(task, audited(task, slot, refusal));
  }
  const capability = slotOf(task, <u32>slot);
  const receiver = slotOf(task, <u32>taskSlot).task;
  if (!claimUnborn(receiver)) {
    return setStatus(task, Refusal.BadState);
  }
  const free = slotThere < SLOT_COUNT && slotOf(receiver, <u32>slotThere).kind === <u8>Kind.Empty;
  if (free) {
    copyCapability(capability, receiver, <u32>slotThere, <u32>rights, <u32>badge);
  }
  unclaimUnborn(receiver);
  setStatus(task, free ? Refusal.None : Refusal.BadSlot);
}
