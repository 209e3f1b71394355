/**
 * The loop of every service: wait for the next event, let the service's own functions handle it, answer, again.
 *
 *        ┌──▶ onTime ──▶ receive ──┬─▶ a message      ──▶ onRequest ──┬─▶ Outcome.Reply: answered at the next receive
 *        │                         ├─▶ a notification ──▶ onSignal    └─▶ Outcome.Deferred: the service answers
 *        │                         └─▶ the deadline                       later, with `answerAtWait(token, …)`
 *        └─────────────────────────────────┘
 *
 * A capability that came with a request and was not kept (`keepSlot`) is dropped here, so a client can not fill a
 * service's table. Reached from every service's main.ts; goes on in ipc.ts.
 */
import { infoBadge, infoBytes, infoSlotPlusOne, messageInfo, messageInfoWithSlot } from "abi/message";
import { Refusal } from "abi/refusal";
import { FOREVER, NO_SLOT, NOTIFIED } from "abi/syscall";
import { drop } from "./call";
import { receive, receivedInfo, reply, replyReceive, replyReceiveUntil, replyToken, word } from "./ipc";

/** How a service answers a request. */
export const enum Outcome {
  /** The answer is in the request's reply fields (and in the message page). */
  Reply = 0,
  /** The service keeps the token and answers later. */
  Deferred = 1,
}

/**
 * A copy of one request, so that later messages cannot change it. The message page is not copied: it holds the request
 * until the service writes its answer there.
 *
 *   0      8    16   24   32   40      44      48     52     56           64       72
 *   │token │ w0 │ w1 │ w2 │ w3 │ badge │ bytes │ slot │ kept │ replyInfo  │ replyW0 │ replyW1 │
 */
@unmanaged
@final
export class Request {
  /** Stands for the caller that waits. */
  token: u64;
  w0: u64;
  w1: u64;
  w2: u64;
  w3: u64;
  /** Of the endpoint capability that was called: names the caller. */
  badge: u32;
  /** How much of the message page was sent. */
  bytes: u32;
  /** The capability that came along, or NO_SLOT. */
  slot: u32;
  private kept: u32;
  replyInfo: u64;
  replyW0: u64;
  replyW1: u64;

  /** Keeps the capability that came along for the service. */
  keepSlot(): u32 {
    this.kept = 1;
    return this.slot;
  }

  /** The answer: two words, and `bytes` of the message page. */
  answer(bytes: u32, w0: u64, w1: u64): Outcome {
    this.replyInfo = messageInfo(bytes);
    this.replyW0 = w0;
    this.replyW1 = w1;
    return Outcome.Reply;
  }

  /** The same with a copy of `slot`, its rights cut to `rights`, and without words. */
  answerWithSlot(bytes: u32, slot: u32, rights: u32): Outcome {
    this.answer(bytes, 0, 0);
    this.replyInfo = messageInfoWithSlot(bytes, slot, rights);
    return Outcome.Reply;
  }

  /** Takes over the message that `receive` just brought. */
  take(): void {
    const info = receivedInfo();
    const slotPlusOne = infoSlotPlusOne(info);
    this.w0 = word(0);
    this.w1 = word(1);
    this.w2 = word(2);
    this.w3 = word(3);
    this.token = replyToken();
    this.badge = infoBadge(info);
    this.bytes = infoBytes(info);
    this.slot = slotPlusOne === 0 ? NO_SLOT : slotPlusOne - 1;
    this.kept = 0;
    this.answer(0, 0, 0);
  }

  /** After the service is done with the request. */
  settle(): void {
    if (this.slot !== NO_SLOT && this.kept === 0) {
      drop(this.slot);
    }
  }
}

/** An answer that goes out as the service waits again. */
@unmanaged
@final
class Owed {
  token: u64;
  info: u64;
  w0: u64;
  w1: u64;
  /** 0: none is owed. */
  isOwed: u32;
}

const request = changetype<Request>(memory.data(offsetof<Request>(), 8));
const owed = changetype<Owed>(memory.data(offsetof<Owed>(), 8));

/**
 * Answers the caller behind `token` as the service waits again: one system call does both, and the hart goes straight
 * to the caller, without an interrupt to another hart. Until then the answer's bytes stand in the message page. Only
 * one answer can be owed: the service calls `sendOwed` before it writes the next.
 *
 * @param info which bytes of the message page go along (abi/message.ts)
 */
export function answerAtWait(token: u64, info: u64, w0: u64, w1: u64): void {
  owed.token = token;
  owed.info = info;
  owed.w0 = w0;
  owed.w1 = w1;
  owed.isOwed = 1;
}

/** Sends the answer that is owed, if one is: the message page is free afterwards. */
export function sendOwed(): void {
  if (owed.isOwed === 0) {
    return;
  }
  owed.isOwed = 0;
  // A caller that gave up waiting does not matter to the service.
  reply(owed.token, owed.info, owed.w0, owed.w1);
}

/** For `onTime` of a service that waits for nothing but messages and notifications. */
export function never(): u64 {
  return FOREVER;
}

/** For `onSignal` of a service that has bound no notification. */
export function ignoreSignal(bits: u64): void {
  assert(bits === 0);
}

/**
 * Serves `endpoint` for as long as the kernel lets it.
 *
 * @param onRequest handles one message
 * @param onSignal handles the bits of the bound notification
 * @param onTime handles passed deadlines, and returns until when to wait at most (in ticks, FOREVER for no limit)
 * @returns the Refusal that ended the loop: the endpoint is gone, or was never ours to receive on
 */
export function serve(
  endpoint: u32,
  onRequest: (request: Request) => Outcome,
  onSignal: (bits: u64) => void,
  onTime: () => u64,
): i32 {
  let status: i32 = 0;
  do {
    const deadline = onTime();
    status = next(endpoint, deadline);
    if (status === NOTIFIED) {
      onSignal(word(0));
    } else if (status === 0) {
      request.take();
      if (onRequest(request) === Outcome.Reply) {
        answerAtWait(request.token, request.replyInfo, request.replyW0, request.replyW1);
      }
      request.settle();
    }
  } while (status >= 0 || status === Refusal.TimedOut || status === Refusal.NotWaiting);
  return status;
}

/** Sends the answer that is owed and waits for the next event, in one system call. */
function next(endpoint: u32, deadline: u64): i32 {
  if (owed.isOwed === 0) {
    return receive(endpoint, deadline);
  }
  owed.isOwed = 0;
  // A hart goes straight to the caller by either of these. The first has a shorter way through the kernel.
  return deadline === FOREVER
    ? replyReceive(endpoint, owed.info, owed.w0, owed.w1, owed.token)
    : replyReceiveUntil(endpoint, owed.info, owed.w0, owed.w1, deadline, owed.token);
}

/** The request that came last. It is valid until the next one is received. */
export function lastRequest(): Request {
  return request;
}
