/**
 * Ticket locks: first come, first served, so no hart starves. The kernel runs with interrupts off and never sleeps
 * while it holds one; sections are short, allocate nothing and print nothing.
 *
 *   0 next    the ticket that the next hart takes
 *   4 owner   the ticket that is being served
 *   8 rank    its place in the lock order (order.ts)
 *
 * The atomic operations are sequentially consistent (Wasm's threads proposal), so what was written inside one section
 * is seen inside the next.
 */
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
    const at = changetype<usize>(this);
    const ticket = atomic.add<u32>(at + offsetof<Lock>("next"), 1);
    while (atomic.load<u32>(at + offsetof<Lock>("owner")) !== ticket) {
      // bounded by the harts in front of us, each with a short section
    }
  }

  release(): void {
    const at = changetype<usize>(this);
    atomic.store<u32>(at + offsetof<Lock>("owner"), this.owner + 1);
    leaveRank(this.rank);
  }
}

/** Bytes of a lock. */
export const LOCK_BYTES: u32 = 16;
