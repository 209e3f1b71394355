/**
 * Who may be read for, and into which memory: one record for each client, found by the badge of the endpoint that was
 * called. nexus-init mints badges, nobody forges them, so a client can name its own memory object and no other's.
 *
 * Records are few, and nobody tells us when a client ends: a new one takes the record of the one that asked least
 * recently. If that one was alive after all, it is told `notAttached` and attaches again.
 *
 * Memory is pinned while a record speaks of it, and let go with the record, so nobody uses the kernel's pins up by
 * attaching again and again. While a read is under way its client's record stays as it is: the device writes there.
 */
import { Refusal } from "abi/refusal";
import { NO_SLOT } from "abi/syscall";
import { drop, pin, result, unpin } from "runtime/call";
import { CLIENTS_MAX } from "./limits";

/**
 *   0         8    16         24      28     32          36
 *   │ lastUse │ bus │ byteCount │ badge │ slot │ inFlight │ reserved │
 */
@unmanaged
@final
export class Client {
  /** When it last asked, in requests served so far; 0: this record is free. */
  lastUse: u64;
  /** Its memory object as the device sees it. */
  bus: u64;
  /** How much of it; 0: nothing is attached. */
  byteCount: u64;
  badge: u32;
  /** The capability of the memory object. */
  private slot: u32;
  /** Reads that were given to the device and not answered yet. */
  inFlight: u32;
  private reserved: u32;

  /** Makes the record, free or another's until now, that of the client with this badge. */
  begin(badge: u32): void {
    this.bus = 0;
    this.byteCount = 0;
    this.badge = badge;
    this.slot = NO_SLOT;
    this.inFlight = 0;
  }

  /** Has `byteCount` bytes of the memory object in `slot` pinned for `device`. With None, the slot is this record's. */
  attach(device: u32, slot: u32, byteCount: u64): i32 {
    const refusal = pin(device, slot, 0, <u32>byteCount);
    if (refusal !== Refusal.None) {
      return refusal;
    }
    this.bus = result(0);
    this.byteCount = byteCount;
    this.slot = slot;
    return Refusal.None;
  }

  /**
   * Lets go of what is attached. No read may be under way.
   *
   * @param isDeviceInHand whether the device does only what it was told last. One that was given up may still write
   *   where it was once told to: that memory stays pinned for good
   */
  detach(device: u32, isDeviceInHand: bool): void {
    assert(this.inFlight === 0);
    if (this.byteCount === 0) {
      return;
    }
    this.byteCount = 0;
    // Another client may have attached the same object, which the kernel pins once.
    if (isDeviceInHand && !isAttachedElsewhere(this.bus)) {
      unpin(device, this.slot);
    }
    drop(this.slot);
    this.slot = NO_SLOT;
  }
}

const clients: usize = memory.data(CLIENTS_MAX * offsetof<Client>(), 8);

let requests: u64 = 0;

/**
 * The record of the client with this badge: its own, a free one, or that of whoever asked least recently and waits for
 * nothing. Null if all of the others wait.
 */
export function clientOf(badge: u32, device: u32, isDeviceInHand: bool): Client | null {
  requests++;
  let stalest: Client | null = null;
  for (let index: u32 = 0; index < CLIENTS_MAX; index++) {
    const each = clientAt(index);
    if (each.lastUse !== 0 && each.badge === badge) {
      each.lastUse = requests;
      return each;
    }
    if (each.inFlight === 0 && (stalest === null || each.lastUse < stalest.lastUse)) {
      stalest = each;
    }
  }
  if (stalest === null) {
    return null;
  }
  stalest.detach(device, isDeviceInHand);
  stalest.begin(badge);
  stalest.lastUse = requests;
  return stalest;
}

/** Whether a record speaks of the memory at `bus`. Two objects that are pinned never lie in the same place. */
function isAttachedElsewhere(bus: u64): bool {
  for (let index: u32 = 0; index < CLIENTS_MAX; index++) {
    const each = clientAt(index);
    if (each.byteCount !== 0 && each.bus === bus) {
      return true;
    }
  }
  return false;
}

function clientAt(index: u32): Client {
  return changetype<Client>(clients + index * offsetof<Client>());
}
