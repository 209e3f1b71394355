// The guest code of the target `virtio`: the driver of a block device, and what the kernel writes for it, in one module. What
// lies between them in the system are a task's capabilities and its page tables, which a device has no part in.

import { DEVICE_PINS_MAX } from "../../../../build/gen/host/source/abi/virtio.ts";

/** Where the driver sees the registers, and the used ring: beyond all memory of the module. */
export const REGISTERS = 0x7000_0000;
export const USED_PAGE = 0x6000_0000;
/** Where the registers are for the kernel, below its window for devices. */
export const PHYSICAL_REGISTERS = 0x1000_1000;

/** Sectors that one read of this target takes at most, and reads that have memory at the same time. */
export const READ_SECTORS_MAX = 8;
export const BUFFERS = 12;
export const BUFFER_BYTES = READ_SECTORS_MAX * 512;

/** What `accounts` may find. The numbers are those of its answers, from 1 on. */
export const accountFaults: readonly string[] = [
  "the kernel has more or fewer free descriptors than it counts",
  "a pin counts other descriptors than those that name it",
  "the list of free descriptors has one that is in use",
  "the list of free descriptors does not end where the kernel thinks",
  "the kernel counts more or fewer chains than there are",
  "a pin is in use although there is no queue",
];

/** Rings in turn, so that the one before stays as the device left it. */
const RINGS = 3;

