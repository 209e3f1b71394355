/**
 * Tables of objects of one size: fixed, with a free list under a lock. The kernel has no heap; each kind of object has
 * one of these, and an object is named by its address.
 *
 *   Pool     0 Lock │ 16 base │ 20 stride │ 24 count │ 28 free (the first free object, 0 for none) │ 32 zeroed
 *   object   0 next free object, 0 at the end │ …                       while it is free
 */
import { Lock } from "../sync/lock";
import { Rank } from "../sync/order";

@unmanaged
@final
export class Pool {
  private lock0: u64;
  private lock1: u64;
  private base: u32;
  private stride: u32;
  private count: u32;
  private first: u32;
  private zeroed: u32;

  private get lock(): Lock {
    return changetype<Lock>(changetype<usize>(this));
  }

  /**
   * `count` objects of `stride` bytes at `base`, all free.
   *
   * @param zeroed bytes of an object that are zeroed whenever it is allocated; what lies behind outlives it
   */
  init(base: usize, stride: u32, count: u32, zeroed: u32): void {
    this.lock.init(Rank.Objects);
    this.base = <u32>base;
    this.stride = stride;
    this.count = count;
    this.zeroed = zeroed;
    this.first = 0;
    for (let i = count; i > 0; i--) {
      this.free(base + (i - 1) * stride);
    }
  }

  /** Takes a free object, zeroed; 0 if there is none. */
  alloc(): usize {
    this.lock.acquire();
    const object = <usize>this.first;
    if (object !== 0) {
      this.first = load<u32>(object);
    }
    this.lock.release();
    if (object !== 0) {
      memory.fill(object, 0, this.zeroed);
    }
    return object;
  }

  /** Gives an object back. Nothing may refer to it any more. */
  free(object: usize): void {
    this.lock.acquire();
    store<u32>(object, this.first);
    this.first = <u32>object;
    this.lock.release();
  }
}

/** Bytes of a Pool. */
export const POOL_BYTES: u32 = <u32>offsetof<Pool>();
