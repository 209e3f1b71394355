/**
 * The reads that are under way: a fixed table of slots, each free, in flight or done.
 *
 *   free ──take──▶ in flight ──finish──▶ done ──takeDone──▶ free
 *
 * The queue gives back the slot's number with an answer, so an answer finds its read without a search, in any order.
 * Free and done slots are two lists, first in, first out: completions are reported in the order in which they happened,
 * and a slot rests as long as possible before it is used again. Slots in flight are a list by their deadlines. Deadlines
 * mostly come in their order, so a new one belongs at its end.
 */
/** Reads that a device has at the same time. */
export const REQUESTS_MAX: u32 = 64;
/** "No deadline", and what `nextDeadline` says when nothing is in flight. */
export const NO_DEADLINE: u64 = u64.MAX_VALUE;
/** No such slot: ends a list. */
export const NO_SLOT: u32 = 0xffff;

/** How a read ended. */
export const enum Outcome {
  Ok = 0,
  /** The device says that it failed. */
  DeviceError = 1,
  /** The device does not know this request. */
  Unsupported = 2,
  /** Not answered by its deadline. The device was reset, so it writes no more. */
  TimedOut = 3,
  /** The device was reset for another reason. May be tried again. */
  Aborted = 4,
  /** The device did not stop when reset: it may still write to this memory, which must never be used again. */
  Lost = 5,
}

export const enum RequestState {
  Free = 0,
  InFlight = 1,
  Done = 2,
}

/** A slot. */
@unmanaged
@final
export class Request {
  tag: u64;
  lba: u64;
  /** Absolute, in the unit of the caller's clock. */
  deadline: u64;
  sectorCount: u32;
  state: RequestState;
  outcome: Outcome;
  /** The next slot of the list that this one is on. */
  next: u32;
  /** In flight: the slot before this one. */
  previous: u32;
  private reserved: u32;
}

@unmanaged
@final
export class RequestTable {
  private inFlight: u32;
  private freeFirst: u32;
  private freeLast: u32;
  private doneFirst: u32;
  private doneLast: u32;
  private dueFirst: u32;
  private dueLast: u32;

  /** Slots that the device has. */
  get inFlightCount(): u32 {
    return this.inFlight;
  }

  /** The slot that `take` would give, or NO_SLOT when all are in use. */
  get nextFree(): u32 {
    return this.freeFirst;
  }

  /** Forgets everything: all slots are free. */
  empty(): void {
    for (let slot: u32 = 0; slot < REQUESTS_MAX; slot++) {
      const request = this.at(slot);
      request.state = RequestState.Free;
      request.next = slot + 1 < REQUESTS_MAX ? slot + 1 : NO_SLOT;
    }
    this.inFlight = 0;
    this.freeFirst = 0;
    this.freeLast = REQUESTS_MAX - 1;
    this.doneFirst = NO_SLOT;
    this.doneLast = NO_SLOT;
    this.dueFirst = NO_SLOT;
    this.dueLast = NO_SLOT;
  }

  /** Takes the slot `nextFree` for a read that goes out now, and is due at `deadline`. There has to be one. */
  take(deadline: u64): Request {
    const slot = this.freeFirst;
    const request = this.at(slot);
    this.freeFirst = request.next;
    request.state = RequestState.InFlight;
    request.deadline = deadline;
    this.inFlight++;
    let before = this.dueLast;
    while (before !== NO_SLOT && this.at(before).deadline > deadline) {
      before = this.at(before).previous;
    }
    this.insertAfter(before, slot);
    return request;
  }

  /** Puts a slot into the list of those in flight, behind `before`, or in front of all. */
  private insertAfter(before: u32, slot: u32): void {
    const request = this.at(slot);
    const after = before === NO_SLOT ? this.dueFirst : this.at(before).next;
    request.previous = before;
    request.next = after;
    if (before === NO_SLOT) {
      this.dueFirst = slot;
    } else {
      this.at(before).next = slot;
    }
    if (after === NO_SLOT) {
      this.dueLast = slot;
    } else {
      this.at(after).previous = slot;
    }
  }

  /** Takes a slot out of that list. */
  private takeOut(request: Request): void {
    if (request.previous === NO_SLOT) {
      this.dueFirst = request.next;
    } else {
      this.at(request.previous).next = request.next;
    }
    if (request.next === NO_SLOT) {
      this.dueLast = request.previous;
    } else {
      this.at(request.next).previous = request.previous;
    }
  }

  /** Ends the read of a slot that is in flight. */
  finish(slot: u32, outcome: Outcome): void {
    const request = this.at(slot);
    assert(request.state === RequestState.InFlight);
    this.takeOut(request);
    request.state = RequestState.Done;
    request.outcome = outcome;
    request.next = NO_SLOT;
    if (this.doneFirst === NO_SLOT) {
      this.doneFirst = slot;
    } else {
      this.at(this.doneLast).next = slot;
    }
    this.doneLast = slot;
    this.inFlight--;
  }

  /** The slot that ended first and was not taken yet. It is now free; its fields stay until the next `take`. */
  takeDone(): u32 {
    const slot = this.doneFirst;
    if (slot === NO_SLOT) {
      return NO_SLOT;
    }
    const request = this.at(slot);
    this.doneFirst = request.next;
    request.state = RequestState.Free;
    request.next = NO_SLOT;
    if (this.freeFirst === NO_SLOT) {
      this.freeFirst = slot;
    } else {
      this.at(this.freeLast).next = slot;
    }
    this.freeLast = slot;
    return slot;
  }

  /** The earliest deadline in flight, or NO_DEADLINE. */
  nextDeadline(): u64 {
    return this.dueFirst === NO_SLOT ? NO_DEADLINE : this.at(this.dueFirst).deadline;
  }

  /** Ends all reads in flight: those due by `now` with `outcomeOfDue`, the others with `outcome`. */
  finishAll(now: u64, outcomeOfDue: Outcome, outcome: Outcome): void {
    for (let slot: u32 = 0; slot < REQUESTS_MAX; slot++) {
      const request = this.at(slot);
      if (request.state !== RequestState.InFlight) {
        continue;
      }
      this.finish(slot, request.deadline <= now ? outcomeOfDue : outcome);
    }
  }

  /** A slot below REQUESTS_MAX. */
  at(slot: u32): Request {
    return changetype<Request>(changetype<usize>(this) + SLOTS_OFFSET + slot * offsetof<Request>());
  }
}

/** The slots follow the lists' heads, aligned to 8. */
const SLOTS_OFFSET: u32 = (offsetof<RequestTable>() + 7) & ~7;

/** Bytes of a table with its slots. */
export const TABLE_BYTES: u32 = SLOTS_OFFSET + REQUESTS_MAX * offsetof<Request>();

if (offsetof<Request>() % 8 !== 0) {
  ERROR("a Request must be a multiple of 8 bytes");
}
