/**
 * A split virtqueue that trusts nothing that the device writes (virtio 1.2, 2.7).
 *
 * The device can write the ring's memory, so the driver uses the ring only to *tell* the device what to do. A shadow in
 * memory that no device reaches records the chains in flight, and each answer is checked against it. The first answer
 * that does not match is a fault. The owner then resets the device, and the whole ring starts again.
 *
 *   ring memory, as a legacy device wants it (version 2 is told each part's address)
 *   0                    16 × size                              aligned to 4096
 *   ┌────────────────────┬──────────────────────────────┬ ─ ─ ─ ┬──────────────────────────────────────────┐
 *   │ descriptors        │ flags, idx, ring[size], event │       │ flags, idx, (id, length)[size], event    │
 *   └────────────────────┴──────────────────────────────┴ ─ ─ ─ ┴──────────────────────────────────────────┘
 *     we write             "available": we write                  "used": the device writes
 *
 * Reached from virtio-blk/request.ts (chains) and virtio-blk/disk.ts (answers).
 */
import { DeviceFault } from "./fault";
import { fence, volatileLoad16, volatileLoad32, volatileStore16 } from "./intrinsics";

/** The most descriptors a ring of ours has. With 4 KiB pages a 128 KiB read takes at most 35 of them. */
export const QUEUE_SIZE_MAX: u32 = 256;

/** Flags of a descriptor (2.7.5). */
const DESCRIPTOR_NEXT: u32 = 1;
const DESCRIPTOR_WRITE: u32 = 2;
const DESCRIPTOR_BYTES: u32 = 16;
const DESCRIPTOR_LENGTH: u32 = 8;
const DESCRIPTOR_FLAGS: u32 = 12;
const DESCRIPTOR_LINK: u32 = 14;

/** Fields of the available and the used ring (2.7.6, 2.7.8): both begin with `flags` and `idx`. */
const RING_INDEX: u32 = 2;
const RING_ENTRIES: u32 = 4;
const AVAILABLE_ENTRY_BYTES: u32 = 2;
const USED_ENTRY_BYTES: u32 = 8;
const USED_ENTRY_LENGTH: u32 = 4;
const USED_NO_NOTIFY: u32 = 1;
/** flags and idx before the entries, the event index after them. */
const RING_OVERHEAD_BYTES: u32 = 6;
const USED_ALIGN: u32 = 4096;

/** Free-running indices are 16 bits wide: they go from 65,535 to 0. */
const INDEX_MASK: u32 = 0xffff;
/** Ends the list of free descriptors. */
const NO_DESCRIPTOR: u32 = 0xffff;

const enum Use {
  Free = 0,
  Head = 1,
  Inner = 2,
}

/** What we know about one descriptor. Its copy in the ring may say something else by now. */
@unmanaged
@final
class Shadow {
  use: u32;
  /** The next one of the chain, or of the free list. */
  next: u32;
  /** Head: descriptors in the chain. */
  count: u32;
  /** Head: the most bytes that the device may say it wrote. */
  lengthMax: u32;
  /** Head: the owner's value, which comes back with the chain. */
  cookie: u32;
}

@unmanaged
@final
export class Queue {
  /** The ring's address for the device. */
  bus: u64;
  /** The ring's address for us. */
  ring: usize;
  size: u32;
  /** Legacy devices may count what they read as written too (2.7.8.3). */
  legacy: bool;

  private freeHead: u32;
  private freeTail: u32;
  private freeCount: u32;
  private inFlightCount: u32;
  /** Our available.idx, and the used.idx up to which we have taken answers. */
  private availableIndex: u32;
  private usedIndex: u32;

  private chainFirst: u32;
  private chainLast: u32;
  private chainCount: u32;
  private chainReadable: u32;
  private chainWritable: u32;
  private lastFlags: u32;

  /** What `takeUsed` found: the cookie of the chain, and how many bytes the device says it wrote. */
  takenCookie: u32;
  takenLength: u32;

  /** Descriptors that are free for new chains. */
  get descriptorsFree(): u32 {
    return this.freeCount;
  }

  /** Chains that the device has. */
  get chainsInFlight(): u32 {
    return this.inFlightCount;
  }

