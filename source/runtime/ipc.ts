/**
 * Messages: a client calls an endpoint, a service receives and replies. A message has four words and up to a page,
 * which both sides write and read at MESSAGE_PAGE. Reached from every service and client; goes on in syscall.S, and in
 * the kernel's syscall/ipc.ts.
 */
import { MESSAGE_PAGE } from "abi/layout";
import { Syscall } from "abi/syscall";
import { systemCall } from "./assembly";
import { result } from "./call";

/** The message page of this task. */
export function messagePage(): usize {
  return MESSAGE_PAGE;
}

/** Sends (`info`, the words, the message page) to `endpoint` and waits for the reply until `deadline`. */
export function call(endpoint: u32, info: u64, w0: u64, w1: u64, deadline: u64): i32 {
  return <i32>systemCall(endpoint, info, w0, w1, 0, 0, deadline, Syscall.Call);
}

/** Waits for a message at `endpoint`, or for the bound notification (status NOTIFIED, bits in `word(0)`). */
export function receive(endpoint: u32, deadline: u64): i32 {
  return <i32>systemCall(endpoint, deadline, 0, 0, 0, 0, 0, Syscall.Receive);
}

/** Answers the call that `token` stands for. Refusal.NotWaiting if its caller gave up. */
export function reply(token: u64, info: u64, w0: u64, w1: u64): i32 {
  return <i32>systemCall(token, info, w0, w1, 0, 0, 0, Syscall.Reply);
}

/** Answers `token`, then waits for the next message at `endpoint`. */
export function replyReceive(endpoint: u32, info: u64, w0: u64, w1: u64, token: u64): i32 {
  return <i32>systemCall(endpoint, info, w0, w1, 0, 0, token, Syscall.ReplyReceive);
}

/** The same until `deadline`. */
export function replyReceiveUntil(
  endpoint: u32,
  info: u64,
  w0: u64,
  w1: u64,
  deadline: u64,
  token: u64,
): i32 {
  return <i32>systemCall(endpoint, info, w0, w1, deadline, 0, token, Syscall.ReplyReceiveUntil);
}

/** The info word of the message that came last (abi/message.ts). */
export function receivedInfo(): u64 {
  return result(0);
}

/** Word `index` (0 to 3) of the message that came last. */
export function word(index: u32): u64 {
  return result(1 + index);
}

/** The token that `reply` needs to answer the message that came last. */
export function replyToken(): u64 {
  return result(5);
}
