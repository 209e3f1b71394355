/** Stopping and restarting harts, for holders of the capability. */
import { Kind, Right } from "abi/handle";
import { Refusal } from "abi/refusal";
import { Hart, hartCount, isOnline, onlineMask, WANTS_STOP } from "../arch/riscv/hart";
import { requestStop } from "../arch/riscv/ipi";
import { startHart } from "../arch/riscv/smp";
import { setStatus } from "../ipc/results";
import { check } from "../task/handles";
import { Task } from "../task/objects";

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
 * Waits, on this hart, until the other one is there. `Refusal.TryAgain` while it is still on its way out, while some
 * hart is being started, or if it does not come.
 */
export function restart(hart: Hart, task: Task, slot: u64, index: u64): void {
  const refusal = check(task, slot, Kind.Harts, Right.Manage);
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  if (index >= hartCount() || index === hart.index) {
    return setStatus(task, Refusal.BadArgument);
  }
  if (isOnline(<u32>index)) {
    return setStatus(task, Refusal.BadState);
  }
  setStatus(task, startHart(hart, <u32>index) ? Refusal.None : Refusal.TryAgain);
}
