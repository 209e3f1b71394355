/**
 * Tables of objects of one size: fixed, with a free list under a lock. The kernel has no heap; each kind of object has
 * one of these. An index names an object from the outside, a view of its memory from the inside.
 *
 *   Pool   0 Lock │ 16 base │ 20 stride │ 24 count │ 28 free (index + 1, 0 at the end)
 *
 * A free object's first word links to the next free one (index + 1); a taken one is zeroed.
 */
import { LOCK_BYTES, Lock } from "../sync/lock";
import { Rank } from "../sync/order";

/** There is no object of this index. */
export const NO_OBJECT: u32 = 0xffff_ffff;

@unmanaged
@final
export class Pool {
  private lock0: u64;
  private lock1: u64;
  private base: u32;
  private stride: u32;
  private count: u32;
  private free: u32;

  private get lock(): Lock {
    return changetype<Lock>(changetype<usize>(this));
  }

  /** `count` objects of `stride` bytes at `base`, all free. */
  init(base: usize, stride: u32, count: u32): void {
    this.lock.init(Rank.Objects);
    this.base = <u32>base;
    this.stride = stride;
    this.count = count;
    for (let i: u32 = 0; i < count; i++) store<u32>(this.addressOf(i), i + 1 < count ? i + 2 : 0);
    this.free = 1;
  }

  /** The address of object `index`, which must be below the count. */
  addressOf(index: u32): usize {
    return <usize>(this.base + index * this.stride);
  }

  /** Takes an object, zeroed; NO_OBJECT if none is free. */
  take(): u32 {
    this.lock.acquire();
    const head = this.free;
    if (head !== 0) this.free = load<u32>(this.addressOf(head - 1));
    this.lock.release();
    if (head === 0) return NO_OBJECT;
    memory.fill(this.addressOf(head - 1), 0, this.stride);
    return head - 1;
  }

  /** Gives an object back. Nobody may hold a reference to it any more. */
  give(index: u32): void {
    this.lock.acquire();
    store<u32>(this.addressOf(index), this.free);
    this.free = index + 1;
    this.lock.release();
  }
}

/** Bytes of a Pool. */
export const POOL_BYTES: u32 = 32;
if (offsetof<Pool>() !== POOL_BYTES || LOCK_BYTES !== 16) ERROR("Pool is drawn wrong");
