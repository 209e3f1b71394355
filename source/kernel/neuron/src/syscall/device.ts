/** Device registers and interrupts, for the holder of the device. Its DMA is in syscall/dma.ts. */
import { Kind, Right } from "abi/handle";
import { Refusal } from "abi/refusal";
import { Hart } from "../arch/riscv/hart";
import { deviceRegion, UART_REGION } from "../boot/devices";
import { callAgain, setStatus } from "../ipc/results";
import * as interrupts from "../irq/interrupts";
import { mapRegisters } from "../lifecycle/memory";
import { capabilityAt, check, checkSignal } from "../task/handles";
import { Task } from "../task/objects";

/**
 * The registers at `address`, never executable. Those of a device that uses memory only to read: the kernel writes them
 * (syscall/dma.ts).
 */
export function mapDevice(task: Task, slot: u64, address: u64): void {
  const rights: u32 = Right.Read | Right.Write;
  const refusal = check(task, slot, Kind.Device, rights);
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  const capability = capabilityAt(task, <u32>slot);
  const node = deviceRegion(capability.object);
  const mappable: u32 = capability.object === UART_REGION ? rights : Right.Read;
  const mapped = mapRegisters(task, node.base, node.size, address, mappable, capability.lease);
  if (task.work !== null) {
    return callAgain(task);
  }
  setStatus(task, mapped);
}

export function bindInterrupt(hart: Hart, task: Task, slot: u64, notificationSlot: u64, bits: u64): void {
  let refusal = check(task, slot, Kind.Interrupt, Right.Manage);
  if (refusal === Refusal.None) {
    refusal = checkSignal(task, notificationSlot, bits);
  }
  if (refusal === Refusal.None) {
    const source = capabilityAt(task, <u32>slot).object;
    const notification = capabilityAt(task, <u32>notificationSlot).notification;
    refusal = interrupts.bindInterrupt(hart, task, source, notification, bits);
  }
  setStatus(task, refusal);
}

/** `bits` are acknowledged at the source's virtio device before. */
export function completeInterrupt(task: Task, slot: u64, bits: u64): void {
  const refusal = check(task, slot, Kind.Interrupt, Right.Manage);
  setStatus(
    task,
    refusal === Refusal.None
      ? interrupts.completeInterrupt(task, capabilityAt(task, <u32>slot).object, <u32>bits)
      : refusal,
  );
}
