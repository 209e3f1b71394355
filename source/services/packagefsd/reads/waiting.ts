/**
 * The requests that wait for a slow disk, so that no client waits for another's. A request that needs a block which does not
 * come soon is set aside: its message and reply token are kept here. It is handled again, from its start, when its read has
 * ended. The blocks are in the cache or in the staging memory then, or the client is told why not.
 *
 *     serve.ts ──defer──▶ Waiting ──nextDue──▶ resume.ts: handled again ──▶ answered, or deferred once more
 *
 * All of this is bounded: WAITING_MAX requests, one of each client, and WAITING_MILLISECONDS for each. Nothing tells us that
 * a client has ended or has given up. Its request is handled all the same, and the answer goes nowhere. But a client makes
 * one call at a time. So if another request comes from its badge, the older one is not waited for any more.
 */
import { MESSAGE_BYTES_MAX, messageInfo } from "abi/message";
import { NO_SLOT } from "abi/syscall";
import { finishMessage } from "capnp/build";
import { outOfLine } from "capnp/intrinsics";
import { FsStatus, PackageFsAttachResultsBuilder } from "gen/idl/package_fs";
import { deadlineIn } from "runtime/call";
import { messagePage, reply } from "runtime/ipc";
import { Outcome, Request } from "runtime/service";
import { startup } from "runtime/startup";
import { awaitedRead } from "../blocks";
import { attachmentOf } from "../clients";
import { MESSAGE_KEPT_BYTES, WAITING_MAX, WAITING_MILLISECONDS } from "../limits";
import { keptMessage } from "./kept";
import { activeReads, endedReads, Read } from "./table";

/** A Waiting; its Request and its message follow behind it. */
@unmanaged
@final
export class Waiting {
  /** When the client is told that the disk does not answer, in ticks; 0: there is no request here. */
  until: u64;
  /** The read that it waits for, and its id; null: any read that ends makes room for its own. */
  private read: Read | null;
  private readId: u32;
  /** Reads that had ended when it was set aside. */
  private endings: u32;
  /** Which memory the client had attached. The place of a read is an offset in it. */
  attachment: u32;

  get request(): Request {
    return changetype<Request>(changetype<usize>(this) + WAITING_BYTES);
  }

  get message(): usize {
    return changetype<usize>(this) + WAITING_BYTES + offsetof<Request>();
  }

  /** It waits for this read; null for any. */
  wait(read: Read | null): void {
    this.read = read;
    this.endings = endedReads();
    if (read !== null) {
      this.readId = read.id;
      read.waiters++;
    }
  }

  /** It does not wait for a read any more. */
  stopWaiting(): void {
    const read = this.read;
    if (read !== null && read.id === this.readId) {
      read.waiters--;
    }
    this.read = null;
  }

  /** Whether what it waits for has come, or its time is over. */
  isDue(time: u64): bool {
    if (this.until === 0) {
      return false;
    }
    return this.hasCome || time >= this.until;
  }

  private get hasCome(): bool {
    const read = this.read;
    return read === null
      ? this.endings !== endedReads() || activeReads() === 0
      : read.id !== this.readId || !read.isActive;
  }

  /** The request is answered. */
  finish(): void {
    this.stopWaiting();
    this.until = 0;
    count--;
  }
}

const WAITING_BYTES: usize = (offsetof<Waiting>() + 7) & ~7;
const RECORD_BYTES: usize = WAITING_BYTES + offsetof<Request>() + <usize>MESSAGE_KEPT_BYTES;

const all = memory.data(WAITING_MAX * <u32>RECORD_BYTES, 8);
let count: u32 = 0;
let lastDue: u32 = 0;
/** Places for requests: WAITING_MAX, once one had to wait. */
let places: u32 = 0;

/** Requests that wait. */
export function waitingRequests(): u32 {
  return count;
}

/**
 * The request has to wait for a block (`awaitedRead`). Deferred: it was set aside, or stays so. Otherwise its client is told
 * `busy`: as many wait as may, or its message is longer than any that has to be.
 */
export function defer(request: Request): Outcome {
  outOfLine();
  places = WAITING_MAX;
  const known = placeWith(false, request.badge);
  if (known !== null && known.request === request) {
    known.wait(awaitedRead());
    return Outcome.Deferred;
  }
  if (known !== null) {
    // Its caller has ended or given up. One that has not learns that it has to ask again.
    known.finish();
    reply(known.request.token, messageInfo(tellBusy()), 0, 0);
  }
  const free = placeWith(true, 0);
  if (free === null || request.bytes > MESSAGE_KEPT_BYTES) {
    return request.answer(tellBusy(), 0, 0);
  }
  count++;
  free.until = deadlineIn(WAITING_MILLISECONDS, startup().timebase);
  free.attachment = attachmentOf(request.badge);
  memory.copy(changetype<usize>(free.request), changetype<usize>(request), offsetof<Request>());
  memory.copy(free.message, keptMessage(), <usize>request.bytes);
  // What came along is dropped with the original (runtime/service.ts). No method that reads the disk needs it.
  free.request.slot = NO_SLOT;
  free.wait(awaitedRead());
  return Outcome.Deferred;
}

/** An answer that is a valid result of every method: each begins with the status. */
function tellBusy(): u32 {
  const results = PackageFsAttachResultsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  results.status = FsStatus.busy;
  return finishMessage();
}

/** A place without a request, or the one of the client with this badge; null if there is none. */
function placeWith(isFree: bool, badge: u32): Waiting | null {
  outOfLine();
  for (let index: u32 = 0; index < places; index++) {
    const each = at(index);
    if (isFree ? each.until === 0 : each.until !== 0 && each.request.badge === badge) {
      return each;
    }
  }
  return null;
}

/** A request that can be handled again by now; null for none. They take turns. */
export function nextDue(time: u64): Waiting | null {
  for (let step: u32 = 1; step <= places; step++) {
    const index = (lastDue + step) % places;
    if (at(index).isDue(time)) {
      lastDue = index;
      return at(index);
    }
  }
  return null;
}

function at(index: u32): Waiting {
  return changetype<Waiting>(all + <usize>index * RECORD_BYTES);
}

if (offsetof<Request>() % 8 !== 0 || MESSAGE_KEPT_BYTES % 8 !== 0) {
  ERROR("what lies behind a Waiting is aligned to 8");
}
