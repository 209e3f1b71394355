/**
 * A driver offers its virtio device pieces of what it has pinned: for each read of a disk. Reached from syscall/dispatch.ts;
 * goes on in dma/queue.ts.
 */
import { Kind, Right } from "abi/handle";
import { Refusal } from "abi/refusal";
import { VIRTIO_SLOTS_MAX } from "../boot/devices";
import { dmaLock } from "../dma/pins";
import * as queue from "../dma/queue";
import { setStatus } from "../ipc/results";
import { capabilityAt, check } from "../task/handles";
import { Task } from "../task/objects";

/** A capability with these rights, to a device that uses memory. */
export function checkVirtio(task: Task, slot: u64, rights: u32): Refusal {
  const refusal = check(task, slot, Kind.Device, rights);
  if (refusal !== Refusal.None) {
    return refusal;
  }
  return capabilityAt(task, <u32>slot).object < VIRTIO_SLOTS_MAX ? Refusal.None : Refusal.WrongKind;
}

/** The pieces stand in a2 to a6. The status is the number of the chain's head. */
export function offer(task: Task, slot: u64, order: u64): void {
  const refusal = checkVirtio(task, slot, Right.Manage);
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  const device = capabilityAt(task, <u32>slot).object;
  const lock = dmaLock();
  lock.acquire();
  const head = queue.offer(device, <u32>order, changetype<usize>(task) + offsetof<Task>("a2"));
  lock.release();
  setStatus(task, head);
}
