/**
 * The rings of virtio devices: the one writer of descriptors. A driver offers pieces of what it has pinned, by their
 * numbers; each is checked against its pin, and becomes a descriptor. So a device with an honest ring of its own reaches
 * what is pinned for it, whatever its driver wants.
 *
 *     Offer ──▶ descriptors, available ring ──▶ the device ──▶ used ring ──┬─▶ the driver reads it, in a page of its own
 *                     ▲                                                    └─▶ `collect`, before the next Offer
 *                     └────────────── free again ◀──────────────────────────
 *
 * The device can write the ring, so nothing in it is believed: which descriptors make a chain stands in the *shadow*, in a
 * page behind the ring that no device is told of. An answer that cannot be true makes the queue broken, and it takes no more
 * chains until the device is reset.
 *
 * A descriptor is free again once the device has given it back *and* the driver has taken the answer (`taken`). A driver that
 * lies there harms its own reads. It is the end of the free list that it comes to: an id rests as long as possible, so that a
 * device that gives one back twice is caught.
 *
 * Reached from syscall/offer.ts; goes on in arch/riscv/ring.ts. How a queue begins and ends is in dma/setup.ts.
 */
import { Refusal } from "abi/refusal";
import {
  DEVICE_PINS_MAX,
  OFFER_TELLS,
  PIECE_MORE,
  PIECE_UNKNOWN,
  PIECE_WRITES,
  PIECES_MAX,
  pieceBytes,
  pieceOffset,
  piecePin,
  QUEUE,
  QUEUE_SIZE_MAX,
  RING_INDEX_MASK,
} from "abi/virtio";
import { outOfLine } from "../arch/riscv/intrinsics";
import * as ring from "../arch/riscv/ring";
import { VIRTIO_SLOTS_MAX } from "../boot/devices";
import { FRAME_BYTES } from "../mm/frames";
import { Vmo } from "../mm/vmo";
import { Pin, Pool } from "./pins";

/** Descriptors, but for those of the last chain, that are freed in one go, with interrupts off. */
const COLLECT_MAX: u32 = 64;
/** Ends the list of free descriptors, and each chain. */
const NO_DESCRIPTOR: u32 = 0xffff;

const enum Use {
  Free = 0,
  /** The first of a chain that the device has. */
  Head = 1,
  /** Any other of such a chain, or of the one that is being offered. */
  Inner = 2,
}

/** What the kernel knows about one descriptor. */
@unmanaged
@final
class Shadow {
  /** The next one of the chain, or of the free list. */
  next: u16;
  pin: u8;
  use: u8;
}

@unmanaged
@final
export class Queue {
  /** The ring's memory, with the shadow behind it; null: there is no queue. */
  vmo: Vmo | null;
  /** Where its parts are. */
  descriptors: u32;
  availableRing: u32;
  usedRing: u32;
  private shadows: u32;
  /** The device's pool. */
  pool: Pool;
  /** The kernel's address of the device's registers. */
  registers: u32;
  size: u32;
  /** The memory of one that has ended: to be let go of. */
  ended: Vmo | null;
  /** 0 was written to the device's Status, and was not read there yet: it may still use memory. */
  isResetting: bool;
  isBroken: bool;
  /** Whether the chain that is being offered has a piece that the device writes. */
  hasWritten: bool;
  /** Chains that the device was given, and those that were freed, counted in 16 bits. */
  available: u32;
  used: u32;
  /** Chains that are not freed. */
  inFlight: u32;
  freeFirst: u32;
  freeLast: u32;
  freeCount: u32;
  /** The chain that is being offered: its first and last descriptor, and the last one's flags. */
  first: u32;
  last: u32;
  lastFlags: u32;

  shadow(id: u32): Shadow {
    return changetype<Shadow>(this.shadows + id * <u32>offsetof<Shadow>());
  }

  /** Empties the ring and the shadow, in zeroed memory. */
  begin(vmo: Vmo, size: u32, registers: usize, pool: Pool): void {
    this.vmo = vmo;
    this.pool = pool;
    this.descriptors = vmo.base;
    this.availableRing = vmo.base + ring.availableOffset(size);
    this.usedRing = vmo.base + ring.usedOffset(size);
    this.shadows = vmo.base + ring.ringBytes(size);
    this.registers = <u32>registers;
    this.size = size;
    this.isBroken = false;
    this.available = 0;
    this.used = 0;
    this.inFlight = 0;
    this.freeFirst = 0;
    this.freeLast = size - 1;
    this.freeCount = size;
    this.first = NO_DESCRIPTOR;
    for (let id: u32 = 0; id < size; id++) {
      this.shadow(id).next = <u16>(id + 1);
    }
  }
}

const table: usize = memory.data(VIRTIO_SLOTS_MAX * <u32>offsetof<Queue>(), 8);

/** The queue of a device. The lock of pins.ts is held for as long as it is used. */
export function queueOf(device: u32): Queue {
  return changetype<Queue>(table + device * offsetof<Queue>());
}

/**
 * Gives the device the PIECES_MAX pieces at `pieces`, up to the first that is 0, as a chain or as the next part of one. Gives
 * the number of the chain's head, or a Refusal; then nothing is left of the chain.
 *
 * @param order how many answers the driver has taken from the used ring, in 16 bits, and OFFER_TELLS
 */
