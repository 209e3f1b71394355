// The state of each hart of the kernel and of its run queue, read from outside at any moment. The guest does nothing
// for it and does not notice.

import type { Layout } from "../../../host/debug/layout.ts";
import type { EmbeddedMachine } from "../../../machine/host/machine.ts";

/** The state of one hart. */
export interface KernelHart {
  /** Its logical number, and the physical one. */
  index: number;
  hartid: number;
  /** An `Online`. */
  online: number;
  /** Address of the task that it runs; 0 for none. */
  running: number;
  /** Bits of the lock ranks that it holds; 0 if the build does not check lock order. */
  heldRanks: number;
  mailbox: number;
  /** The low half of its count of timer ticks. */
  ticks: number;
  /** Bits of the classes in which tasks wait in its queue. */
  waiting: number;
}

/** The present state of hart `index` (logical). */
export function readKernelHart(machine: EmbeddedMachine, layout: Layout, index: number): KernelHart {
  const hart = layout.address("harts") + index * layout.number("HART_STRIDE");
  const queue = layout.address("sched/queue/table") + index * layout.number("QUEUE_STRIDE");
  const word = (field: string): number => machine.readWord(hart + layout.number(`Hart.${field}`));
  return {
    index: word("index"),
    hartid: word("hartid"),
    online: word("online0"),
    running: word("running"),
    heldRanks: word("heldRanks"),
    mailbox: word("mailbox0"),
    ticks: word("ticks"),
    waiting: machine.readWord(queue + layout.number("RunQueue.waiting")),
  };
}
