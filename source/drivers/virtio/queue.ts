/**
 * A virtqueue that trusts nothing that the device writes (virtio 1.2, 2.7). Chains are offered to the kernel, which writes
 * them into the ring (writer.ts); the answers are read here, in the used ring, which is mapped to read.
 *
 * A shadow in memory that no device reaches records the chains in flight, and each answer is checked against it. The first
 * answer that does not match is a fault. The owner then resets the device, and gets a new ring.
 *
 *   used ring    0       2     4
 *                │ flags │ idx │ (id, length)[size] │ event
 *
 * Reached from virtio-blk/request.ts (chains) and virtio-blk/disk.ts (answers).
 */
import { Refusal } from "abi/refusal";
import {
  OFFER_TELLS,
  PIECE_MORE,
  PIECE_WRITES,
  PIECES_MAX,
  pieceOf,
  QUEUE_SIZE_MAX,
  RING_ENTRIES,
  RING_INDEX,
  RING_INDEX_MASK,
  USED_ENTRY_BYTES,
} from "abi/virtio";
import { DeviceFault } from "./fault";
import { fence, volatileLoad16, volatileLoad32 } from "./intrinsics";
import { offer, tell } from "./writer";

/** Where an entry of the used ring has its length (2.7.8). */
const USED_ENTRY_LENGTH: u32 = 4;

/** What we know about one chain, by the number of its head. */
@unmanaged
@final
class Shadow {
  /** The device has it. */
  isInFlight: bool;
  /** The most bytes that the device may say it wrote. */
  lengthMax: u32;
  /** The owner's value, which comes back with the chain. */
  cookie: u32;
}

@unmanaged
@final
export class Queue {
  // The pieces of the chain that wait to be offered.
  private piece0: u64;
  private piece1: u64;
  private piece2: u64;
  private piece3: u64;
  private piece4: u64;
  /** Where the used ring is mapped. */
  private used: usize;
  /** The slot of the device's capability. */
  private device: u32;
  size: u32;
  /** Legacy devices may count what they read as written too (2.7.8.3). */
  legacy: bool;

  private inFlightCount: u32;
  /** The used.idx up to which we have taken answers. */
  private usedIndex: u32;

  private pieceCount: u32;
  /** Why a part of the chain was refused. */
  private refusal: i32;
  private chainReadable: u32;
  private chainWritable: u32;

  /** What `takeUsed` found: the cookie of the chain, and how many bytes the device says it wrote. */
  takenCookie: u32;
  takenLength: u32;

  /** How many answers were taken, in 16 bits: what the kernel wants to know of each driver (Syscall.Offer, Unpin). */
  get takenCount(): u32 {
    return this.usedIndex;
  }

  /** Empties the shadow, for a ring that the kernel has just made. `size` is at most QUEUE_SIZE_MAX. */
  begin(device: u32, used: usize, size: u32, legacy: bool): void {
    this.device = device;
    this.used = used;
    this.size = size;
    this.legacy = legacy;
    for (let id: u32 = 0; id < size; id++) {
      this.shadow(id).isInFlight = false;
    }
    this.inFlightCount = 0;
    this.usedIndex = 0;
  }

  beginChain(): void {
    this.pieceCount = 0;
    this.refusal = Refusal.None;
    this.chainReadable = 0;
    this.chainWritable = 0;
  }

  /** Adds one piece that the device reads. All of these come before the first that it writes (2.7.4.2). */
  addReadable(pin: u32, offset: u32, byteCount: u32): void {
    assert(this.chainWritable === 0);
    this.chainReadable += byteCount;
    this.append(pieceOf(pin, offset, byteCount, 0));
  }

  /** Adds one piece that the device writes. */
  addWritable(pin: u32, offset: u32, byteCount: u32): void {
    this.chainWritable += byteCount;
    this.append(pieceOf(pin, offset, byteCount, PIECE_WRITES));
  }

  private append(piece: u64): void {
    if (this.pieceCount === PIECES_MAX) {
      this.piece4 |= PIECE_MORE;
      this.send(0);
    }
    store<u64>(this.pieceAt(this.pieceCount), piece);
    this.pieceCount++;
  }

