/**
 * The ring of a virtio device, as the kernel writes it (virtio 1.2, 2.7). What goes in is decided in dma/.
 * Reached from dma/queue.ts; goes on in the device.
 *
 *   ring memory, as a legacy device wants it (version 2 is told each part's address)
 *   0                    16 × size                              aligned to 4096
 *   ┌────────────────────┬──────────────────────────────┬ ─ ─ ─ ┬──────────────────────────────────────────┐
 *   │ descriptors        │ flags, idx, ring[size], event │       │ flags, idx, (id, length)[size], event    │
 *   └────────────────────┴──────────────────────────────┴ ─ ─ ─ ┴──────────────────────────────────────────┘
 *     the kernel writes    "available": the kernel writes         "used": the device writes
 */
import { RING_ENTRIES, RING_INDEX, USED_ENTRY_BYTES, VirtioRegister } from "abi/virtio";
import {
  fence,
  fenceIo,
  volatileLoad16,
  volatileLoad32,
  volatileStore16,
  volatileStore32,
} from "./intrinsics";

/** Flags of a descriptor (2.7.5). */
export const DESCRIPTOR_NEXT: u32 = 1;
export const DESCRIPTOR_WRITE: u32 = 2;
const DESCRIPTOR_BYTES: u32 = 16;
const DESCRIPTOR_LENGTH: u32 = 8;
const DESCRIPTOR_FLAGS: u32 = 12;
/** The link lies behind the flags, in the same word. */
const LINK_SHIFT: u32 = 16;

const AVAILABLE_ENTRY_BYTES: u32 = 2;
const USED_NO_NOTIFY: u32 = 1;
/** flags and idx before the entries, the event index after them. */
const RING_OVERHEAD_BYTES: u32 = 6;
const PAGE_BYTES: u32 = 4096;

/** Where the available ring begins in a ring of `size`. */
export function availableOffset(size: u32): u32 {
  return size * DESCRIPTOR_BYTES;
}

/** Where the used ring begins. It takes one page. */
export function usedOffset(size: u32): u32 {
  const end = availableOffset(size) + RING_OVERHEAD_BYTES + size * AVAILABLE_ENTRY_BYTES;
  return (end + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
}

/** Bytes of memory that the device uses for a ring of `size`, in whole pages. */
export function ringBytes(size: u32): u32 {
  return usedOffset(size) + PAGE_BYTES;
}

/** Writes descriptor `id` of those at `descriptors`, the last one of its chain until it is linked. */
export function writeDescriptor(descriptors: u32, id: u32, address: u32, bytes: u32, flags: u32): void {
  const at = descriptors + id * DESCRIPTOR_BYTES;
  store<u64>(at, <u64>address);
  store<u32>(at + DESCRIPTOR_LENGTH, bytes);
  store<u32>(at + DESCRIPTOR_FLAGS, flags);
}

/** Links descriptor `id`, with these flags, to the next one of its chain. */
export function linkDescriptor(descriptors: u32, id: u32, flags: u32, next: u32): void {
  const at = descriptors + id * DESCRIPTOR_BYTES + DESCRIPTOR_FLAGS;
  store<u32>(at, flags | DESCRIPTOR_NEXT | (next << LINK_SHIFT));
}

/** Makes the chain that begins at `head` the device's: the `index`-th of all, counted in 16 bits (2.7.13). */
export function publishChain(available: u32, size: u32, index: u32, head: u32): void {
  store<u16>(available + RING_ENTRIES + (index & (size - 1)) * AVAILABLE_ENTRY_BYTES, head);
  fence(); // descriptors and entry are in memory before the index that makes them the device's (2.7.13.3)
  volatileStore16(available + RING_INDEX, index + 1);
}

/** Tells the device that queue `queue` has new chains, unless it says that it looks for itself (2.7.10). */
export function notify(used: u32, registers: usize, queue: u32): void {
  fence(); // the ring's idx is seen before its flag is read, or both sides could miss each other and sleep
  if ((volatileLoad16(used) & USED_NO_NOTIFY) === 0) {
    fenceIo();
    volatileStore32(registers + VirtioRegister.QueueNotify, queue);
  }
}

/** Takes these bits of InterruptStatus back, before the interrupt is completed at the PLIC, which is another device. */
export function acknowledge(registers: usize, bits: u32): void {
  volatileStore32(registers + VirtioRegister.InterruptAck, bits);
  fenceIo();
}

/** How many chains the device says that it has given back, in 16 bits. */
export function usedIndex(used: u32): u32 {
  return volatileLoad16(used + RING_INDEX);
}

/** An answer is read after the index that announced it (2.7.14). */
export function beforeUsed(): void {
  fence();
}

/** The head that the device gave back as the `index`-th. Any number may stand there. */
export function usedHead(used: u32, size: u32, index: u32): u32 {
  return volatileLoad32(used + RING_ENTRIES + (index & (size - 1)) * USED_ENTRY_BYTES);
}
