/**
 * The short way of the system calls that tasks make most: Now, a Call that finds its receiver waiting, and a
 * ReplyReceive whose caller waits while no other call does. The last two are rows of guards, and any guard leaves to the
 * ordinary way (dispatch.ts, ipc/call.ts). Nothing was changed by then, and what a call means is said there alone.
 *
 * The work behind the guards is the ordinary way's own functions. What makes it short is what the guards exclude: no
 * function is called on the way, so all of it stays in registers. Bytes of the message page are copied out of line.
 *
 * Reached from trap.ts. tests/kernel/fast.test.ts holds both ways to the same results.
 */
import { Kind, Right, SLOT_COUNT } from "abi/handle";
import { lowInfo, MESSAGE_BYTES_MAX, receivedInfo } from "abi/message";
import { FOREVER, Syscall } from "abi/syscall";
import { Wait } from "abi/task";
import { After } from "../arch/riscv/context";
import { Hart } from "../arch/riscv/hart";
import { outOfLine } from "../arch/riscv/intrinsics";
import { claimReplier, tokenOf } from "../ipc/call";
import { deliverWords } from "../ipc/transfer";
import { armDeadline } from "../sched/deadline";
import { handOver, isUndisturbed } from "../sched/schedule";
import { capabilityAt } from "../task/handles";
import { isKilled } from "../task/life";
import { Endpoint, Task } from "../task/objects";
import { claimWait, nextWord, passOn } from "../task/task";
import { dispatch } from "./dispatch";
import { now } from "./task";

/** Syscall.Now. */
export function fastNow(hart: Hart, task: Task): After {
  now(hart, task);
  return isUndisturbed(hart) ? After.Same : After.Leave;
}

/** Syscall.Call by `caller`, which runs on this hart. */
export function fastCall(hart: Hart, caller: Task): After {
  const bytes = lowInfo(caller.info);
  if (bytes > MESSAGE_BYTES_MAX || caller.a0 >= SLOT_COUNT) {
    return dispatch(hart, caller, Syscall.Call);
  }
  const capability = capabilityAt(caller, <u32>caller.a0);
  if (!capability.isOf(Kind.Endpoint, Right.Send)) {
    return dispatch(hart, caller, Syscall.Call);
  }
  const endpoint = capability.endpoint;
  endpoint.lock.acquire();
  const receiver = endpoint.receivers.head;
  if (receiver === null || !claimWait(receiver, Wait.Receiving)) {
    endpoint.lock.release();
    return dispatch(hart, caller, Syscall.Call);
  }
  endpoint.receivers.removeHead(receiver);
  endpoint.lock.release();

  deliverWords(caller, receiver, receivedInfo(bytes, 0, capability.badge));
  const word = nextWord(caller, Wait.Replying);
  receiver.a6 = tokenOf(caller, word);
  if (bytes !== 0 || caller.a6 !== FOREVER) {
    return callWithMore(hart, caller, receiver, word, bytes);
  }
  return finishCall(hart, caller, receiver, word);
}

/** The same with bytes of the message page, or with a deadline. */
function callWithMore(hart: Hart, caller: Task, receiver: Task, word: u64, bytes: u32): After {
  outOfLine();
  memory.copy(receiver.messagePage, caller.messagePage, bytes);
  armDeadline(hart, caller, caller.a6);
  return finishCall(hart, caller, receiver, word);
}

/** The message is there: the caller waits for its reply, and the receiver goes on here. */
function finishCall(hart: Hart, caller: Task, receiver: Task, word: u64): After {
  caller.server = receiver;
  receiver.payer = caller.payer;
  passOn(receiver, caller, word);
  return giveTo(hart, receiver);
}

/** Syscall.ReplyReceive by `server`, which runs on this hart. */
export function fastReplyReceive(hart: Hart, server: Task): After {
  const bytes = lowInfo(server.info);
  if (bytes > MESSAGE_BYTES_MAX || server.a0 >= SLOT_COUNT || server.bound !== null) {
    return dispatch(hart, server, Syscall.ReplyReceive);
  }
  const capability = capabilityAt(server, <u32>server.a0);
  if (!capability.isOf(Kind.Endpoint, Right.Receive)) {
    return dispatch(hart, server, Syscall.ReplyReceive);
  }
  // Held until the server waits: a call that comes meanwhile finds it in the queue.
  const endpoint = capability.endpoint;
  endpoint.lock.acquire();
  const caller = endpoint.callers.head === null ? claimReplier(server, server.a6) : null;
  if (caller === null) {
    endpoint.lock.release();
    return dispatch(hart, server, Syscall.ReplyReceive);
  }
  deliverWords(server, caller, receivedInfo(bytes, 0, 0));
  caller.a6 = 0;
  if (bytes !== 0) {
    return replyWithPage(hart, server, caller, endpoint, bytes);
  }
  return finishReply(hart, server, caller, endpoint);
}

function replyWithPage(hart: Hart, server: Task, caller: Task, endpoint: Endpoint, bytes: u32): After {
  outOfLine();
  memory.copy(caller.messagePage, server.messagePage, bytes);
  return finishReply(hart, server, caller, endpoint);
}

/** The reply is there: the server waits for the next call, and the caller goes on here. The lock is held. */
function finishReply(hart: Hart, server: Task, caller: Task, endpoint: Endpoint): After {
  server.endpoint = endpoint;
  endpoint.receivers.append(server);
  passOn(caller, server, nextWord(server, Wait.Receiving));
  endpoint.lock.release();
  return giveTo(hart, caller);
}

/** This hart goes on with `task`, unless something comes first. */
function giveTo(hart: Hart, task: Task): After {
  handOver(hart, task);
  return hart.wants === 0 && !isKilled(task) ? After.Other : After.Leave;
}