  /** Offers the pieces that wait, and gives the head, or a Refusal. What follows a refused part is not offered. */
  private send(flags: u32): i32 {
    if (this.refusal !== Refusal.None) {
      return this.refusal;
    }
    for (let index = this.pieceCount; index < PIECES_MAX; index++) {
      store<u64>(this.pieceAt(index), 0);
    }
    this.pieceCount = 0;
    const head = offer(this.device, this.usedIndex | flags, this.pieceAt(0));
    if (head < 0) {
      this.refusal = head;
    }
    return head;
  }

  private pieceAt(index: u32): usize {
    return changetype<usize>(this) + (index << 3);
  }

  /**
   * Gives the chain to the device (2.7.13), which learns of it now or by `tell`. `cookie` comes back with it. On anything but
   * None it has nothing of it: TableFull if the ring has no descriptors left, BadArgument if a piece is not in its pin,
   * BadState if the device has to be reset first.
   */
  publish(cookie: u32, isTold: bool): i32 {
    const head = this.send(isTold ? OFFER_TELLS : 0);
    if (head < 0) {
      return head;
    }
    // The kernel and we have read different answers in one place: the device has changed it.
    if (<u32>head >= this.size || this.shadow(head).isInFlight) {
      return Refusal.BadState;
    }
    const shadow = this.shadow(head);
    shadow.isInFlight = true;
    shadow.lengthMax = this.legacy ? this.chainReadable + this.chainWritable : this.chainWritable;
    shadow.cookie = cookie;
    this.inFlightCount++;
    return Refusal.None;
  }

  /** Tells the device of the chains that it was not told of, unless it polls by itself (2.7.10). */
  tell(): void {
    tell(this.device, this.usedIndex);
  }

  /** Whether an answer, good or bad, lies in the ring. */
  hasUsed(): bool {
    return volatileLoad16(this.used + RING_INDEX) !== this.usedIndex;
  }

  /**
   * Takes the next answer into `takenCookie` and `takenLength`; call it while `hasUsed`. On a fault nothing was taken, and the
   * device must be reset before the queue is used again.
   */
  takeUsed(): DeviceFault {
    const index = volatileLoad16(this.used + RING_INDEX);
    const pending = (index - this.usedIndex) & RING_INDEX_MASK;
    if (pending === 0 || pending > this.inFlightCount) {
      return DeviceFault.UsedIndexJump;
    }
    fence(); // the entry is read after the index that announced it (2.7.14)

    const entry = this.used + RING_ENTRIES + (this.usedIndex & (this.size - 1)) * USED_ENTRY_BYTES;
    const id = volatileLoad32(entry);
    const length = volatileLoad32(entry + USED_ENTRY_LENGTH);
    if (id >= this.size) {
      return DeviceFault.UsedIdRange;
    }
    const shadow = this.shadow(id);
    if (!shadow.isInFlight) {
      return DeviceFault.UsedIdFree;
    }
    if (length > shadow.lengthMax) {
      return DeviceFault.UsedLength;
    }

    this.takenCookie = shadow.cookie;
    this.takenLength = length;
    this.usedIndex = (this.usedIndex + 1) & RING_INDEX_MASK;
    this.inFlightCount--;
    shadow.isInFlight = false;
    return DeviceFault.None;
  }

  private shadow(id: u32): Shadow {
    return changetype<Shadow>(changetype<usize>(this) + offsetof<Queue>() + id * offsetof<Shadow>());
  }
}

/** Bytes that a `Queue` with its shadow takes, in memory that no device can reach. */
export const QUEUE_STATE_BYTES: u32 = offsetof<Queue>() + QUEUE_SIZE_MAX * offsetof<Shadow>();

/** The largest power of two that is at most `limit`: the size of a ring that both sides can have. 0 for 0. */
export function queueSizeWithin(limit: u32): u32 {
  if (limit === 0) {
    return 0;
  }
  const bounded: u32 = limit < QUEUE_SIZE_MAX ? limit : QUEUE_SIZE_MAX;
  return (<u32>1) << (31 - clz(bounded));
}
