/**
 * The one list of lock order: a hart that holds a lock may take only locks of a higher rank. In practice locks nest in
 * one place only (a notification's, then an endpoint's, in ipc/call.ts); everything else holds one at a time.
 *
 * A checked build keeps a bit per held rank in the hart's structure and stops at the first violation.
 */
import { CHECKED } from "gen/profile";
import { HartContext } from "../arch/riscv/context";
import { hartPointer } from "../arch/riscv/intrinsics";

export const enum Rank {
  /** A notification: its bits, its waiter, the task bound to it. */
  Notification = 0,
  /** An endpoint: its queues of callers and receivers. */
  Endpoint = 1,
  /** An object table's free list. */
  Objects = 2,
  /** A device's list of pinned memory, and interrupt bindings. */
  Devices = 3,
  /** A hart's run queue. */
  RunQueue = 4,
  /** The free lists of page frames. */
  Frames = 5,
  /** The audit rings. */
  Audit = 6,
  /** The console: its transmitter, or the ring for its owner. */
  Console = 7,
}

/** Notes that this hart takes a lock of `rank`; asserts that it holds none of that rank or above. */
export function enterRank(rank: u32): void {
  if (!CHECKED) return;
  const hart = changetype<HartContext>(hartPointer());
  assert(hart.heldRanks >> rank === 0);
  hart.heldRanks |= 1 << rank;
}

/** Notes that this hart gave its lock of `rank` back. */
export function leaveRank(rank: u32): void {
  if (!CHECKED) return;
  const hart = changetype<HartContext>(hartPointer());
  hart.heldRanks &= ~(1 << rank);
}
