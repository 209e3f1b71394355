/** Device registers, interrupts and DMA, for the holder of the device. */
import { Kind, Right } from "abi/handle";
import { Resource } from "abi/job";
import { PAGE_BYTES } from "abi/layout";
import { Refusal } from "abi/refusal";
import { Hart } from "../arch/riscv/hart";
import { deviceRegion } from "../boot/devices";
import { callAgain, setResult, setStatus } from "../ipc/results";
import * as interrupts from "../irq/interrupts";
import { giveBack } from "../job/job";
import { mapRegisters, noteLease } from "../lifecycle/memory";
import { Pinned, pinFor, unpinAllOf, unpinFor } from "../mm/pins";
import { chargeTo } from "../task/charges";
import { capabilityAt, check, checkSignal } from "../task/handles";
import { Task } from "../task/objects";

/** The registers at `address`: readable and writable as the capability allows, never executable. */
export function mapDevice(task: Task, slot: u64, address: u64): void {
  const rights: u32 = Right.Read | Right.Write;
  const refusal = check(task, slot, Kind.Device, rights);
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  const capability = capabilityAt(task, <u32>slot);
  const node = deviceRegion(capability.object);
  const mapped = mapRegisters(task, node.base, node.size, address, rights);
  if (capability.lease !== 0 && mapped === Refusal.None) {
    noteLease(task, <u32>address, capability.lease);
  }
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

export function completeInterrupt(task: Task, slot: u64): void {
  const refusal = check(task, slot, Kind.Interrupt, Right.Manage);
  setStatus(
    task,
    refusal === Refusal.None
      ? interrupts.completeInterrupt(task, capabilityAt(task, <u32>slot).object)
      : refusal,
  );
}

/** Pins part of a memory object that the caller may write, and tells at which address the device sees it. */
export function pin(task: Task, slot: u64, vmoSlot: u64, offset: u64, bytes: u64): void {
  let refusal = check(task, slot, Kind.Device, Right.Manage);
  if (refusal === Refusal.None) {
    refusal = check(task, vmoSlot, Kind.Vmo, Right.Read | Right.Write);
  }
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  const vmo = capabilityAt(task, <u32>vmoSlot).vmo;
  const size = <u64>vmo.pages * PAGE_BYTES;
  if (bytes === 0 || offset >= size || bytes > size - offset) {
    return setStatus(task, Refusal.BadArgument);
  }
  refusal = chargeTo(task.job, task, Resource.Pins, 0);
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  const pinned = pinFor(capabilityAt(task, <u32>slot).object, vmo, task.job);
  if (pinned !== Pinned.Yes) {
    giveBack(task.job, Resource.Pins, 0);
  }
  if (pinned === Pinned.No) {
    return setStatus(task, Refusal.TableFull);
  }
  setResult(task, <u64>vmo.base + offset);
}

/** The driver names the memory object by its own capability, so it can unpin only what it could pin. */
export function unpin(task: Task, slot: u64, vmoSlot: u64): void {
  let refusal = check(task, slot, Kind.Device, Right.Manage);
  if (refusal === Refusal.None) {
    refusal = check(task, vmoSlot, Kind.Vmo, Right.Read | Right.Write);
  }
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  const found = unpinFor(capabilityAt(task, <u32>slot).object, capabilityAt(task, <u32>vmoSlot).vmo);
  setStatus(task, found ? Refusal.None : Refusal.BadState);
}

export function unpinAll(task: Task, slot: u64): void {
  const refusal = check(task, slot, Kind.Device, Right.Manage);
  if (refusal === Refusal.None && !unpinAllOf(capabilityAt(task, <u32>slot).object)) {
    return callAgain(task);
  }
  setStatus(task, refusal);
}
