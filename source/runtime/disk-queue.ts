/**
 * Several reads of the disk in flight from one task (`exchange` of source/idl/virtio_blk.capnp). One call starts reads
 * and brings the ends of earlier ones, so the disk works while this task does:
 *
 *     const queue = changetype<DiskQueue>(memory.data(DISK_QUEUE_BYTES, 8));
 *
 *     attachBlockMemory(service, vmo, bytes);        // blocks.ts: where the device writes
 *     queue.begin(service);
 *     queue.add(0, 8, 0, 1);                         // sectors 0 to 7, to offset 0; our number for it is 1
 *     queue.add(8, 8, 4096, 2);
 *     let status = queue.exchange(1);                // starts both, waits until one has ended
 *     for (let i: u32 = 0; i < queue.endedCount; i++) {
 *       queue.tag(i);                                // 1 or 2
 *       queue.status(i);                             // BlkStatus.ok: its sectors are there
 *     }
 *     status = queue.exchange(queue.underWay);       // waits for the rest
 *
 * Up to DEPTH_MAX reads can be added or under way at a time. They end in any order, each with a status of its own. No
 * other call may change the attached memory while a read is under way.
 *
 * Reached from programs; goes on in client.ts.
 */
import { MESSAGE_BYTES_MAX } from "abi/message";
import { NO_SLOT } from "abi/syscall";
import {
  BlkStatus,
  DEPTH_MAX,
  VirtioBlkExchangeParamsBuilder,
  VirtioBlkExchangeResults,
  VirtioBlkMethod,
} from "gen/idl/virtio_blk";
import { callService, MALFORMED_REPLY } from "./client";
import { messagePage } from "./ipc";

/** A read that was added, and not started yet. */
@unmanaged
@final
class Added {
  lba: u64;
  offset: u64;
  count: u32;
  tag: u32;
}

/** How a read ended. */
@unmanaged
@final
class Ended {
  tag: u32;
  status: u32;
}

@unmanaged
@final
export class DiskQueue {
  private service: u32;
  private addedCount: u32;
  private started: u32;
  private ended: u32;

  /** Begins, with nothing under way. `service` is the slot of the block service, which has memory of this task. */
  begin(service: u32): void {
    this.service = service;
    this.addedCount = 0;
    this.started = 0;
    this.ended = 0;
  }

  /** Reads that were started, and whose end `exchange` has not brought yet. */
  get underWay(): u32 {
    return this.started;
  }

  /** How many reads may be added now. */
  get room(): u32 {
    return DEPTH_MAX - this.started - this.addedCount;
  }

  /**
   * Adds a read, which the next `exchange` starts: `count` sectors from `lba` on, to `offset` in the attached memory.
   * `tag` is any number; it comes back with the end. False if there is no `room`.
   */
  add(lba: u64, count: u32, offset: u64, tag: u32): bool {
    if (this.room === 0) {
      return false;
    }
    const added = this.addedAt(this.addedCount);
    added.lba = lba;
    added.offset = offset;
    added.count = count;
    added.tag = tag;
    this.addedCount++;
    return true;
  }

  /**
   * Starts what was added, and waits until at least `waitFor` reads have ended, or none is under way any more; with 0
   * it does not wait. Afterwards `endedCount`, `tag` and `status` describe the reads that have ended since the last time.
   *
   * @returns BlkStatus.ok; another BlkStatus: nothing was started (notAttached, busy); or a Refusal or MALFORMED_REPLY.
   *   In all cases but the first, nothing that was added stays added
   */
  exchange(waitFor: u32): i32 {
    const params = VirtioBlkExchangeParamsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
    const count = this.addedCount;
    params.waitFor = waitFor;
    params.initOrders(count);
    for (let index: u32 = 0; index < count; index++) {
      const added = this.addedAt(index);
      const order = params.orders(index);
      order.lba = added.lba;
      order.offset = added.offset;
      order.count = added.count;
      order.tag = added.tag;
    }
    this.addedCount = 0;
    this.ended = 0;
    const length = callService(this.service, VirtioBlkMethod.exchange, NO_SLOT, 0);
    if (length < 0) {
      return length;
    }
    const results = VirtioBlkExchangeResults.open(messagePage(), length);
    if (results === null) {
      return MALFORMED_REPLY;
    }
    if (results.status !== BlkStatus.ok) {
      return results.status;
    }
    this.started += count;
    return this.take(results);
  }

  /** How many reads the last `exchange` told the end of. */
  get endedCount(): u32 {
    return this.ended;
  }

  /** The tag of one of them, `index` below `endedCount`. */
  tag(index: u32): u32 {
    return this.endedAt(index).tag;
  }

  /** How it ended: BlkStatus.ok, or why what lies in the memory means nothing. */
  status(index: u32): BlkStatus {
    return <BlkStatus>this.endedAt(index).status;
  }

  private take(results: VirtioBlkExchangeResults): i32 {
    const count = results.endingsLength;
    // More ends than reads: the answer contradicts itself.
    if (count > this.started) {
      return MALFORMED_REPLY;
    }
    for (let index: u32 = 0; index < count; index++) {
      const ending = results.endings(index);
      const ended = this.endedAt(index);
      ended.tag = ending.tag;
      ended.status = ending.status;
    }
    this.started -= count;
    this.ended = count;
    return BlkStatus.ok;
  }

  private addedAt(index: u32): Added {
    return changetype<Added>(changetype<usize>(this) + offsetof<DiskQueue>() + index * offsetof<Added>());
  }

  private endedAt(index: u32): Ended {
    assert(index < DEPTH_MAX);
    return changetype<Ended>(changetype<usize>(this) + ENDED_OFFSET + index * offsetof<Ended>());
  }
}

const ENDED_OFFSET: u32 = offsetof<DiskQueue>() + DEPTH_MAX * offsetof<Added>();

/** Bytes that a `DiskQueue` takes, aligned to 8. */
export const DISK_QUEUE_BYTES: u32 = ENDED_OFFSET + DEPTH_MAX * offsetof<Ended>();

if (offsetof<DiskQueue>() % 8 !== 0 || offsetof<Added>() % 8 !== 0) {
  ERROR("what lies behind a DiskQueue is aligned to 8");
}
