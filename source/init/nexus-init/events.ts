/**
 * The events of nexus-init. All of them are signalled to one notification: a service signals that it is ready or
 * absent, the kernel that a task has ended, consoled that Ctrl-C was typed. Each row has bits of its own. A service's
 * capability can signal only its own two (its badge, abi/syscall.ts), so no service can speak for another.
 *
 *   63      47 46           32 31 30        29            15 14             0
 *  ┌──────────┬───────────────┬──┬──────────┬────────────────┬────────────────┐
 *  │ 0        │ i: row ended  │ 0│ Ctrl-C   │ i: row ABSENT  │ i: row READY   │
 *  └──────────┴───────────────┴──┴──────────┴────────────────┴────────────────┘
 *
 * Requests of the shell (serve.ts) come to an endpoint that the notification is bound to: one wait for both.
 */
import { Kind } from "abi/handle";
import { NO_SLOT, NOTIFIED } from "abi/syscall";
import { bind, create, result, wait } from "runtime/call";
import { receive, word } from "runtime/ipc";
import { print } from "runtime/log";
import { because, say } from "./say";
import { PROGRAMS_MAX } from "./topology";

/** Rows that the drawing has bits for. */
const ROWS_MAX: u32 = 15;
if (PROGRAMS_MAX > ROWS_MAX) {
  ERROR("the notification has no bits for every row");
}

/** A badge names bits below this one: the kernel alone signals those above (abi/syscall.ts). */
const BADGE_BITS: u32 = 32;
if (ROWS_MAX * 2 >= BADGE_BITS) {
  ERROR("a badge has no room for what tasks signal");
}

/** What ended a wait. A Refusal in its place: nothing came. */
export const enum Heard {
  Signals = 0,
  Message = 1,
}

let events: u32 = NO_SLOT;
let requests: u32 = NO_SLOT;
/** Signals that came and were not handled yet. */
let seen: u64 = 0;

/** Creates the notification and the endpoint. If that fails, prints why and returns false. */
export function openEvents(): bool {
  let status = create(Kind.Notification);
  if (status >= 0) {
    events = <u32>result(0);
    status = bind(events);
  }
  if (status >= 0) {
    status = create(Kind.Endpoint);
  }
  if (status >= 0) {
    requests = <u32>result(0);
    return true;
  }
  print(because(say("a notification and an endpoint were refused"), status));
  return false;
}

/** The notification's slot. */
export function eventsSlot(): u32 {
  return events;
}

/** The endpoint that programs are run through. */
export function initEndpoint(): u32 {
  return requests;
}

/** What the service of row `index` signals when it serves. */
export function readyBit(index: u32): u64 {
  return (<u64>1) << index;
}

/** What the service of row `index` signals when it has nothing to serve. */
export function absentBit(index: u32): u64 {
  return (<u64>1) << (ROWS_MAX + index);
}

/** What consoled signals when Ctrl-C was typed and no task reads a line. */
export function interruptBit(): u64 {
  return (<u64>1) << (2 * ROWS_MAX);
}

/** What the kernel signals when the program of row `index` ends: behind the bits that a badge has room for. */
export function endedBit(index: u32): u64 {
  return (<u64>1) << (BADGE_BITS + index);
}

/** Takes that bit. Returns whether it was signalled. */
export function take(bit: u64): bool {
  const wasSignalled = (seen & bit) !== 0;
  seen &= ~bit;
  return wasSignalled;
}

/** Waits for signals or a message until `deadline`: a `Heard`, or a Refusal. */
export function listen(deadline: u64): i32 {
  const status = receive(requests, deadline);
  if (status === 0) {
    return Heard.Message;
  }
  if (status !== NOTIFIED) {
    return status;
  }
  seen |= word(0);
  return Heard.Signals;
}

/** The same for signals alone: callers stay in the endpoint's queue meanwhile. */
export function listenToSignals(deadline: u64): i32 {
  const status = wait(events, deadline);
  if (status !== 0) {
    return status;
  }
  seen |= result(0);
  return Heard.Signals;
}
