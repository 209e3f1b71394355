/**
 * Ticket locks: first come, first served, so no hart starves. The kernel runs with interrupts off and never sleeps
 * while it holds one; sections are short, allocate nothing and print nothing.
 *
 *   0 next    the ticket that the next hart takes
 *   4 owner   the ticket that is being served
 *   8 rank    its place in the lock order (order.ts)
 *
 * The fences are what a critical section needs and no more (unprivileged ISA, table A.6): acquire keeps the section
 * behind the load that let it in, release keeps it before the store that lets the next one in.
 */
import { fenceAcquire, fenceRelease } from "../arch/riscv/intrinsics";
import { enterRank, leaveRank, Rank } from "./order";

@unmanaged
@final
export class Lock {
  private next: u32;
  private owner: u32;
  private rank: u32;

  /** Must come before the first use, while no other hart can see the lock. */
  init(rank: Rank): void {
    this.next = 0;
    this.owner = 0;
    this.rank = rank;
  }

  acquire(): void {
    enterRank(this.rank);
    const ticket = atomic.add<u32>(changetype<usize>(this) + offsetof<Lock>("next"), 1);
    // bounded by the harts in front of us, each with a short section
    while (this.owner !== ticket) {
      fenceAcquire();
    }
    fenceAcquire();
  }

  release(): void {
    fenceRelease();
    this.owner = this.owner + 1;
    leaveRank(this.rank);
  }
}

/** Bytes of a lock. */
export const LOCK_BYTES: u32 = 16;
