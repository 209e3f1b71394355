// Making, copying, dropping and granting capabilities, as source/kernel/neuron/src/syscall/capabilities.ts does.

import { Kind, Refusal, Right, Syscall, slotCount } from "../abi.ts";
import type { Core, SystemCalls } from "./core.ts";
import { FakeEndpoint, FakeNotification, type KernelObject, type Slot } from "./objects.ts";

const BADGE_MAX = 2n ** 32n - 1n;

/** An object that the task has made goes into its lowest free slot, and the slot becomes the call's result. */
export function give(core: Core, object: KernelObject, rights: number, badge = 0): number {
  const slot = core.slots.free;
  if (slot === undefined) {
    return Refusal.TableFull;
  }
  core.slots.set(slot, { object, rights, badge });
  return core.task.setResults(slot);
}

export function capabilityCalls(core: Core): SystemCalls {
  return {
    [Syscall.Create]: (kind) => {
      if (kind !== BigInt(Kind.Endpoint) && kind !== BigInt(Kind.Notification)) {
        return Refusal.BadArgument;
      }
      const object = kind === BigInt(Kind.Endpoint) ? new FakeEndpoint() : new FakeNotification();
      return give(core, object, Right.All);
    },
    [Syscall.Copy]: (slot, rights, badge) => {
      const from = core.slots.get(Number(slot));
      if (!from) {
        return Refusal.BadSlot;
      }
      const refusal = badgeRefusal(from, badge);
      if (refusal !== 0) {
        return refusal;
      }
      const copy = copyOf(from, rights, badge);
      return give(core, copy.object, copy.rights, copy.badge);
    },
    [Syscall.Drop]: (slot) => (core.slots.delete(Number(slot)) ? 0 : Refusal.BadSlot),
    [Syscall.Grant]: (taskSlot, slot, rights, badge, slotThere) => {
      const receiver = core.slots.find(taskSlot, "task", Right.Manage);
      if (typeof receiver === "number") {
        return receiver;
      }
      const from = core.slots.get(Number(slot));
      if (!from) {
        return Refusal.BadSlot;
      }
      const refusal = badgeRefusal(from, badge);
      if (refusal !== 0) {
        return refusal;
      }
      if ((from.rights & Right.Transfer) === 0) {
        return Refusal.MissingRight;
      }
      if (receiver.state !== "unborn") {
        return Refusal.BadState;
      }
      if (slotThere >= slotCount || receiver.slots.has(Number(slotThere))) {
        return Refusal.BadSlot;
      }
      receiver.slots.set(Number(slotThere), copyOf(from, rights, badge));
      return 0;
    },
  };
}

/** A copy with fewer rights; a badge of 0 keeps the old one. */
function copyOf(from: Slot, rights: bigint, badge: bigint): Slot {
  return { object: from.object, rights: from.rights & Number(rights), badge: Number(badge) || from.badge };
}

/**
 * The Refusal of a copy with this badge, or 0. Only a receiver may make badges, and of a notification no more bits; on
 * the console, only one who may own it.
 */
function badgeRefusal({ object, rights, badge: own }: Slot, badge: bigint): number {
  if (badge === 0n) {
    return 0;
  }
  if (badge > BADGE_MAX) {
    return Refusal.BadArgument;
  }
  if (object.kind === "console") {
    return (rights & Right.Manage) === 0 ? Refusal.MissingRight : 0;
  }
  if (object.kind !== "endpoint" && object.kind !== "notification") {
    return Refusal.WrongKind;
  }
  if ((rights & Right.Receive) === 0) {
    return Refusal.MissingRight;
  }
  const isMore = object.kind === "notification" && own !== 0 && (badge & ~BigInt(own)) !== 0n;
  return isMore ? Refusal.MissingRight : 0;
}
