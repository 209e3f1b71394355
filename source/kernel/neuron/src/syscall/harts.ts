/** Stopping and restarting harts, for holders of the capability. */
import { Kind, Right } from "abi/handle";
import { Refusal } from "abi/refusal";
import { Wait } from "abi/task";
import { Hart, hartCount, isOnline, onlineMask, WANTS_STOP } from "../arch/riscv/hart";
import { requestStop } from "../arch/riscv/ipi";
import { beginStart, lookAtStart, nextLook, Start } from "../arch/riscv/smp";
import { callAgain, setStatus } from "../ipc/results";
import { armDeadline } from "../sched/deadline";
import { check } from "../task/handles";
import { Task } from "../task/objects";
import { publish } from "../task/task";

/** The hart stops at its next trap or, if it idles, at once; `Refusal.BadState` for the last one. */
export function stop(hart: Hart, task: Task, slot: u64, index: u64): void {
  const refusal = check(task, slot, Kind.Harts, Right.Manage);
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  if (index >= hartCount() || !isOnline(<u32>index)) {
    return setStatus(task, Refusal.HartOffline);
  }
  if (popcnt(onlineMask()) < 2) {
    return setStatus(task, Refusal.BadState);
  }
  setStatus(task, Refusal.None);
  if (index === hart.index) {
    hart.wants |= WANTS_STOP;
  } else {
    requestStop(<u32>index);
  }
}

/**
 * The task waits until the other hart is there: it makes its call again and again, and sleeps in between.
 * `Refusal.TryAgain` while some other hart is being started, or if it does not come.
 */
export function restart(hart: Hart, task: Task, slot: u64, index: u64): void {
  if (task.starts === 0) {
    const refusal = beginRestart(hart, task, slot, index);
    if (refusal !== Refusal.None) {
      return setStatus(task, refusal);
    }
    task.starts = <u32>index + 1;
  }
  const start = lookAtStart(task.starts - 1);
  if (start === Start.Pending) {
    // What woken sleepers are told takes the place of an argument, which is not looked at any more.
    callAgain(task);
    hart.running = 0;
    armDeadline(hart, task, nextLook());
    return publish(task, Wait.Sleeping);
  }
  task.starts = 0;
  setStatus(task, start === Start.Done ? Refusal.None : Refusal.TryAgain);
}

function beginRestart(hart: Hart, task: Task, slot: u64, index: u64): Refusal {
  const refusal = check(task, slot, Kind.Harts, Right.Manage);
  if (refusal !== Refusal.None) {
    return refusal;
  }
  if (index >= hartCount() || index === hart.index) {
    return Refusal.BadArgument;
  }
  if (isOnline(<u32>index)) {
    return Refusal.BadState;
  }
  return beginStart() ? Refusal.None : Refusal.TryAgain;
}
