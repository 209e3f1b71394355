/**
 * What packagefsd does between two requests: looks after the reads that were left under way, and handles a request again
 * that waited for one. One at a time, so that new requests get their turn. Reached from main.ts, whose service loop calls
 * it; goes on in serve.ts.
 */
import { FOREVER } from "abi/syscall";
import { outOfLine } from "capnp/intrinsics";
import { FsStatus } from "gen/idl/package_fs";
import { now } from "runtime/call";
import { messagePage } from "runtime/ipc";
import { answerAtWait, Outcome, sendOwed } from "runtime/service";
import { startup } from "runtime/startup";
import { attachmentOf } from "../clients";
import { LOOK_MILLISECONDS } from "../limits";
import { onRequest, refused } from "../serve";
import { forgetReads, lookAfter } from "./reads";
import { activeReads, takenReads } from "./table";
import { nextDue, Waiting, waitingRequests } from "./waiting";

let nextLook: u64 = 0;

/** Until when the service may wait for the next request: for ever, unless the disk is slow. */
export function onTime(): u64 {
  return (takenReads() | waitingRequests()) === 0 ? FOREVER : goOn();
}

function goOn(): u64 {
  outOfLine();
  // From here on the message page is used for other things.
  sendOwed();
  const time = now();
  if (time >= nextLook) {
    if (activeReads() !== 0) {
      lookAfter(time);
    }
    nextLook = time + (LOOK_MILLISECONDS * startup().timebase) / 1000;
  }
  const due = nextDue(time);
  if (due !== null) {
    handleAgain(due, time);
    return time;
  }
  // All that waited for a read that failed were told.
  forgetReads(waitingRequests() !== 0);
  return (takenReads() | waitingRequests()) === 0 ? FOREVER : nextLook;
}

function handleAgain(waiting: Waiting, time: u64): void {
  const request = waiting.request;
  waiting.stopWaiting();
  if (handled(waiting, time) === Outcome.Deferred) {
    return;
  }
  waiting.finish();
  answerAtWait(request.token, request.replyInfo, request.replyW0, request.replyW1);
}

function handled(waiting: Waiting, time: u64): Outcome {
  const request = waiting.request;
  if (time >= waiting.until) {
    return refused(request, FsStatus.deviceError);
  }
  if (attachmentOf(request.badge) !== waiting.attachment) {
    // The client, or its next life, attached other memory meanwhile. The bytes must not go there.
    return refused(request, FsStatus.notAttached);
  }
  memory.copy(messagePage(), waiting.message, <usize>request.bytes);
  return onRequest(request);
}
