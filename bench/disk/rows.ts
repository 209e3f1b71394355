// The rows of reading the disk: what each kind may cost, and how much of the device's speed each is to reach.

/**
 * What 1 MiB of one kind of reads may cost. With several reads in flight, a few instructions more or less anywhere decide which
 * reads end before virtioblkd looks, so these budgets leave room for some messages and interrupts.
 */
export interface CostBudget {
  name: string;
  instructions: number;
  messages: number;
  interrupts: number;
}

/** In the order in which they are measured. */
export const costBudgets: readonly CostBudget[] = [
  { name: "read 1 MiB, 128 KiB each, depth 1", instructions: 34_500, messages: 16, interrupts: 8 },
  { name: "read 1 MiB, 128 KiB each, depth 8", instructions: 21_220, messages: 6, interrupts: 4 },
  { name: "read 1 MiB, 4 KiB each, depth 1", instructions: 1_083_600, messages: 512, interrupts: 256 },
  { name: "read 1 MiB, 4 KiB each, depth 8", instructions: 755_000, messages: 156, interrupts: 160 },
];

/** A turn is a call, an interrupt and a reply, for one read or for eight (docs/benchmarks.md). */
const TURN = "QEMU's time for a change of address space";

/** At least this part of the speed of a program that has the whole machine for itself. */
export interface ThroughputTarget {
  sectors: number;
  depth: number;
  ratio: number;
  /** What keeps the reads from it (docs/benchmarks.md). */
  limit: string;
}

export const throughputTargets: readonly ThroughputTarget[] = [
  { sectors: 256, depth: 8, ratio: 0.8, limit: TURN },
  { sectors: 256, depth: 1, ratio: 0.6, limit: TURN },
  { sectors: 8, depth: 8, ratio: 0.6, limit: TURN },
];
