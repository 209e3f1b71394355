/**
 * The reads of the disk. Each has a part of the staging memory for itself. A read that was just started is waited for. While
 * the image is served, that is a short time only (PATIENCE_MILLISECONDS): then the read stays under way, its request waits
 * aside (waiting.ts), and other clients are served.
 *
 * A block service that ended is started again. It then has to be given the staging memory first, because it does not know us.
 * What the device has written is never trusted: blocks.ts copies and verifies it.
 *
 * Reached from blocks.ts and resume.ts; goes on in table.ts and disk.ts, by `exchange` of virtio_blk.capnp.
 */

import { MESSAGE_BYTES_MAX } from "abi/message";
import { Refusal } from "abi/refusal";
import { NO_SLOT } from "abi/syscall";
import { outOfLine } from "capnp/intrinsics";
import {
  BlkStatus,
  DEPTH_MAX,
  VirtioBlkExchangeParamsBuilder,
  VirtioBlkExchangeResults,
  VirtioBlkMethod,
} from "gen/idl/virtio_blk";
import { callService, MALFORMED_REPLY } from "runtime/client";
import { messagePage } from "runtime/ipc";
import { sleepFor } from "runtime/sleep";
import { attachStaging, blockService } from "../disk";
import {
  ATTACH_WAITS_MAX,
  BLOCK_SHIFT,
  BUSY_MILLISECONDS,
  BUSY_WAITS_MAX,
  PATIENCE_MILLISECONDS,
  READS_MAX,
  REATTACH_MAX,
  SECTORS_PER_BLOCK,
} from "../limits";
import { keepMessage } from "./kept";
import {
  activeReads,
  beginExchange,
  endedReads,
  forAll,
  placeAt,
  Read,
  readAt,
  readsToStart,
  readWith,
} from "./table";

let leavesSlow: bool = false;

/** From now on a read that takes longer than PATIENCE_MILLISECONDS is left under way. */
export function leaveSlowReads(): void {
  leavesSlow = true;
}

/** Waits for a read that was just started. False: it takes longer, and stays under way. */
export function awaitRead(read: Read): bool {
  const patience: u32 = leavesSlow ? PATIENCE_MILLISECONDS : 0;
  // In each turn a read ends or is postponed, or it is the last one.
  for (let turns: u32 = 0; turns < READS_MAX * (BUSY_WAITS_MAX + 2); turns++) {
    const before = endedReads();
    exchange(1, patience);
    if (!read.isActive) {
      return true;
    }
    if (leavesSlow && (!read.isUnderWay || endedReads() === before)) {
      return false;
    }
    if (!read.isUnderWay) {
      sleepFor(BUSY_MILLISECONDS);
    }
  }
  read.endIfActive(Refusal.TimedOut);
  return true;
}

/** Looks after the reads that were left under way: which have ended, which are to be asked for again. */
export function lookAfter(time: u64): void {
  exchange(0, 0);
  forAll((read, now) => read.endIfTooLate(now), time);
}

/** Forgets the reads that no request needs any more. The next request for a block that failed reads it anew. */
export function forgetReads(isAnyWaiting: bool): void {
  forAll((read, isAny) => read.freeIfUnwanted(isAny !== 0), isAnyWaiting ? 1 : 0);
}

/** Asks for all reads that are to be started, and takes note of those that have ended. */
function exchange(waitFor: u32, patience: u32): void {
  outOfLine();
  keepMessage();
  let status = ask(waitFor, patience);
  // A service that ended is started again, and then knows neither our memory nor our reads.
  for (let turns: u32 = 0; turns <= REATTACH_MAX && isForgotten(status); turns++) {
    forAll((read, why) => read.loseIfUnderWay(<i32>why), status);
    if (activeReads() === 0) {
      return;
    }
    status = attachStaging(leavesSlow ? 0 : ATTACH_WAITS_MAX);
    if (status === <i32>BlkStatus.ok) {
      status = ask(waitFor, patience);
    }
  }
  if (status === <i32>BlkStatus.busy) {
    forAll((read, _) => read.postponeIfAsked(), 0);
  } else if (status !== <i32>BlkStatus.ok) {
    forAll((read, why) => read.endIfActive(<i32>why), status);
  }
}

function isForgotten(status: i32): bool {
  return status === Refusal.PeerGone || status === <i32>BlkStatus.notAttached;
}

/** One message to the block service, and its answer. Returns a status or a refusal; with `ok`, the ends were noted. */
function ask(waitFor: u32, patience: u32): i32 {
  outOfLine();
  beginExchange();
  const params = VirtioBlkExchangeParamsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  params.waitFor = waitFor;
  params.patience = patience;
  // One order too many, and none of this call would be done.
  const most = min(readsToStart(), DEPTH_MAX - (activeReads() - readsToStart()));
  params.initOrders(most);
  let orders: u32 = 0;
  for (let place: u32 = 0; orders < most && place < READS_MAX; place++) {
    const read = readAt(place);
    if (read.ask()) {
      const order = params.orders(orders);
      order.lba = <u64>read.block * <u64>SECTORS_PER_BLOCK;
      order.offset = (<u64>placeAt(place)) << BLOCK_SHIFT;
      order.count = read.count * SECTORS_PER_BLOCK;
      order.tag = read.id;
      orders++;
    }
  }
  const length = callService(blockService(), VirtioBlkMethod.exchange, NO_SLOT, 0);
  if (length < 0) {
    return length;
  }
  const results = VirtioBlkExchangeResults.open(messagePage(), length);
  if (results === null) {
    return MALFORMED_REPLY;
  }
  if (results.status === BlkStatus.ok) {
    for (let number: u32 = 0; number < results.endingsLength; number++) {
      const ending = results.endings(number);
      noteEnding(ending.tag, ending.status);
    }
  }
  return results.status;
}

/** A read has ended; not necessarily one that is still of interest. */
function noteEnding(id: u32, status: BlkStatus): void {
  const read = readWith(id);
  if (read === null || !read.isUnderWay) {
    return;
  }
  if (status === BlkStatus.busy) {
    read.postpone();
  } else {
    read.endIfActive(status);
  }
}
