/**
 * The words of every line that the kernel prints, in one place; each is called by the code that saw the thing happen.
 * What names a hart or a time is for bring-up only: a production build prints none of it.
 */

import { TASK_NAME_BYTES } from "abi/task";
import { PRODUCTION } from "gen/profile";
import { lengthToZero } from "text/bytes";
import { HARTS_MAX } from "../arch/riscv/frame";
import { beginLine, endLine } from "./print";

/** The boot hart runs, and has read from the device tree how many harts there are. */
export function bootStarted(hartCount: u32): void {
  if (PRODUCTION) {
    return endLine(beginLine().text("neuron: boot virt"));
  }
  endLine(beginLine().text("neuron: hart0 boot virt smp=").decimal(hartCount));
}

/** This hart takes part. */
export function hartOnline(hart: u32): void {
  if (PRODUCTION) {
    return;
  }
  endLine(beginLine().text("neuron: hart").decimal(hart).text(" online"));
}

/** A hart was started and did not come up in time. */
export function hartMissing(hart: u32, hartid: u64): void {
  if (PRODUCTION) {
    return endLine(beginLine().text("neuron: a hart did not come up and is left out"));
  }
  const line = beginLine()
    .text("neuron: hart")
    .decimal(hart)
    .text(" did not come up and is left out (hart id ");
  endLine(line.decimal(hartid).text(")"));
}

/** This hart was asked to stop, and stops. */
export function hartStopping(hart: u32): void {
  if (PRODUCTION) {
    return;
  }
  endLine(beginLine().text("neuron: hart").decimal(hart).text(" stops"));
}

/** The device tree has more harts than are used. */
export function hartsParked(count: u32): void {
  const line = beginLine()
    .text("neuron: ")
    .decimal(count)
    .text(" more ")
    .text(count === 1 ? "hart is" : "harts are");
  endLine(line.text(" not used: at most ").decimal(HARTS_MAX).text(" are"));
}

/** The firmware lacks what more than one hart needs. */
export function smpMissing(): void {
  endLine(beginLine().text("neuron: the firmware has no HSM or IPI extension: one hart"));
}

/** The timer of this hart ticked. */
export function hartTicked(hart: u32, ticks: u64): void {
  if (PRODUCTION) {
    return;
  }
  endLine(beginLine().text("neuron: hart").decimal(hart).text(" tick n=").decimal(ticks));
}

/** This hart took the first interrupt that hart `from` sent it. */
export function ipiTaken(from: u32, to: u32): void {
  if (PRODUCTION) {
    return;
  }
  endLine(beginLine().text("neuron: ipi hart").decimal(from).text("->hart").decimal(to));
}

/** More RAM than the kernel can address. */
export function memoryClipped(bytes: u64): void {
  endLine(
    beginLine()
      .text("neuron: memory above 1 GiB is not used: ")
      .decimal(bytes >> 20)
      .text(" MiB"),
  );
}

/** A task was ended by its own fault. Where that was, a production build tells in the audit trail alone. */
export function taskFaulted(nameAddress: usize, what: string, value: u64, pc: u64): void {
  const length = lengthToZero(nameAddress, TASK_NAME_BYTES);
  const line = beginLine().text("neuron: task ").printable(nameAddress, length).text(" ended: ").text(what);
  if (!PRODUCTION) {
    line.text(" value=").hex(value).text(" pc=").hex(pc);
  }
  endLine(line);
}

/** The machine cannot be brought up: says why. */
export function bootFailed(why: string): void {
  endLine(beginLine().text("neuron: cannot boot: ").text(why));
}
