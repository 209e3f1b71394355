/**
 * Who may be read for, and into which memory: one record for each client, found by the badge of the endpoint that was
 * called. nexus-init mints badges, nobody forges them, so a client can name its own memory object and no other's.
 *
 * Records are few, and nobody tells us when a client ends: a new one takes the record of the one that asked least
 * recently. If that one was alive after all, it is told `notAttached` and attaches again.
 */
import { CLIENTS_MAX } from "./limits";

/**
 *   0         8    16         24      28
 *   │ lastUse │ bus │ byteCount │ badge │ reserved │
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
  reserved: u32;
}

const clients: usize = memory.data(CLIENTS_MAX * offsetof<Client>(), 8);

let requests: u64 = 0;

/** The record of the client with this badge: its own, a free one, or that of whoever asked least recently. */
export function clientOf(badge: u32): Client {
  requests++;
  let stalest = changetype<Client>(clients);
  for (let index: u32 = 0; index < CLIENTS_MAX; index++) {
    const each = changetype<Client>(clients + index * offsetof<Client>());
    if (each.lastUse !== 0 && each.badge === badge) {
      each.lastUse = requests;
      return each;
    }
    if (each.lastUse < stalest.lastUse) stalest = each;
  }
  stalest.lastUse = requests;
  stalest.bus = 0;
  stalest.byteCount = 0;
  stalest.badge = badge;
  return stalest;
}