export function offer(device: u32, order: u32, pieces: usize): i32 {
  const queue = queueOf(device);
  if (queue.vmo === null || !collect(queue, order)) {
    return Refusal.BadState;
  }
  let head: i32 = 0;
  if (load<u64>(pieces) !== 0) {
    head = addChain(queue, pieces);
  }
  if ((order & OFFER_TELLS) !== 0 && head >= 0) {
    ring.notify(queue.usedRing, queue.registers, QUEUE);
  }
  return head;
}

function addChain(queue: Queue, pieces: usize): i32 {
  let piece: u64 = 0;
  for (let index: u32 = 0; index < PIECES_MAX; index++) {
    const next = load<u64>(pieces + (index << 3));
    if (next === 0) {
      break;
    }
    piece = next;
    const refusal = addPiece(queue, piece);
    if (refusal !== Refusal.None) {
      return dropChain(queue, refusal);
    }
  }
  const head = queue.first;
  if ((piece & PIECE_MORE) === 0) {
    queue.shadow(head).use = <u8>Use.Head;
    queue.first = NO_DESCRIPTOR;
    queue.inFlight++;
    ring.publishChain(queue.availableRing, queue.size, queue.available, head);
    queue.available = (queue.available + 1) & RING_INDEX_MASK;
  }
  return <i32>head;
}

/** Makes a descriptor of a piece, if it lies in its pin. */
function addPiece(queue: Queue, piece: u64): Refusal {
  const number = piecePin(piece);
  if (number >= DEVICE_PINS_MAX || (piece & PIECE_UNKNOWN) !== 0) {
    return Refusal.BadArgument;
  }
  const pin = queue.pool.at(number);
  const offset = pieceOffset(piece);
  const bytes = pieceBytes(piece);
  if (pin.vmo === null || bytes === 0 || offset > pin.bytes || bytes > pin.bytes - offset) {
    return Refusal.BadArgument;
  }
  const isFirst = queue.first === NO_DESCRIPTOR;
  const writes = (piece & PIECE_WRITES) !== 0;
  if (!writes && !isFirst && queue.hasWritten) {
    return Refusal.BadArgument;
  }
  if (queue.freeCount === 0) {
    return Refusal.TableFull;
  }
  const id = queue.freeFirst;
  const shadow = queue.shadow(id);
  queue.freeFirst = shadow.next;
  queue.freeCount--;
  shadow.next = <u16>NO_DESCRIPTOR;
  shadow.use = <u8>Use.Inner;
  shadow.pin = <u8>number;
  pin.inFlight++;
  const flags = writes ? ring.DESCRIPTOR_WRITE : 0;
  ring.writeDescriptor(queue.descriptors, id, pin.base + offset, bytes, flags);
  if (isFirst) {
    queue.first = id;
  } else {
    queue.shadow(queue.last).next = <u16>id;
    // The link is written and never read back, so the flags of the last one are kept here.
    ring.linkDescriptor(queue.descriptors, queue.last, queue.lastFlags, id);
  }
  queue.hasWritten = writes;
  queue.last = id;
  queue.lastFlags = flags;
  return Refusal.None;
}

/** What was offered of the chain so far is refused. */
function dropChain(queue: Queue, refusal: Refusal): Refusal {
  outOfLine();
  if (queue.first !== NO_DESCRIPTOR) {
    freeChain(queue, queue.first);
    queue.first = NO_DESCRIPTOR;
  }
  return refusal;
}

/**
 * Frees the chains that the device has given back, of those that the driver has taken. False for a queue that is broken:
 * what the device wrote cannot be true.
 */
function collect(queue: Queue, taken: u32): bool {
  if (queue.isBroken) {
    return false;
  }
  const pending = (ring.usedIndex(queue.usedRing) - queue.used) & RING_INDEX_MASK;
  if (pending > queue.inFlight) {
    queue.isBroken = true;
    return false;
  }
  const count = min(pending, (taken - queue.used) & RING_INDEX_MASK);
  const enough = queue.freeCount + COLLECT_MAX;
  ring.beforeUsed();
  for (let n: u32 = 0; n < count && queue.freeCount < enough; n++) {
    const id = ring.usedHead(queue.usedRing, queue.size, queue.used);
    if (id >= queue.size || queue.shadow(id).use !== <u8>Use.Head) {
      queue.isBroken = true;
      return false;
    }
    freeChain(queue, id);
    queue.used = (queue.used + 1) & RING_INDEX_MASK;
    queue.inFlight--;
  }
  return true;
}

/** Puts the descriptors of a chain at the end of the free list. */
function freeChain(queue: Queue, head: u32): void {
  if (queue.freeCount === 0) {
    queue.freeFirst = head;
  } else {
    queue.shadow(queue.freeLast).next = <u16>head;
  }
  let id = head;
  while (id !== NO_DESCRIPTOR) {
    const shadow = queue.shadow(id);
    shadow.use = <u8>Use.Free;
    queue.pool.at(shadow.pin).inFlight--;
    queue.freeLast = id;
    queue.freeCount++;
    id = shadow.next;
  }
}

/**
 * Whether no descriptor that the device has names the pin. Chains that it has given back and the driver has taken are freed
 * first.
 */
export function isIdle(device: u32, pin: Pin, taken: u32): bool {
  const queue = queueOf(device);
  if (pin.inFlight !== 0 && queue.vmo !== null) {
    collect(queue, taken);
  }
  return pin.inFlight === 0;
}

if (QUEUE_SIZE_MAX * <u32>offsetof<Shadow>() > FRAME_BYTES) {
  ERROR("the shadow takes one page");
}
