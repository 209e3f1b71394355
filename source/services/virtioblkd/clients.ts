/**
 * The clients and the memory that the device may write for them: one record for each client, found by the badge of the
 * endpoint that was called. nexus-init mints badges and no client can forge one, so a client can name only its own
 * memory object.
 *
 * There are CLIENTS_MAX records, and the service does not learn when a client ends. So a new client takes the record of
 * the one that asked least recently. If that client is still alive, it is told `notAttached` and attaches again.
 *
 * Memory is pinned while a record names it, and unpinned with the record, so a client that attaches again and again
 * cannot use up the kernel's pins. While a read is under way its client's record stays the same: the device writes
 * there.
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
  /** When the client last asked, counted in requests served; 0: this record is free. */
  lastUse: u64;
  /** Its memory object as the device sees it. */
  bus: u64;
  /** The bytes of it that are attached; 0: nothing is attached. */
  byteCount: u64;
  badge: u32;
  /** The capability of the memory object. */
  private slot: u32;
  /** Reads that the device was given and has not answered yet. */
  inFlight: u32;
  private reserved: u32;

  /** Makes this record that of the client with this badge. Before, it was free or another client's. */
  begin(badge: u32): void {
    this.bus = 0;
    this.byteCount = 0;
    this.badge = badge;
    this.slot = NO_SLOT;
    this.inFlight = 0;
  }

  /** Has `byteCount` bytes of the memory object in `slot` pinned for `device`. On None, the record keeps the slot. */
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
   * Unpins and drops the attached memory. No read may be under way.
   *
   * @param isDeviceInHand whether the driver still controls the device. One that was given up may still write to memory
   *   that it was told of, so that memory stays pinned for good
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
 * The record for the client with this badge: its own, a free one, or that of the client that asked least recently and
 * has no read under way. Null if all others have reads under way.
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

/** Whether a record names the memory at `bus`. Two objects that are pinned never lie in the same place. */
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
