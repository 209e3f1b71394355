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
import { MESSAGE_BYTES_MAX } from "abi/message";
import { Refusal } from "abi/refusal";
import { FOREVER } from "abi/syscall";
import { BlkStatus, DEPTH_MAX, VirtioBlkExchangeResultsBuilder } from "gen/idl/virtio_blk";
import { pin, result, unpin } from "runtime/call";
import { messagePage } from "runtime/ipc";
import { REQUESTS_MAX } from "storage/virtio-blk/table";
import { CLIENTS_MAX } from "./limits";

/**
 *   0         8           16      20    24         28          32      40        44        48           52
 *   │ lastUse │ byteCount │ badge │ pin │ inFlight │ isWaiting │ token │ waitFor │ ordered │ endedCount │ 0 │
 *
 *   56      64
 *   │ until │ DEPTH_MAX endings of 8 bytes, a tag and a status
 */
@unmanaged
@final
export class Client {
  /** When the client last asked, counted in requests served; 0: this record is free. */
  lastUse: u64;
  /** The bytes of it that are attached; 0: nothing is attached. */
  byteCount: u64;
  badge: u32;
  /** The number by which its memory object is pinned. */
  pin: u32;
  /** Reads that the device was given and has not answered yet. */
  inFlight: u32;
  /** 1 while the client waits in `exchange`. It has an ordered read under way then, so the record stays. */
  isWaiting: u32;
  /** The reply token of that exchange. */
  token: u64;
  /** How many endings that exchange waits for. */
  waitFor: u32;
  /** Those reads among `inFlight` that `exchange` started. */
  ordered: u32;
  /** Endings that the client was not told yet. */
  private endedCount: u32;
  private reserved: u32;
  /** When that exchange is answered at the latest; FOREVER if it has no limit. */
  until: u64;

  /** Makes this record that of the client with this badge. Before, it was free or another client's. */
  begin(badge: u32): void {
    this.byteCount = 0;
    this.badge = badge;
    this.inFlight = 0;
    this.isWaiting = 0;
    this.until = FOREVER;
    this.ordered = 0;
    this.endedCount = 0;
  }

  /** How many more reads `exchange` may start for it. */
  get room(): u32 {
    return DEPTH_MAX - this.ordered - this.endedCount;
  }

  /** Whether the exchange in which the client waits is to be answered. */
  get isDue(): bool {
    return this.isWaiting !== 0 && (this.endedCount >= this.waitFor || this.ordered === 0);
  }

  /** Notes how one of its ordered reads ended. The client's order had `room`, so there is a place. */
  noteEnding(tag: u32, status: BlkStatus): void {
    assert(this.endedCount < DEPTH_MAX);
    store<u64>(this.endingAt(this.endedCount), <u64>tag | ((<u64>status) << STATUS_SHIFT));
    this.endedCount++;
  }

  /** Builds the answer of an exchange, with all endings, and forgets them. */
  tellEndings(): void {
    const results = VirtioBlkExchangeResultsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
    results.status = BlkStatus.ok;
    const count = this.endedCount;
    results.initEndings(count);
    for (let index: u32 = 0; index < count; index++) {
      const ending = load<u64>(this.endingAt(index));
      const told = results.endings(index);
      told.tag = <u32>ending;
      told.status = <BlkStatus>(<u32>(ending >> STATUS_SHIFT));
    }
    this.endedCount = 0;
  }

  private endingAt(index: u32): usize {
    return changetype<usize>(this) + offsetof<Client>() + index * ENDING_BYTES;
  }

  /** Has `byteCount` bytes of the memory object in `slot` pinned for `device`. */
  attach(device: u32, slot: u32, byteCount: u64): i32 {
    const refusal = pin(device, slot, 0, <u32>byteCount);
    if (refusal !== Refusal.None) {
      return refusal;
    }
    this.pin = <u32>result(0);
    this.byteCount = byteCount;
    return Refusal.None;
  }

  /**
   * Unpins the attached memory. No read may be under way.
   *
   * @param isDeviceInHand whether the driver still controls the device. One that was given up may still write to memory
   *   that it was told of, so that memory stays pinned for good
   * @param taken how many answers of the device were taken
   */
  detach(device: u32, isDeviceInHand: bool, taken: u32): void {
    assert(this.inFlight === 0);
    this.endedCount = 0;
    if (this.byteCount !== 0 && isDeviceInHand) {
      pinsToGo |= 1 << this.pin;
    }
    this.byteCount = 0;
    if (isDeviceInHand) {
      unpinThese(device, taken);
    }
  }
}

/** Bit per pin that is to go. The kernel refuses it for a device that has contradicted itself, until that was reset. */
let pinsToGo: u32 = 0;

function unpinThese(device: u32, taken: u32): void {
  for (let left = pinsToGo; left !== 0; left &= left - 1) {
    const number = <u32>ctz(left);
    if (unpin(device, number, taken) === Refusal.None) {
      pinsToGo &= ~(1 << number);
    }
  }
}

/** An ending as it is kept: the tag, and the status above it. */
const ENDING_BYTES: u32 = 8;
const STATUS_SHIFT: u64 = 32;
const RECORD_BYTES: u32 = offsetof<Client>() + DEPTH_MAX * ENDING_BYTES;

const clients: usize = memory.data(CLIENTS_MAX * RECORD_BYTES, 8);

let requests: u64 = 0;

/**
 * The record for the client with this badge: its own, a free one, or that of the client that asked least recently and
 * has no read under way. Null if all others have reads under way.
 */
export function clientOf(badge: u32, device: u32, isDeviceInHand: bool, taken: u32): Client | null {
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
  stalest.detach(device, isDeviceInHand, taken);
  stalest.begin(badge);
  stalest.lastUse = requests;
  return stalest;
}

/** A record below CLIENTS_MAX, free or not. */
export function clientAt(index: u32): Client {
  return changetype<Client>(clients + index * RECORD_BYTES);
}

if (offsetof<Client>() % 8 !== 0) {
  ERROR("the endings behind a Client are aligned to 8");
}
if (CLIENTS_MAX * DEPTH_MAX > REQUESTS_MAX) {
  ERROR("clients that order as many reads as they may could keep others from reading");
}
