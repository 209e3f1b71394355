/**
 * The one list of lock order: a hart that holds a lock may take only locks of a higher rank. In practice locks nest in
 * three places only: a notification's, then an endpoint's (ipc/call.ts); the family's, then that of the kills
 * (task/life.ts); the debuggers', then that of the kills (lifecycle/debug.ts).
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
  /** Who made which task. */
  Family = 2,
  /** Who has whose faults. */
  Debuggers = 3,
  /** The tasks that are to be killed. */
  Kills = 4,
  /** A job: what is charged to it. */
  Job = 5,
  /** An object table's free list. */
  Objects = 6,
  /** A device's list of pinned memory, and interrupt bindings. */
  Devices = 7,
  /** A hart's run queue. */
  RunQueue = 8,
  /** The free lists of page frames. */
  Frames = 9,
  /** The audit rings. */
  Audit = 10,
  /** The console: its transmitter, or the ring for its owner. */
  Console = 11,
}

/** Notes that this hart takes a lock of `rank`; asserts that it holds none of that rank or above. */
export function enterRank(rank: u32): void {
  if (!CHECKED) {
    return;
  }
  const hart = changetype<HartContext>(hartPointer());
  assert(hart.heldRanks >> rank === 0);
  hart.heldRanks |= 1 << rank;
}

/** Notes that this hart gave its lock of `rank` back. */
export function leaveRank(rank: u32): void {
  if (!CHECKED) {
    return;
  }
  const hart = changetype<HartContext>(hartPointer());
  hart.heldRanks &= ~(1 << rank);
}
