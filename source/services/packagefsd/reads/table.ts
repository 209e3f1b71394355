/**
 * The table of the reads of the disk: one for each place in the staging memory.
 *
 *     Free ──startRead──▶ ToStart ──ask──▶ UnderWay ──▶ Ended ──hold──▶ Held ──free──▶ Free
 *                            ▲                │           ▲              │
 *                            └── asked again ◀┘           └── release ───┘
 *
 * A read is asked for again if the block service was busy, or ended and was started again.
 *
 * The whole program is hashed at each boot, so this rare part has to be small: its loops go through `forAll`, and the compiler
 * does not know the number of their turns.
 */
import { Refusal } from "abi/refusal";
import { outOfLine } from "capnp/intrinsics";
import { BlkStatus, DEPTH_MAX } from "gen/idl/virtio_blk";
import { ImageError } from "pkgimg/format";
import { startup } from "runtime/startup";
import { BLOCK_CALL_MILLISECONDS, BUSY_WAITS_MAX, READS_MAX, REATTACH_MAX, STAGING_BLOCKS } from "../limits";

// One of them has ended while its tree block is read.
if (READS_MAX - 1 > DEPTH_MAX) {
  ERROR("the block service lets a client have fewer reads under way");
}

const enum State {
  Free = 0,
  ToStart = 1,
  UnderWay = 2,
  Ended = 3,
  /** It has ended, and its blocks are being taken. */
  Held = 4,
}

@unmanaged
@final
export class Read {
  /** When it was first looked after as a slow one, in ticks; 0: never. */
  private since: u64;
  /** Tells it from all other reads, earlier ones in the same place included; its place is in the lowest bits. */
  id: u32;
  private state: State;
  block: u32;
  count: u32;
  /** How it ended: a BlkStatus or a Refusal; `ok` before. */
  status: i32;
  /** Why its first block was refused when it was read before, and which block was wrong; None if this is the first time. */
  doubt: ImageError;
  doubtful: u32;
  /** Requests that wait aside for it. */
  waiters: u32;
  /** In which exchange it was last asked for. */
  private asked: u32;
  /** How often the block service was too busy for it, and how often it ended with it. */
  private busyTimes: u32;
  private losses: u32;
  private reserved: u32;

  /** Whether its end is still to come. */
  get isActive(): bool {
    return this.state === State.ToStart || this.state === State.UnderWay;
  }

  get isUnderWay(): bool {
    return this.state === State.UnderWay;
  }

  /** Whether it failed. */
  get hasFailed(): bool {
    return this.status !== <i32>BlkStatus.ok;
  }

  get isFree(): bool {
    return this.state === State.Free;
  }

  /** Whether it has ended, and no request waits for it: its part of the staging memory can be had for another read. */
  get isIdle(): bool {
    return this.state === State.Ended && this.waiters === 0;
  }

  /** Whether it brings, or has brought, this block. */
  covers(block: u32): bool {
    // Of a block before the first, the difference is beyond any count.
    return this.state !== State.Free && block - this.block < this.count;
  }

  /** Where in the staging memory `block` is. */
  placeOf(block: u32): u32 {
    return placeAt(this.id % READS_MAX) + (block - this.block);
  }

  /** Its blocks are being taken: no other read gets its memory. */
  hold(): void {
    this.state = State.Held;
  }

  /** They could not be taken yet. */
  release(): void {
    this.state = State.Ended;
  }

  /** They are taken, or mean nothing. Requests that wait for it notice that it is gone. */
  free(): void {
    this.state = State.Free;
    taken--;
  }

  begin(place: u32, block: u32, count: u32): void {
    if (this.state === State.Free) {
      taken++;
    }
    toStart++;
    active++;
    serial++;
    this.id = serial * READS_MAX + place;
    this.state = State.ToStart;
    this.block = block;
    this.count = count;
    this.status = <i32>BlkStatus.ok;
    this.since = 0;
    this.waiters = 0;
    this.busyTimes = 0;
    this.losses = 0;
  }

  /** It is in the message that goes out. */
  ask(): bool {
    if (this.state !== State.ToStart) {
      return false;
    }
    toStart--;
    this.asked = exchanges;
    this.state = State.UnderWay;
    return true;
  }

  /** The block service was too busy for it. */
  postpone(): void {
    this.busyTimes++;
    this.askAgain(this.busyTimes > BUSY_WAITS_MAX, <i32>BlkStatus.busy);
  }

  /** Nothing that was in the last message was started. */
  postponeIfAsked(): void {
    if (this.state === State.ToStart || (this.isUnderWay && this.asked === exchanges)) {
      this.postpone();
    }
  }

