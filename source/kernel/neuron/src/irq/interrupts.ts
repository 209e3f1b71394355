/**
 * Device interrupts become signals. A source is claimed at the PLIC, its notification is signalled, and the source stays
 * claimed until the driver has handled its device and says so (Syscall.CompleteInterrupt): it cannot storm meanwhile.
 * Reached from trap.ts; goes on in ipc/notification.ts.
 */
import { Refusal } from "abi/refusal";
import { Hart } from "../arch/riscv/hart";
import { PLIC_SOURCES_MAX, plicClaim, plicComplete, plicEnable } from "../arch/riscv/plic";
import { signal } from "../ipc/notification";
import { Lock } from "../sync/lock";
import { Rank } from "../sync/order";
import { releaseNotification, retainNotification } from "../task/endpoint";

/** Sources that are claimed in one go; what is left interrupts again. */
const CLAIMS_MAX: u32 = 16;

@unmanaged
@final
export class Binding {
  bits: u64;
  /** Notification index + 1; 0 when nothing is bound. */
  notification: u32;
  /** Task index + 1 of the driver, for its end. */
  owner: u32;
  /** The hart whose context it is enabled in. */
  hart: u32;
  claim: Claim;
  /** How often it came. */
  count: u64;
}

/** How far the handling of an interrupt has come. */
const enum Claim {
  None = 0,
  /** Claimed at the PLIC; its driver has not completed it. */
  Open = 1,
  /** Completed at the PLIC when its hart stopped; its driver does not know yet. */
  Moved = 2,
}

const table: usize = memory.data(3072, 8);
const lock: usize = memory.data(16, 8);
if (PLIC_SOURCES_MAX * offsetof<Binding>() > 3072) ERROR("the table of interrupt bindings is too small");

function bindingOf(source: u32): Binding {
  return changetype<Binding>(table + source * offsetof<Binding>());
}

function devicesLock(): Lock {
  return changetype<Lock>(lock);
}

export function interruptsInit(): void {
  devicesLock().init(Rank.Devices);
}

/** Syscall.BindInterrupt by task `owner` on this hart. */
export function bindInterrupt(hart: Hart, owner: u32, source: u32, notification: u32, bits: u64): Refusal {
  const binding = bindingOf(source);
  devicesLock().acquire();
  if (binding.notification !== 0) {
    devicesLock().release();
    return Refusal.AlreadyBound;
  }
  retainNotification(notification);
  binding.notification = notification + 1;
  binding.bits = bits;
  binding.owner = owner + 1;
  binding.hart = hart.index;
  binding.claim = Claim.None;
  plicEnable(hart.index, source, true);
  devicesLock().release();
  return Refusal.None;
}

/** Syscall.CompleteInterrupt by task `owner`: through the context that claimed it. Only who bound it may. */
export function completeInterrupt(owner: u32, source: u32): Refusal {
  const binding = bindingOf(source);
  devicesLock().acquire();
  const claimed = binding.owner === owner + 1 && binding.claim !== Claim.None;
  if (claimed) {
    if (binding.claim === Claim.Open) plicComplete(binding.hart, source);
    binding.claim = Claim.None;
  }
  devicesLock().release();
  return claimed ? Refusal.None : Refusal.BadState;
}

/** An external interrupt on this hart: claims what is pending and signals it on. */
export function takeInterrupts(hart: Hart): void {
  for (let i: u32 = 0; i < CLAIMS_MAX; i++) {
    const source = plicClaim(hart);
    if (source === 0) return;
    if (source >= PLIC_SOURCES_MAX) {
      plicComplete(hart.index, source);
      continue;
    }
    const binding = bindingOf(source);
    devicesLock().acquire();
    const notification = binding.notification;
    const bits = binding.bits;
    if (notification !== 0) {
      binding.claim = Claim.Open;
      binding.count++;
      retainNotification(notification - 1);
    } else {
      // Its driver ended between the interrupt and the claim. Only an enabled source can be completed (PLIC 1.0, 9).
      plicEnable(hart.index, source, true);
      plicComplete(hart.index, source);
      plicEnable(hart.index, source, false);
    }
    devicesLock().release();
    if (notification === 0) continue;
    signal(notification - 1, bits);
    releaseNotification(notification - 1);
  }
}

/** Task `owner` ended: its sources are completed and disabled, in that order and in the context that claimed them. */
export function unbindInterruptsOf(owner: u32): void {
  for (let source: u32 = 1; source < PLIC_SOURCES_MAX; source++) {
    const binding = bindingOf(source);
    devicesLock().acquire();
    let notification: u32 = 0;
    if (binding.owner === owner + 1) {
      if (binding.claim === Claim.Open) plicComplete(binding.hart, source);
      plicEnable(binding.hart, source, false);
      notification = binding.notification;
      binding.claim = Claim.None;
      binding.owner = 0;
      binding.notification = 0;
    }
    devicesLock().release();
    if (notification !== 0) releaseNotification(notification - 1);
  }
}

/** Hart `from` stops: its sources interrupt hart `to` from now on. */
export function moveInterrupts(from: u32, to: u32): void {
  for (let source: u32 = 1; source < PLIC_SOURCES_MAX; source++) {
    const binding = bindingOf(source);
    devicesLock().acquire();
    if (binding.notification !== 0 && binding.hart === from) {
      if (binding.claim === Claim.Open) {
        // It may come again before its driver is done with this one: one signal more, no harm.
        plicComplete(from, source);
        binding.claim = Claim.Moved;
      }
      plicEnable(from, source, false);
      plicEnable(to, source, true);
      binding.hart = to;
    }
    devicesLock().release();
  }
}

/** For information, as it is at this moment. */
export function isBound(source: u32): bool {
  return bindingOf(source).notification !== 0;
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

/** Task index of the driver. Only of a bound source. */
export function boundTask(source: u32): u32 {
  return bindingOf(source).owner - 1;
}
