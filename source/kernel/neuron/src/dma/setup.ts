/**
 * How the queue of a virtio device begins and ends. It ends when the device was reset: when Status says 0. A ring is only set
 * up while it says something else, behind a reset only when that was seen to be over, and only the kernel writes it. So each
 * reset is noticed before the next use of the device.
 *
 * The lock of pins.ts is held. Reached from syscall/dma.ts; goes on in arch/riscv/virtio.ts.
 */
import { Refusal } from "abi/refusal";
import { DEVICE_PINS_MAX, QUEUE_SIZE_MAX, VirtioRegister } from "abi/virtio";
import { ringBytes } from "../arch/riscv/ring";
import * as virtio from "../arch/riscv/virtio";
import { virtioRegisters } from "../boot/devices";
import { FRAME_BYTES } from "../mm/frames";
import { Vmo } from "../mm/vmo";
import { pinAt, poolOf } from "./pins";
import { queueOf } from "./queue";

/**
 * Block device (virtio 1.2, 5.2.1): it reads and writes nothing but what descriptors name. Of devices of other kinds, some are
 * given addresses in what they read: a balloon gives pages away (5.5.6), a GPU takes backing memory (5.7.6.8).
 */
const DEVICE_ID_BLOCK: u32 = 2;

/** Bytes of memory that a queue of `size` takes: the ring, and the shadow behind it. */
export function queueBytes(size: u32): u32 {
  return ringBytes(size) + FRAME_BYTES;
}

/** Whether a queue may have this size: a power of two. */
export function isQueueSize(size: u64): bool {
  return size !== 0 && size <= QUEUE_SIZE_MAX && (size & (size - 1)) === 0;
}

/**
 * Gives a device the ring in `vmo`, zeroed and `queueBytes(size)` long. On None the queue has the caller's reference to it.
 */
export function startQueue(device: u32, vmo: Vmo, size: u32): Refusal {
  const registers = virtioRegisters(device);
  const queue = queueOf(device);
  // A device in its first state could not be told from one that was reset.
  if (isReset(device) || queue.isResetting || queue.vmo !== null || virtio.hasQueue(registers)) {
    return Refusal.BadState;
  }
  if (virtio.deviceIdOf(registers) !== DEVICE_ID_BLOCK) {
    return Refusal.WrongKind;
  }
  if (size > virtio.queueSizeMax(registers)) {
    return Refusal.BadArgument;
  }
  queue.begin(vmo, size, registers, poolOf(device));
  virtio.startQueue(registers, vmo.base, size);
  return Refusal.None;
}

/** Writes Status, once a reset that is over was noticed. */
export function writeStatus(device: u32, value: u32): void {
  isReset(device);
  if (value === 0) {
    queueOf(device).isResetting = true;
  }
  virtio.writeRegister(virtioRegisters(device), VirtioRegister.Status, value);
}

/** Whether the device was reset, and not begun with. Then it uses no memory that it was told of, and its queue has ended. */
export function isReset(device: u32): bool {
  if (virtio.statusOf(virtioRegisters(device)) !== 0) {
    return false;
  }
  const queue = queueOf(device);
  queue.isResetting = false;
  if (queue.vmo !== null) {
    queue.ended = queue.vmo;
    queue.vmo = null;
    for (let number: u32 = 0; number < DEVICE_PINS_MAX; number++) {
      pinAt(device, number).inFlight = 0;
    }
  }
  return true;
}

/** The memory of a queue that has ended, for the caller to let go of when it has given the lock back; or null. */
export function takeEnded(device: u32): Vmo | null {
  const queue = queueOf(device);
  const vmo = queue.ended;
  queue.ended = null;
  return vmo;
}