  /** Empties the ring and the shadow, for a device that was just reset. `ring` and `bus` are one piece of memory. */
  initialize(ring: usize, bus: u64, size: u32, legacy: bool): DeviceFault {
    if (size === 0 || size > QUEUE_SIZE_MAX || (size & (size - 1)) !== 0) {
      return DeviceFault.QueueMissing;
    }
    if (ring % USED_ALIGN !== 0 || bus % USED_ALIGN !== 0) {
      return DeviceFault.QueueMemory;
    }
    memory.fill(ring, 0, ringBytes(size));
    this.ring = ring;
    this.bus = bus;
    this.size = size;
    this.legacy = legacy;
    for (let id: u32 = 0; id < size; id++) {
      const shadow = this.shadow(id);
      shadow.use = Use.Free;
      shadow.next = id + 1 < size ? id + 1 : NO_DESCRIPTOR;
    }
    this.freeHead = 0;
    this.freeTail = size - 1;
    this.freeCount = size;
    this.inFlightCount = 0;
    this.availableIndex = 0;
    this.usedIndex = 0;
    this.chainCount = 0;
    return DeviceFault.None;
  }

  /** Begins a chain; the caller made sure that `descriptorsFree` covers all of it. */
  beginChain(): void {
    this.chainFirst = NO_DESCRIPTOR;
    this.chainLast = NO_DESCRIPTOR;
    this.chainCount = 0;
    this.chainReadable = 0;
    this.chainWritable = 0;
  }

  /** Adds one piece that the device reads. All of these come before the first that it writes (2.7.4.2). */
  addReadable(address: u64, byteCount: u32): void {
    assert(this.chainWritable === 0);
    this.chainReadable += byteCount;
    this.append(address, byteCount, 0);
  }

  /** Adds one piece that the device writes. */
  addWritable(address: u64, byteCount: u32): void {
    this.chainWritable += byteCount;
    this.append(address, byteCount, DESCRIPTOR_WRITE);
  }

  private append(address: u64, byteCount: u32, flags: u32): void {
    assert(this.freeCount !== 0);
    const id = this.freeHead;
    const shadow = this.shadow(id);
    this.freeHead = shadow.next;
    this.freeCount--;
    shadow.use = this.chainCount === 0 ? Use.Head : Use.Inner;
    shadow.next = NO_DESCRIPTOR;

    const at = this.ring + id * DESCRIPTOR_BYTES;
    store<u64>(at, address);
    store<u32>(at + DESCRIPTOR_LENGTH, byteCount);
    store<u16>(at + DESCRIPTOR_FLAGS, flags);
    store<u16>(at + DESCRIPTOR_LINK, 0);
    if (this.chainCount === 0) {
      this.chainFirst = id;
    } else {
      this.shadow(this.chainLast).next = id;
      // The link is written, never read back: flags of the last piece are either 0 or WRITE, so they are known here.
      const last = this.ring + this.chainLast * DESCRIPTOR_BYTES;
      store<u16>(last + DESCRIPTOR_FLAGS, this.lastFlags | DESCRIPTOR_NEXT);
      store<u16>(last + DESCRIPTOR_LINK, id);
    }
    this.chainLast = id;
    this.lastFlags = flags;
    this.chainCount++;
  }

  /** Gives the chain to the device (2.7.13). `cookie` comes back with it. The device learns of it by `notify`. */
  publish(cookie: u32): void {
    assert(this.chainCount !== 0);
    const head = this.shadow(this.chainFirst);
    head.count = this.chainCount;
    head.lengthMax = this.legacy ? this.chainReadable + this.chainWritable : this.chainWritable;
    head.cookie = cookie;
    this.inFlightCount++;

    const available = this.ring + availableOffset(this.size);
    const slot = this.availableIndex & (this.size - 1);
    store<u16>(available + RING_ENTRIES + slot * AVAILABLE_ENTRY_BYTES, this.chainFirst);
    this.availableIndex = (this.availableIndex + 1) & INDEX_MASK;
    fence(); // descriptors and entry are in memory before the index that makes them the device's (2.7.13.3)
    volatileStore16(available + RING_INDEX, this.availableIndex);
    this.chainCount = 0;
  }

