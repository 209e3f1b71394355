/**
 * Call, receive, reply. A caller that finds its receiver waiting hands this hart over to it at once, also when the
 * receiver ran on another before: no run queue, no interrupt. Reached from syscall/ipc.ts; a wake-up goes on in sched/wake.ts.
 *
 *   caller                         endpoint                       server
 *   Call ── receiver waits? ─────────────────────────────────▶ goes on with the message, on the caller's hart
 *     │         └ no: Sending, in the queue  ◀── claims ──── Receive
 *     ▼
 *   Replying(server) ◀──────────── Reply(token) ────────────────  the token is the caller's wait word: it is good once
 */

import { Refusal } from "abi/refusal";
import { Wait } from "abi/task";
import { Hart, thisHart } from "../arch/riscv/hart";
import { armDeadline } from "../sched/deadline";
import { handOver, lookSoon } from "../sched/schedule";
import { payFrom, payItself } from "../sched/time";
import { wake } from "../sched/wake";
import { isClosed, releaseNotification, retainNotification } from "../task/endpoint";
import { Capability } from "../task/handles";
import { Endpoint, Task } from "../task/objects";
import { claim, endWait, nextWord, publish, publishWord, TASKS_MAX, taskAt, waitKind } from "../task/task";
import { claimCaller, claimReceiver } from "./endpoint";
import { signal } from "./notification";
import { callAgain, setNotified, setStatus } from "./results";
import { checkMessage, checkRoom, deliver } from "./transfer";

/** A reply token: the caller's index, and above it its wait word as far as there is room. */
const TOKEN_INDEX_BITS: u64 = 8;
const TOKEN_INDEX_MASK: u64 = (1 << TOKEN_INDEX_BITS) - 1;
if (<u64>TASKS_MAX > TOKEN_INDEX_MASK + 1) {
  ERROR("a task's index does not fit a reply token");
}

/** What a server answers `task` with while its wait word is `word`. */
export function tokenOf(task: Task, word: u64): u64 {
  return (word << TOKEN_INDEX_BITS) | <u64>task.index;
}

/** Syscall.Call by `caller`, which runs on this hart, through `capability` (checked: an endpoint, Right.Send). */
export function call(hart: Hart, caller: Task, capability: Capability, deadline: u64): void {
  const refusal = checkMessage(caller);
  if (refusal !== Refusal.None) {
    return setStatus(caller, refusal);
  }

  const endpoint = capability.endpoint;
  endpoint.lock.acquire();
  const receiver = claimReceiver(endpoint);
  if (receiver === null) {
    return send(hart, caller, capability, deadline);
  }
  const noRoom = checkRoom(caller, receiver);
  if (noRoom !== Refusal.None) {
    // The receiver goes on waiting: it could not take what came along, and that is the caller's news.
    resumeReceiving(endpoint, receiver);
    return setStatus(caller, noRoom);
  }
  endpoint.lock.release();

  const word = nextWord(caller, Wait.Replying);
  deliver(caller, receiver, capability.badge, tokenOf(caller, word));
  caller.server = receiver;
  receiver.payer = caller.payer;
  armDeadline(hart, caller, deadline);
  endWait(receiver);
  publishWord(caller, word);
  handOver(hart, receiver);
}

/**
 * No task receives: the caller waits in the queue, its message in its registers. The endpoint's lock is held, and
 * released here.
 */
function send(hart: Hart, caller: Task, capability: Capability, deadline: u64): void {
  const endpoint = capability.endpoint;
  if (isClosed(endpoint)) {
    endpoint.lock.release();
    return setStatus(caller, Refusal.PeerGone);
  }
  caller.endpoint = endpoint;
  caller.badge = capability.badge;
  hart.running = 0;
  armDeadline(hart, caller, deadline);
  endpoint.callers.append(caller);
  publish(caller, Wait.Sending);
  endpoint.lock.release();
  lookSoon(hart);
}

/**
 * A claimed receiver goes back to where it was in the queue. The lock is held since it was claimed, so no caller has
 * missed it meanwhile; it is released here. A signal may have missed it: that left its bits.
 */
function resumeReceiving(endpoint: Endpoint, receiver: Task): void {
  const bound = receiver.bound;
  // Once it is published the receiver may end, and its binding with it.
  if (bound !== null) {
    retainNotification(bound);
  }
  endpoint.receivers.prepend(receiver);
  publish(receiver, Wait.Receiving);
  endpoint.lock.release();
  if (bound === null) {
    return;
  }
  signal(bound, 0);
  releaseNotification(bound);
}

