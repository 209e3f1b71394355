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
class Binding {
  bits: u64;
  /** Notification index + 1; 0 when nothing is bound. */
  notification: u32;
  /** Task index + 1 of the driver, for its end. */
  owner: u32;
  /** The hart whose context it is enabled in. */
  hart: u32;
  /** It was claimed and not completed. */
  claimed: u32;
}

const table: usize = memory.data(2304, 8);
const lock: usize = memory.data(16, 8);
if (PLIC_SOURCES_MAX * offsetof<Binding>() > 2304) ERROR("the table of interrupt bindings is too small");

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
  binding.claimed = 0;
  plicEnable(hart.index, source, true);
  devicesLock().release();
  return Refusal.None;
}

/** Syscall.CompleteInterrupt: through the context that claimed it. */
export function completeInterrupt(source: u32): Refusal {
  const binding = bindingOf(source);
  devicesLock().acquire();
  const claimed = binding.claimed !== 0;
  if (claimed) {
    binding.claimed = 0;
    plicComplete(binding.hart, source);
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
      binding.claimed = 1;
      retainNotification(notification - 1);
    } else {
      // Its driver ended between the interrupt and the claim.
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
      if (binding.claimed !== 0) plicComplete(binding.hart, source);
      plicEnable(binding.hart, source, false);
      notification = binding.notification;
      binding.claimed = 0;
      binding.owner = 0;
      binding.notification = 0;
    }
    devicesLock().release();
    if (notification !== 0) releaseNotification(notification - 1);
  }
}