  /** Whether the device wants a notification for new chains, or polls by itself (2.7.10). */
  wantsNotify(): bool {
    fence(); // our idx is seen before its flag is read, or both sides could miss each other and sleep
    const flags = volatileLoad16(this.ring + usedOffset(this.size));
    return (flags & USED_NO_NOTIFY) === 0;
  }

  /** Whether an answer, good or bad, lies in the ring. */
  hasUsed(): bool {
    return volatileLoad16(this.ring + usedOffset(this.size) + RING_INDEX) !== this.usedIndex;
  }

  /**
   * Takes the next answer into `takenCookie` and `takenLength`, and frees its descriptors; call it while `hasUsed`. On
   * a fault nothing was taken, and the device must be reset before the queue is used again.
   */
  takeUsed(): DeviceFault {
    const used = this.ring + usedOffset(this.size);
    const index = volatileLoad16(used + RING_INDEX);
    const pending = (index - this.usedIndex) & INDEX_MASK;
    if (pending === 0 || pending > this.inFlightCount) {
      return DeviceFault.UsedIndexJump;
    }
    fence(); // the entry is read after the index that announced it (2.7.14)

    const entry = used + RING_ENTRIES + (this.usedIndex & (this.size - 1)) * USED_ENTRY_BYTES;
    const id = volatileLoad32(entry);
    const length = volatileLoad32(entry + USED_ENTRY_LENGTH);
    if (id >= this.size) {
      return DeviceFault.UsedIdRange;
    }
    const head = this.shadow(id);
    if (head.use === Use.Free) {
      return DeviceFault.UsedIdFree;
    }
    if (head.use !== Use.Head) {
      return DeviceFault.UsedIdNotHead;
    }
    if (length > head.lengthMax) {
      return DeviceFault.UsedLength;
    }

    this.takenCookie = head.cookie;
    this.takenLength = length;
    this.usedIndex = (this.usedIndex + 1) & INDEX_MASK;
    this.inFlightCount--;
    this.release(id);
    return DeviceFault.None;
  }

  /**
   * Puts a chain's descriptors back, by the links of the shadow, at the *end* of the free list: an id stays unused as
   * long as possible, so that a device that gives it back twice is caught.
   */
  private release(head: u32): void {
    if (this.freeCount === 0) {
      this.freeHead = head;
    } else {
      this.shadow(this.freeTail).next = head;
    }
    const count = this.shadow(head).count;
    let last = head;
    this.shadow(head).use = Use.Free;
    for (let step: u32 = 1; step < count; step++) {
      last = this.shadow(last).next;
      this.shadow(last).use = Use.Free;
    }
    this.freeTail = last;
    this.freeCount += count;
  }

  private shadow(id: u32): Shadow {
    return changetype<Shadow>(changetype<usize>(this) + offsetof<Queue>() + id * offsetof<Shadow>());
  }
}

/** Bytes that a `Queue` with its shadow takes, in memory that no device can reach. */
export const QUEUE_STATE_BYTES: u32 = offsetof<Queue>() + QUEUE_SIZE_MAX * offsetof<Shadow>();

/** Where the available ring begins in a ring of `size`. */
export function availableOffset(size: u32): u32 {
  return size * DESCRIPTOR_BYTES;
}

/** Where the used ring begins. */
export function usedOffset(size: u32): u32 {
  const end = availableOffset(size) + RING_OVERHEAD_BYTES + size * AVAILABLE_ENTRY_BYTES;
  return (end + USED_ALIGN - 1) & ~(USED_ALIGN - 1);
}

/** Bytes of memory, aligned to 4096 and contiguous for the device, that a ring of `size` takes. */
export function ringBytes(size: u32): u32 {
  return usedOffset(size) + RING_OVERHEAD_BYTES + size * USED_ENTRY_BYTES;
}

/** The largest power of two that is at most `limit`: the size of a ring that both sides can have. 0 for 0. */
export function queueSizeWithin(limit: u32): u32 {
  if (limit === 0) {
    return 0;
  }
  const bounded: u32 = limit < QUEUE_SIZE_MAX ? limit : QUEUE_SIZE_MAX;
  return (<u32>1) << (31 - clz(bounded));
}