  /** The block service ended, or has forgotten us, and the read with it. */
  loseIfUnderWay(status: i32): void {
    if (this.isUnderWay) {
      this.losses++;
      this.askAgain(this.losses > REATTACH_MAX, status);
    }
  }

  endIfActive(status: i32): void {
    if (!this.isActive) {
      return;
    }
    if (this.state === State.ToStart) {
      toStart--;
    }
    this.state = State.Ended;
    this.status = status;
    active--;
    endings++;
  }

  /** Should the block service forget it, the requests that wait for it are told all the same. */
  endIfTooLate(time: u64): void {
    if (this.since === 0) {
      this.since = time;
    }
    if (time - this.since >= (BLOCK_CALL_MILLISECONDS * startup().timebase) / 1000) {
      this.endIfActive(Refusal.TimedOut);
    }
  }

  /** No request that waits needs it. */
  freeIfUnwanted(isAnyWaiting: bool): void {
    if (this.isIdle && (this.hasFailed || !isAnyWaiting)) {
      this.free();
    }
  }

  private askAgain(isEnough: bool, status: i32): void {
    if (isEnough) {
      this.endIfActive(status);
    } else if (this.isUnderWay) {
      this.state = State.ToStart;
      toStart++;
    }
  }
}

const reads = memory.data(READS_MAX * <u32>offsetof<Read>(), 8);
let serial: u32 = 0;
/** Reads that are not free; those among them whose end is still to come; those that are to be started. */
let taken: u32 = 0;
let active: u32 = 0;
let toStart: u32 = 0;
/** Reads that have ended so far, and messages that were sent. */
let endings: u32 = 0;
let exchanges: u32 = 0;
/** Places for reads: READS_MAX, once there is a disk. */
let places: u32 = 0;

/** Before the first read. */
export function beginReads(): void {
  places = READS_MAX;
}

/** Reads that are not done with. None, unless the disk is slow. */
export function takenReads(): u32 {
  return taken;
}

/** Those among them whose end is still to come. */
export function activeReads(): u32 {
  return active;
}

/** Reads that are to be started. */
export function readsToStart(): u32 {
  return toStart;
}

/** Reads that have ended so far: another number than before means that there is news. */
export function endedReads(): u32 {
  return endings;
}

/** The read that brings this block, or has brought it: rather one that may be good than one that has failed. */
export function readOf(block: u32): Read | null {
  if (taken === 0) {
    return null;
  }
  outOfLine();
  let found: Read | null = null;
  for (let place: u32 = 0; place < places; place++) {
    const each = readAt(place);
    if (each.covers(block) && (found === null || found.hasFailed)) {
      found = each;
    }
  }
  return found;
}

/**
 * A read of `count` blocks from `block` on, or of fewer where less memory is left; null if none is left.
 *
 * @param doubt why the first of them was refused when it was read before, and `doubtful` which block was wrong
 */
export function startRead(block: u32, count: u32, doubt: ImageError, doubtful: u32): Read | null {
  const place = placeForRead();
  if (place === places) {
    return null;
  }
  const read = readAt(place);
  read.begin(place, block, place === 0 ? count : 1);
  read.doubt = doubt;
  read.doubtful = doubtful;
  return read;
}

/** A free place; if there is none, one whose blocks no request waits for; `places` if there is none either. */
function placeForRead(): u32 {
  let idle = places;
  for (let place: u32 = 0; place < places; place++) {
    const each = readAt(place);
    if (each.isFree) {
      return place;
    }
    if (each.isIdle) {
      idle = place;
    }
  }
  return idle;
}

/** A message to the block service begins. */
export function beginExchange(): void {
  exchanges++;
}

/** The read with this id; null if its place is another's by now. */
export function readWith(id: u32): Read | null {
  const read = readAt(id % READS_MAX);
  return read.id === id ? read : null;
}

export function forAll(act: (read: Read, word: u64) => void, word: u64): void {
  outOfLine();
  for (let place: u32 = 0; place < places; place++) {
    act(readAt(place), word);
  }
}

/** Where in the staging memory the blocks of the read in `place` begin. The first has room for many, the others for one. */
export function placeAt(place: u32): u32 {
  return place === 0 ? 0 : STAGING_BLOCKS - 1 + place;
}

export function readAt(place: u32): Read {
  return changetype<Read>(reads + <usize>place * offsetof<Read>());
}

if (offsetof<Read>() % 8 !== 0) {
  ERROR("a Read must be a multiple of 8 bytes");
}
