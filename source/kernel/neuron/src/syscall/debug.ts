/** A debugger's right on a task: its faults, and its registers while it stands on one. */
import { Kind, Right } from "abi/handle";
import { Refusal } from "abi/refusal";
import { NO_SLOT } from "abi/syscall";
import { setStatus, setTwoResults } from "../ipc/results";
import * as debug from "../lifecycle/debug";
import { endOf } from "../lifecycle/fault";
import { wake } from "../sched/wake";
import { capabilityAt, check, checkSignal } from "../task/handles";
import { Task } from "../task/objects";

export function takeFaults(task: Task, slot: u64, notificationSlot: u64, bits: u64): void {
  let refusal = check(task, slot, Kind.Task, Right.Debug);
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  const other = capabilityAt(task, <u32>slot).task;
  if (notificationSlot === NO_SLOT) {
    return setStatus(task, debug.giveFaultsBack(task, other) ? Refusal.None : Refusal.BadState);
  }
  refusal = checkSignal(task, notificationSlot, bits);
  if (refusal === Refusal.None) {
    refusal = debug.takeFaults(task, other, capabilityAt(task, <u32>notificationSlot).notification, bits);
  }
  setStatus(task, refusal);
}

export function readRegisters(task: Task, slot: u64): void {
  const other = standing(task, slot);
  if (other !== null) {
    setTwoResults(task, endOf(other.faultCause, other.faultValue), other.faultValue);
    debug.readRegisters(task, other);
  }
}

export function writeRegisters(task: Task, slot: u64): void {
  const other = standing(task, slot);
  if (other !== null) {
    setStatus(task, debug.writeRegisters(task, other));
  }
}

export function resumeTask(task: Task, slot: u64): void {
  const other = standing(task, slot);
  if (other !== null) {
    setStatus(task, Refusal.None);
    wake(other);
  }
}

/** The task in `slot`, claimed, if it stands on a fault that `task` took. Else null, and the status says why. */
function standing(task: Task, slot: u64): Task | null {
  const refusal = check(task, slot, Kind.Task, Right.Debug);
  if (refusal !== Refusal.None) {
    setStatus(task, refusal);
    return null;
  }
  const other = capabilityAt(task, <u32>slot).task;
  if (!debug.claimStanding(task, other)) {
    setStatus(task, Refusal.BadState);
    return null;
  }
  return other;
}
