/**
 * Device interrupts become signals. A source is claimed at the PLIC, its notification is signalled, and the source
 * stays claimed until the driver has handled its device and says so (Syscall.CompleteInterrupt): it cannot storm
 * meanwhile. Reached from trap.ts; goes on in ipc/notification.ts.
 */
import { Refusal } from "abi/refusal";
import { Hart } from "../arch/riscv/hart";
import { outOfLine } from "../arch/riscv/intrinsics";
import { PLIC_SOURCES_MAX, plicClaim, plicComplete, plicEnable } from "../arch/riscv/plic";
import { acknowledge } from "../arch/riscv/ring";
import { devices, virtioNode, virtioRegisters } from "../boot/devices";
import { signal } from "../ipc/notification";
import { LOCK_BYTES, Lock } from "../sync/lock";
import { Rank } from "../sync/order";
import { releaseNotification, retainNotification } from "../task/endpoint";
import { Notification, Task } from "../task/objects";

/** Sources that are claimed in one go; what is left interrupts again. */
const CLAIMS_MAX: u32 = 16;

@unmanaged
@final
export class Binding {
  bits: u64;
  /** What it signals; null when nothing is bound. */
  notification: Notification | null;
  /** The driver. Its end unbinds it. */
  owner: Task | null;
  /** The hart whose context it is enabled in. */
  hart: u32;
  claim: Claim;
  /** How often it came. */
  count: u64;
  /** The kernel's address of the registers of the virtio device that it comes from; 0: it comes from another. */
  registers: u32;
  reserved: u32;
}

/** How far the handling of an interrupt has come. */
const enum Claim {
  None = 0,
  /** Claimed at the PLIC; its driver has not completed it. */
  Open = 1,
  /** Completed at the PLIC when its hart stopped; its driver does not know yet. */
  Moved = 2,
}

const table: usize = memory.data(PLIC_SOURCES_MAX * <u32>offsetof<Binding>(), 8);
const lock = changetype<Lock>(memory.data(LOCK_BYTES, 8));

function bindingOf(source: u32): Binding {
  return changetype<Binding>(table + source * offsetof<Binding>());
}

export function interruptsInit(): void {
  lock.init(Rank.Devices);
}

/** Syscall.BindInterrupt by task `owner` on this hart. */
export function bindInterrupt(
  hart: Hart,
  owner: Task,
  source: u32,
  notification: Notification,
  bits: u64,
): Refusal {
  const binding = bindingOf(source);
  lock.acquire();
  if (binding.notification !== null) {
    lock.release();
    return Refusal.AlreadyBound;
  }
  retainNotification(notification);
  binding.notification = notification;
  binding.bits = bits;
  binding.owner = owner;
  binding.hart = hart.index;
  binding.claim = Claim.None;
  binding.registers = registersBehind(source);
  owner.interrupts++;
  plicEnable(hart.index, source, true);
  lock.release();
  return Refusal.None;
}

/** The kernel's address of the registers of the virtio device with this interrupt, or 0. */
function registersBehind(source: u32): u32 {
  outOfLine();
  for (let slot: u32 = 0; slot < devices().virtioCount; slot++) {
    if (virtioNode(slot).irq === source) {
      return <u32>virtioRegisters(slot);
    }
  }
  return 0;
}

/**
 * Syscall.CompleteInterrupt by task `owner`: through the context that claimed it. Only the task that bound it may. `bits` are
 * acknowledged at a virtio device before, so what it has to say afterwards interrupts again.
 */
export function completeInterrupt(owner: Task, source: u32, bits: u32): Refusal {
  const binding = bindingOf(source);
  lock.acquire();
  const claimed = binding.owner === owner && binding.claim !== Claim.None;
  if (claimed) {
    if (bits !== 0 && binding.registers !== 0) {
      acknowledge(binding.registers, bits);
    }
    if (binding.claim === Claim.Open) {
      plicComplete(binding.hart, source);
    }
    binding.claim = Claim.None;
  }
  lock.release();
  return claimed ? Refusal.None : Refusal.BadState;
}

/** An external interrupt on this hart: claims what is pending and signals it on. */
export function takeInterrupts(hart: Hart): void {
  for (let i: u32 = 0; i < CLAIMS_MAX; i++) {
    const source = plicClaim(hart);
    if (source === 0) {
      return;
    }
    if (source >= PLIC_SOURCES_MAX) {
      plicComplete(hart.index, source);
      continue;
    }
    const binding = bindingOf(source);
    lock.acquire();
    const notification = binding.notification;
    const bits = binding.bits;
    if (notification !== null) {
      binding.claim = Claim.Open;
      binding.count++;
      retainNotification(notification);
    } else {
      // Its driver ended between the interrupt and the claim. Only an enabled source can be completed (PLIC 1.0, 9).
      plicEnable(hart.index, source, true);
      plicComplete(hart.index, source);
      plicEnable(hart.index, source, false);
    }
    lock.release();
    if (notification === null) {
      continue;
    }
    signal(notification, bits);
    releaseNotification(notification);
  }
}

/** Task `owner` ended: none of its sources interrupts any more. */
export function unbindInterruptsOf(owner: Task): void {
  for (let source: u32 = 1; source < PLIC_SOURCES_MAX && owner.interrupts > 0; source++) {
    unbindInterrupt(owner, source);
  }
}

/** If `owner` has bound `source`, it is completed and disabled, in that order and in the context that claimed it. */
export function unbindInterrupt(owner: Task, source: u32): void {
  const binding = bindingOf(source);
  lock.acquire();
  let notification: Notification | null = null;
  if (binding.owner === owner) {
    if (binding.claim === Claim.Open) {
      plicComplete(binding.hart, source);
    }
    plicEnable(binding.hart, source, false);
    notification = binding.notification;
    binding.claim = Claim.None;
    binding.owner = null;
    owner.interrupts--;
    binding.notification = null;
  }
  lock.release();
  if (notification !== null) {
    releaseNotification(notification);
  }
}

/** Hart `from` stops: its sources interrupt hart `to` from now on. */
export function moveInterrupts(from: u32, to: u32): void {
  for (let source: u32 = 1; source < PLIC_SOURCES_MAX; source++) {
    const binding = bindingOf(source);
    lock.acquire();
    if (binding.notification !== null && binding.hart === from) {
      if (binding.claim === Claim.Open) {
        // It may come again before its driver is done with this one: one signal more, no harm.
        plicComplete(from, source);
        binding.claim = Claim.Moved;
      }
      plicEnable(from, source, false);
      plicEnable(to, source, true);
      binding.hart = to;
    }
    lock.release();
  }
}

/** For information, as it is at this moment. */
export function isBound(source: u32): bool {
  return bindingOf(source).notification !== null;
}

export function boundHart(source: u32): u32 {
  return bindingOf(source).hart;
}

export function interruptCount(source: u32): u64 {
  return bindingOf(source).count;
}

export function isOpen(source: u32): bool {
  return bindingOf(source).claim === Claim.Open;
}

/** The driver, as it is at this moment. */
export function boundTask(source: u32): Task | null {
  return bindingOf(source).owner;
}
