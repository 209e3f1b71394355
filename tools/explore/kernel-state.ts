// What each hart of the kernel says of itself, and its run queue, read from outside: at rest or in the middle of anything. The guest
// does nothing for it and does not notice.

import type { EmbeddedMachine } from "../../machine/host/machine.ts";
import type { Layout } from "./layout.ts";

/** What one hart of the kernel says. */
export interface KernelHart {
  /** Its logical number, and the physical one. */
  index: number;
  hartid: number;
  /** An `Online`. */
  online: number;
  /** Whether it runs a task. */
  running: boolean;
  /** Bits of the lock ranks that it holds; 0 where the build does not check. */
  heldRanks: number;
  mailbox: number;
  /** Timer ticks that it took, their low half. */
  ticks: number;
  /** Bits of the classes in which tasks wait in its queue. */
  waiting: number;
}

/** The word of 32 bits at a physical address. */
export function readWord(machine: EmbeddedMachine, address: number): number {
  const bytes = machine.readMemory(address, 4);
  return new DataView(bytes.buffer).getUint32(0, true);
}

/** What hart `index` (logical) says now. */
export function readKernelHart(machine: EmbeddedMachine, layout: Layout, index: number): KernelHart {
  const hart = layout.address("harts") + index * layout.number("HART_STRIDE");
  const queue = layout.address("sched/queue/table") + index * layout.number("QUEUE_STRIDE");
  const word = (field: string): number => readWord(machine, hart + layout.number(`Hart.${field}`));
  return {
    index: word("index"),
    hartid: word("hartid"),
    online: word("online0"),
    running: word("running") !== 0,
    heldRanks: word("heldRanks"),
    mailbox: word("mailbox0"),
    ticks: word("ticks"),
    waiting: readWord(machine, queue + layout.number("RunQueue.waiting")),
  };
}
