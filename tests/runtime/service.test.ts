// The service loop against a kernel that delivers a list of events: what is answered, when, and what ends the loop.

import { beforeAll, beforeEach, expect, test } from "vitest";
import { FakeKernel, forever, notified, Refusal, Syscall } from "../harness/fake-kernel/kernel.ts";

const program = `
import { Outcome, Request, serve } from "runtime/service";
let signals: u64 = 0;
let deadline: u64 = u64.MAX_VALUE;
let lastBadge: u32 = 0;
let lastBytes: u32 = 0;
function onRequest(request: Request): Outcome {
  lastBadge = request.badge;
  lastBytes = request.bytes;
  if (request.w0 === 1) return Outcome.Deferred;
  if (request.w0 === 2) request.keepSlot();
  return request.answer(24, request.w0 + request.w1, request.w2 + request.w3);
}
function onSignal(bits: u64): void { signals |= bits; }
function onTime(): u64 { return deadline; }
export function run(): i32 { return serve(5, onRequest, onSignal, onTime); }
export function setDeadline(at: u64): void { deadline = at; }
export function seen(): u64 { const bits = signals; signals = 0; return bits; }
export function badge(): u32 { return lastBadge; }
export function bytes(): u32 { return lastBytes; }
`;

/** What a Receive (or ReplyReceive) comes to: its status, and the words a1–a6. */
type Event = readonly [status: number, ...words: bigint[]];
const end: Event = [Refusal.BadSlot];

/** A message: info with badge, slot + 1 and bytes, four words, the token. */
function message(info: { badge?: number; slotPlusOne?: number; bytes?: number }, ...words: bigint[]): Event {
  const { badge = 0, slotPlusOne = 0, bytes = 0 } = info;
  const word = (BigInt(badge) << 32n) | (BigInt(slotPlusOne) << 16n) | BigInt(bytes);
  const [w0 = 0n, w1 = 0n, w2 = 0n, w3 = 0n, token = 77n] = words;
  return [0, word, w0, w1, w2, w3, token];
}

let kernel: FakeKernel;
let events: Event[] = [];

beforeAll(async () => {
  kernel = await FakeKernel.start({ text: program });
  const take = (): number => {
    const [status, ...words] = events.shift() ?? end;
    kernel.setResults(...words);
    return status;
  };
  kernel.extra.set(Syscall.Receive, take);
  kernel.extra.set(Syscall.ReplyReceive, take);
  kernel.extra.set(Syscall.ReplyReceiveUntil, take);
  kernel.extra.set(Syscall.Reply, () => Refusal.BadSlot);
});
beforeEach(() => {
  kernel.made.length = 0;
  kernel.guest.call("setDeadline", forever);
});

/** Serves the events, then an end; the system calls that were made, as number and arguments. */
function serve(...list: readonly Event[]): { status: number; calls: readonly (readonly bigint[])[] } {
  events = [...list, end];
  const status = kernel.run("run");
  if (typeof status !== "number") {
    throw status;
  }
  return { status, calls: kernel.made.map(({ number, a }) => [BigInt(number), ...a]) };
}
const receiveCall = [BigInt(Syscall.Receive), 5n, forever, 0n, 0n, 0n, 0n, 0n];

test("one call sends the answer and waits for the next message", () => {
  const { status, calls } = serve(message({ badge: 9, bytes: 48 }, 10n, 20n, 3n, 4n, 0x1_2345n));
  expect(status).toBe(Refusal.BadSlot);
  expect(calls).toEqual([receiveCall, [BigInt(Syscall.ReplyReceive), 5n, 24n, 30n, 7n, 0n, 0n, 0x1_2345n]]);
  expect(kernel.guest.call("badge")).toBe(9);
  expect(kernel.guest.call("bytes")).toBe(48);
});

test("with a deadline, one call does both as well, and a caller that gave up does not end the service", () => {
  kernel.guest.call("setDeadline", 500n);
  const { calls } = serve(message({}, 10n), [Refusal.TimedOut], message({}, 11n), [Refusal.NotWaiting]);
  const until = BigInt(Syscall.ReplyReceiveUntil);
  expect(calls).toEqual([
    [BigInt(Syscall.Receive), 5n, 500n, 0n, 0n, 0n, 0n, 0n],
    [until, 5n, 24n, 10n, 0n, 500n, 0n, 77n],
    [BigInt(Syscall.Receive), 5n, 500n, 0n, 0n, 0n, 0n, 0n],
    [until, 5n, 24n, 11n, 0n, 500n, 0n, 77n],
    [BigInt(Syscall.Receive), 5n, 500n, 0n, 0n, 0n, 0n, 0n],
  ]);
});

test("a deferred request is not answered", () => {
  const { calls } = serve(message({}, 1n), message({}, 1n));
  expect(calls).toEqual([receiveCall, receiveCall, receiveCall]);
});

test("a notification goes to its own function, and no answer is sent twice", () => {
  const { calls } = serve(message({}, 10n), [notified, 0n, 0x81n], message({}, 1n));
  expect(calls.map(([number]) => Number(number))).toEqual([
    Syscall.Receive,
    Syscall.ReplyReceive,
    Syscall.Receive,
    Syscall.Receive,
  ]);
  expect(kernel.guest.call64("seen")).toBe(0x81n);
});

test("a capability that is not kept is dropped, and one that is kept stays", () => {
  const dropped = serve(message({ slotPlusOne: 13 }, 10n));
  expect(dropped.calls.filter(([number]) => number === BigInt(Syscall.Drop))).toEqual([
    [BigInt(Syscall.Drop), 12n, 0n, 0n, 0n, 0n, 0n, 0n],
  ]);
  kernel.made.length = 0;
  const kept = serve(message({ slotPlusOne: 13 }, 2n), message({}, 10n));
  expect(kept.calls.filter(([number]) => number === BigInt(Syscall.Drop))).toEqual([]);
});

test("an answer without a waiting caller does not end the service", () => {
  const { calls } = serve(message({}, 10n), [Refusal.NotWaiting], message({}, 11n));
  expect(calls.map(([number]) => Number(number))).toEqual([
    Syscall.Receive,
    Syscall.ReplyReceive,
    Syscall.Receive,
    Syscall.ReplyReceive,
  ]);
});