/**
 * Syscall.Receive by `server`, which runs on this hart: takes the bits of the bound notification, else the first
 * caller, else waits for either. True if it goes on at once.
 */
export function receive(hart: Hart, server: Task, capability: Capability, deadline: u64): bool {
  server.serves = 1;
  payItself(hart, server);
  const bound = server.bound;
  if (bound === null) {
    return receiveMessage(hart, server, capability, deadline);
  }
  // Held until the server is in the endpoint's queue, so that a signal either leaves its bits before this or finds the
  // server waiting.
  bound.lock.acquire();
  const bits = bound.bits;
  if (bits !== 0) {
    bound.bits = 0;
    bound.lock.release();
    setNotified(server, bits);
    return true;
  }
  const goesOn = receiveMessage(hart, server, capability, deadline);
  bound.lock.release();
  return goesOn;
}

/** Callers that are refused in one go, with interrupts off. */
const REFUSALS_A_TURN: u32 = 8;

function receiveMessage(hart: Hart, server: Task, capability: Capability, deadline: u64): bool {
  const endpoint = capability.endpoint;
  endpoint.lock.acquire();
  for (let refusals: u32 = 0; ; refusals++) {
    // Callers that the receiver has no room for are many only if they mean it: interrupts are taken in between.
    if (refusals === REFUSALS_A_TURN) {
      endpoint.lock.release();
      callAgain(server);
      return true;
    }
    const caller = claimCaller(endpoint);
    if (caller === null) {
      break;
    }
    const refused = checkRoom(caller, server);
    if (refused === Refusal.None) {
      const word = nextWord(caller, Wait.Replying);
      deliver(caller, server, caller.badge, tokenOf(caller, word));
      caller.server = server;
      payFrom(hart, server, caller.payer);
      publishWord(caller, word);
      endpoint.lock.release();
      return true;
    }
    setStatus(caller, refused);
    endpoint.lock.release();
    wake(caller);
    endpoint.lock.acquire();
  }
  server.endpoint = endpoint;
  hart.running = 0;
  armDeadline(hart, server, deadline);
  endpoint.receivers.append(server);
  publish(server, Wait.Receiving);
  endpoint.lock.release();
  return false;
}

/** Claims the task that `token` stands for, if it waits for a reply of `server`; null if not (any more). */
export function claimReplier(server: Task, token: u64): Task | null {
  const index = token & TOKEN_INDEX_MASK;
  if (index >= TASKS_MAX) {
    return null;
  }
  const caller = taskAt(<u32>index);
  const word = caller.waitWord;
  if (waitKind(word) !== Wait.Replying || ((word << TOKEN_INDEX_BITS) | index) !== token) {
    return null;
  }
  // `server` was written before this word was stored, and belongs to it.
  if (caller.server !== server || !claim(caller, word)) {
    return null;
  }
  return caller;
}

/** Delivers the reply; what cannot be delivered becomes the caller's status, so that it never waits in vain. */
function answer(server: Task, caller: Task): Refusal {
  const refused = checkRoom(server, caller);
  if (refused === Refusal.None) {
    deliver(server, caller, 0, 0);
  } else {
    setStatus(caller, refused);
  }
  return refused;
}

/** Syscall.Reply. */
export function reply(server: Task, token: u64): void {
  const refusal = checkMessage(server);
  if (refusal !== Refusal.None) {
    return setStatus(server, refusal);
  }
  const caller = claimReplier(server, token);
  if (caller === null) {
    return setStatus(server, Refusal.NotWaiting);
  }
  setStatus(server, answer(server, caller));
  payItself(thisHart(), server);
  wake(caller);
}

/**
 * Syscall.ReplyReceive and ReplyReceiveUntil: if the server waits afterwards, the hart goes straight to the caller.
 */
export function replyReceive(
  hart: Hart,
  server: Task,
  capability: Capability,
  token: u64,
  deadline: u64,
): void {
  const refusal = checkMessage(server);
  if (refusal !== Refusal.None) {
    return setStatus(server, refusal);
  }
  const caller = claimReplier(server, token);
  // A caller that gave up meanwhile is no reason for the server to stop serving.
  if (caller !== null) {
    answer(server, caller);
  }
  const goesOn = receive(hart, server, capability, deadline);
  if (caller === null) {
    return;
  }
  if (goesOn) {
    return wake(caller);
  }
  endWait(caller);
  handOver(hart, caller);
}