export const virtioText = `
import { Refusal } from "abi/refusal";
import { PIECES_MAX, QUEUE_SIZE_MAX, VirtioRegister } from "abi/virtio";
import { Completion, Disk, DISK_STATE_BYTES } from "storage/virtio-blk/disk";
import { DiskMemory, REQUEST_MEMORY_BYTES } from "storage/virtio-blk/request";
import { acknowledge as acknowledgeAt, usedOffset } from "kernel/neuron/src/arch/riscv/ring";
import { acceptFeatures, writeRegister } from "kernel/neuron/src/arch/riscv/virtio";
import { virtioNode, virtioRegisters } from "kernel/neuron/src/boot/devices";
import { pinAt } from "kernel/neuron/src/dma/pins";
import { isIdle, offer as offerChain, queueOf } from "kernel/neuron/src/dma/queue";
import { isQueueSize, isReset, queueBytes, startQueue, takeEnded, writeStatus } from "kernel/neuron/src/dma/setup";
import { Vmo } from "kernel/neuron/src/mm/vmo";

const DEVICE: u32 = 0;
const PAGE: u32 = 4096;
const RING_BYTES: u32 = 5 * PAGE;
const disk = changetype<Disk>(memory.data(${16 * 1024}, 8));
const completion = changetype<Completion>(memory.data(<u32>offsetof<Completion>(), 8));
const parts = changetype<DiskMemory>(memory.data(<u32>offsetof<DiskMemory>(), 8));
const headers: usize = memory.data(REQUEST_MEMORY_BYTES, 16);
const buffers: usize = memory.data(${BUFFERS * BUFFER_BYTES}, 16);
const rings: usize = memory.data(${RINGS + 1} * RING_BYTES, 16);
const vmos: usize = memory.data(${RINGS + 2} * <u32>offsetof<Vmo>(), 8);
const words: usize = memory.data(PIECES_MAX * 8, 8);
const used: usize = memory.data(${DEVICE_PINS_MAX} * 4, 8);
let nextRing: u32 = 0;
let usedAt: u32 = 0;

export function headersAt(): usize { return headers; }
export function headerBytes(): u32 { return REQUEST_MEMORY_BYTES; }
export function buffersAt(): usize { return buffers; }
export function wordsAt(): usize { return words; }
/** Where the kernel has the used ring of the last queue. */
export function usedRingAt(): u32 { return usedAt; }
export function usedBytes(): u32 { return 6 + 8 * queueOf(DEVICE).size; }
export function registersAt(): usize { return virtioRegisters(DEVICE); }

function vmoOf(number: u32, base: usize, bytes: u32): Vmo {
  const vmo = changetype<Vmo>(vmos + number * <u32>offsetof<Vmo>());
  vmo.base = <u32>base;
  vmo.pages = (bytes + PAGE - 1) / PAGE;
  return vmo;
}

function pinAs(number: u32, base: usize, bytes: u32): void {
  const pin = pinAt(DEVICE, number);
  pin.vmo = vmoOf(${RINGS} + number, base, bytes);
  pin.base = <u32>base;
  pin.bytes = bytes;
  pin.inFlight = 0;
}

/** The kernel and the driver begin. What the driver has for itself is pin 0, the memory of its clients pin 1. */
export function begin(): void {
  assert(DISK_STATE_BYTES <= ${16 * 1024} && queueBytes(QUEUE_SIZE_MAX) <= RING_BYTES);
  virtioNode(DEVICE).base = ${PHYSICAL_REGISTERS};
  pinAs(0, headers, REQUEST_MEMORY_BYTES);
  pinAs(1, buffers, ${BUFFERS * BUFFER_BYTES});
  parts.used = ${USED_PAGE};
  parts.request = headers;
  parts.requestPin = 0;
  parts.requestOffset = 0;
}

// The kernel, as the driver calls it.

export function kernelWrites(register: u32, value: u64): i32 {
  if (register === VirtioRegister.Status) {
    writeStatus(DEVICE, <u32>value);
    takeEnded(DEVICE);
  } else if (register === VirtioRegister.DriverFeatures) {
    acceptFeatures(virtioRegisters(DEVICE), value);
  } else {
    writeRegister(virtioRegisters(DEVICE), register, <u32>value);
  }
  return Refusal.None;
}
export function kernelSetsUp(size: u32): i32 {
  if (!isQueueSize(size)) return Refusal.BadArgument;
  const base = ((rings + PAGE - 1) & ~(PAGE - 1)) + nextRing * RING_BYTES;
  memory.fill(base, 0, RING_BYTES);
  const refusal = startQueue(DEVICE, vmoOf(nextRing, base, RING_BYTES), size);
  takeEnded(DEVICE);
  if (refusal === Refusal.None) {
    usedAt = <u32>base + usedOffset(size);
    nextRing = (nextRing + 1) % ${RINGS};
  }
  return refusal;
}
export function kernelOffers(order: u32): i32 { return offerChain(DEVICE, order, words); }
export function kernelAcknowledges(bits: u32): void { acknowledgeAt(virtioRegisters(DEVICE), bits); }
/** Whether the kernel would let go of a pin now. */
export function mayUnpin(number: u32): bool { return isIdle(DEVICE, pinAt(DEVICE, number), disk.takenCount); }
export function mayUnpinAll(): bool {
  const may = isReset(DEVICE);
  takeEnded(DEVICE);
  return may;
}

/** What is wrong with the kernel's accounts, or 0. */
export function accounts(): u32 {
  const queue = queueOf(DEVICE);
  memory.fill(used, 0, ${DEVICE_PINS_MAX} * 4);
  if (queue.vmo === null) {
    for (let number: u32 = 0; number < ${DEVICE_PINS_MAX}; number++) {
      if (pinAt(DEVICE, number).inFlight !== 0) return 6;
    }
    return 0;
  }
  let free: u32 = 0;
  let heads: u32 = 0;
  for (let id: u32 = 0; id < queue.size; id++) {
    const shadow = queue.shadow(id);
    if (shadow.use === 0) {
      free++;
      continue;
    }
    heads += shadow.use === 1 ? 1 : 0;
    const at = used + (<u32>shadow.pin % ${DEVICE_PINS_MAX}) * 4;
    store<u32>(at, load<u32>(at) + 1);
  }
  if (free !== queue.freeCount) return 1;
  for (let number: u32 = 0; number < ${DEVICE_PINS_MAX}; number++) {
    if (pinAt(DEVICE, number).inFlight !== load<u32>(used + number * 4)) return 2;
  }
  let id = queue.freeFirst;
  for (let n: u32 = 0; n < free; n++) {
    if (id >= queue.size || queue.shadow(id).use !== 0) return 3;
    if (n + 1 === free && id !== queue.freeLast) return 4;
    id = queue.shadow(id).next;
  }
  return heads === queue.inFlight ? 0 : 5;
}

// The driver, as virtioblkd calls it.

export function open(vouched: bool): i32 { return disk.open(${REGISTERS}, 1, parts, vouched); }
export function close(): i32 { return disk.close(); }
export function submit(lba: u64, count: u32, offset: u32, deadline: u64, tag: u64, isLast: bool): i32 {
  return disk.submitContiguous(lba, count, 1, offset, deadline, tag, isLast);
}
export function kick(): void { disk.kick(); }
export function interruptBits(): u32 { return disk.interruptBits(); }
export function handleInterrupt(bits: u32): i32 { return disk.handleInterrupt(bits); }
export function expire(now: u64): i32 { return disk.expire(now); }
export function isReady(): bool { return disk.isReady; }
export function inFlight(): u32 { return disk.requestsInFlight; }
export function takeCompletion(): bool { return disk.takeCompletion(completion); }
export function completionTag(): u64 { return completion.tag; }
export function completionLba(): u64 { return completion.lba; }
export function completionCount(): u32 { return completion.sectorCount; }
export function completionOutcome(): u32 { return completion.outcome; }
`;
