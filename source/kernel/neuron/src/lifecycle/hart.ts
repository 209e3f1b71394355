/**
 * A hart stops: what it has goes on elsewhere, and then it leaves. Reached from trap.ts on the hart that stops.
 */
import { Audit } from "abi/audit";
import { Hart, WANTS_STOP } from "../arch/riscv/hart";
import { outOfLine } from "../arch/riscv/intrinsics";
import { beginStop, endStop, leaveOnline, stopThisHart } from "../arch/riscv/smp";
import { audit, NO_TASK } from "../diag/audit";
import { hartStopping } from "../diag/markers";
import { tellConsoleOwner } from "../ipc/console";
import { moveInterrupts } from "../irq/interrupts";
import { retire, successorOf } from "../sched/retire";
import { leaveSpace } from "../sched/space";

/** Stops this hart, which runs no task; returns if it may not stop, or not yet. */
export function stopHart(hart: Hart): void {
  outOfLine();
  if (!beginStop(hart)) {
    return;
  }
  hart.wants &= ~WANTS_STOP;
  if (leaveOnline(hart)) {
    leaveSpace();
    const successor = successorOf(hart);
    moveInterrupts(hart.index, successor);
    retire(hart, successor);
    audit(Audit.HartStopped, NO_TASK, hart.index, hart.hartid);
    hartStopping(hart.index);
    tellConsoleOwner();
    endStop();
    return stopThisHart(hart);
  }
  endStop();
}
