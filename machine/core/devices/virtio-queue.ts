/**
 * The device's side of a split virtqueue (virtio 1.2, 2.7): takes chains that the driver made available, walks them, and
 * puts them back as used.
 *
 * A value in the driver's memory is read only once before the device acts on it. If a ring makes no sense, the device does
 * what the specification allows (2.1.2): the queue counts as broken until a reset.
 */
import { physicalLoad, physicalStore } from "../memory/dma";
import { isRam } from "../memory/ram";

/** The most descriptors of a queue, the same as QEMU's. */
export const QUEUE_SIZE_MAX: u32 = 1024;

/** Flags of a descriptor (2.7.5). */
const NEXT: u32 = 1;
const WRITE: u32 = 2;
const INDIRECT: u32 = 4;
const DESCRIPTOR_BYTES: u64 = 16;

const AVAILABLE_NO_INTERRUPT: u32 = 1;
const RING_ENTRIES: u64 = 4;

/** What `takeChain` returns if there is no chain, or the ring is broken. */
export const NO_CHAIN: u32 = 0xffff_ffff;

/** The one queue of the device. Addresses are physical; `ready` says that the driver has set them up. */
@unmanaged
@final
export class Queue {
  descriptors: u64;
  available: u64;
  used: u64;
  size: u32;
  ready: u32;
  /** Chains taken and put back so far, in 16 bits that wrap around. */
  taken: u32;
  putBack: u32;
  /** The ring made no sense. */
  broken: u32;
  /** Accepted features: VIRTIO_F_EVENT_IDX, VIRTIO_F_INDIRECT_DESC. */
  eventIndex: u32;
  indirect: u32;
  /** Pieces of the chain that was walked last. */
  pieceCount: u32;
}

/** The queue of the block device. */
export const queue = changetype<Queue>(memory.data(56, 8));

/** A piece of a chain: memory that the device reads or, if `writable`, writes. */
@unmanaged
@final
export class Piece {
  address: u64;
  byteCount: u32;
  writable: u32;
}

const pieces: usize = memory.data(16384, 8);

if (QUEUE_SIZE_MAX * offsetof<Piece>() !== 16384 || offsetof<Queue>() > 56) {
  ERROR("a table has the wrong size");
}

/** Removes the queue, as after power-on. */
export function queueReset(): void {
  memory.fill(changetype<usize>(queue), 0, offsetof<Queue>());
}

/** Piece `index` of the chain that `walkChain` walked last. */
export function pieceAt(index: u32): Piece {
  return changetype<Piece>(pieces + index * offsetof<Piece>());
}

/** The head of the next available chain, or NO_CHAIN. */
export function takeChain(): u32 {
  if (queue.ready === 0 || queue.broken !== 0) {
    return NO_CHAIN;
  }
  if (!isRam(queue.available, ringBytes(2)) || !isRam(queue.used, ringBytes(8))) {
    return breakQueue();
  }
  const index = <u32>physicalLoad(queue.available + 2, 2);
  const waiting = (index - queue.taken) & 0xffff;
  if (waiting === 0) {
    // With event indices, the device asks the driver to notify it of the next chain (2.7.10).
    if (queue.eventIndex !== 0) {
      physicalStore(queue.used + ringBytes(8) - 2, 2, queue.taken & 0xffff);
    }
    return NO_CHAIN;
  }
  if (waiting > queue.size) {
    return breakQueue();
  }
  const slot = queue.taken % queue.size;
  const head = <u32>physicalLoad(queue.available + RING_ENTRIES + <u64>(slot << 1), 2);
  if (head >= queue.size) {
    return breakQueue();
  }
  queue.taken = (queue.taken + 1) & 0xffff;
  return head;
}

/** Bytes of a ring with entries of `entryBytes`, with its flags, index and event index. */
function ringBytes(entryBytes: u32): u64 {
  return <u64>(queue.size * entryBytes + 6);
}

function breakQueue(): u32 {
  queue.broken = 1;
  return NO_CHAIN;
}

/** Reads the chain that begins at `head` into pieces. False if it makes no sense; then the queue is broken. */
export function walkChain(head: u32): bool {
  queue.pieceCount = 0;
  let table = queue.descriptors;
  let tableSize = queue.size;
  let at = head;
  let nested = false;
  // A chain is never longer than its table, so a chain that loops ends here.
  let left = tableSize;
  while (left !== 0) {
    left--;
    const from = table + <u64>at * DESCRIPTOR_BYTES;
    if (at >= tableSize || !isRam(from, DESCRIPTOR_BYTES)) {
      break;
    }
    const address = physicalLoad(from, 8);
    const byteCount = <u32>physicalLoad(from + 8, 4);
    const flags = <u32>physicalLoad(from + 12, 2);
    if ((flags & INDIRECT) !== 0) {
      if (nested || queue.indirect === 0 || (flags & NEXT) !== 0) {
        break;
      }
      if (byteCount === 0 || byteCount % 16 !== 0 || byteCount / 16 > QUEUE_SIZE_MAX) {
        break;
      }
      nested = true;
      table = address;
      tableSize = byteCount / 16;
      at = 0;
      left = tableSize;
      continue;
    }
    const piece = pieceAt(queue.pieceCount);
    piece.address = address;
    piece.byteCount = byteCount;
    piece.writable = flags & WRITE;
    queue.pieceCount++;
    if ((flags & NEXT) === 0) {
      return piecesInOrder();
    }
    at = <u32>physicalLoad(from + 14, 2);
  }
  breakQueue();
  return false;
}

/** Whether no piece that the device reads comes after one that it writes (2.7.4.2). */
function piecesInOrder(): bool {
  let writing = false;
  for (let index: u32 = 0; index < queue.pieceCount; index++) {
    const writable = pieceAt(index).writable !== 0;
    if (writing && !writable) {
      breakQueue();
      return false;
    }
    writing = writable;
  }
  return true;
}

/** Writes the used entry of a chain (2.7.8) and publishes it. `length` is how many bytes the device claims to have written. */
export function putUsed(head: u32, length: u32): void {
  const entry = queue.used + RING_ENTRIES + <u64>((queue.putBack % queue.size) << 3);
  physicalStore(entry, 4, head);
  physicalStore(entry + 4, 4, length);
  publish(queue.putBack + 1);
}

/** Sets the used index. */
export function publish(index: u32): void {
  queue.putBack = index & 0xffff;
  physicalStore(queue.used + 2, 2, queue.putBack);
}

/** Whether the driver wants an interrupt for the used entries from `before` on (2.7.7, 2.7.9.2). */
export function wantsInterrupt(before: u32): bool {
  if (queue.eventIndex !== 0) {
    const event = <u32>physicalLoad(queue.available + ringBytes(2) - 2, 2);
    return ((queue.putBack - event - 1) & 0xffff) < ((queue.putBack - before) & 0xffff);
  }
  return (<u32>physicalLoad(queue.available, 2) & AVAILABLE_NO_INTERRUPT) === 0;
}
