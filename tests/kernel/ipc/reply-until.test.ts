// ReplyReceiveUntil: a server answers, and waits for the next call no longer than it wants to.

import { beforeEach, expect, test } from "vitest";
import { defined } from "../../harness/defined.ts";
import { forever, Kernel, Kind, notified, Refusal, Right, sys, TICK_TIME, Wait } from "../harness/kernel.ts";

let k: Kernel;
let endpoint: number;
let server: number;
let client: number;
let serve: number;
let send: number;
/** The reply token of the call that the server has received. */
let token: bigint;

/** A client on hart 1 has called, and the server goes on there. */
beforeEach(async () => {
  k = await Kernel.boot();
  endpoint = k.guest.call("newEndpoint");
  server = k.spawnOn(0);
  client = k.spawnOn(1);
  serve = k.give(server, Kind.Endpoint, endpoint);
  send = k.give(client, Kind.Endpoint, endpoint, Right.Send, 7);
  k.syscall(0, sys.Receive, serve, forever);
  callNow(1, send, 11);
  token = defined(k.results(server).words[5]);
});

function callNow(hart: number, slot: number, word: number): void {
  k.syscall(hart, sys.Call, slot, 0, word, 22, 33, 44, forever);
}

/** The server on hart 1 answers 1 and 2, and waits. */
function answer(deadline: bigint, words: { endpoint?: number; info?: bigint; token?: bigint } = {}): void {
  const all = { endpoint: serve, info: 0n, token, ...words };
  k.syscall(1, sys.ReplyReceiveUntil, all.endpoint, all.info, 1, 2, deadline, 99, all.token);
}

/** Another client, on an idle hart. */
function anotherOn(hart: number): { other: number; toServer: number } {
  const other = k.spawnOn(hart);
  return { other, toServer: k.give(other, Kind.Endpoint, endpoint, Right.Send, 8) };
}

test("the hart goes to the caller with two words and zeros, and the server waits", () => {
  answer(k.time + 3n * TICK_TIME);
  expect(k.running(1)).toBe(client);
  expect(k.results(client)).toEqual({ status: 0, words: [0n, 1n, 2n, 0n, 0n, 0n] });
  expect(k.waits(server)).toBe(Wait.Receiving);
  callNow(1, send, 12);
  expect(k.running(1)).toBe(server);
  expect(k.results(server).words.slice(0, 2)).toEqual([7n << 32n, 12n]);
  // The deadline of a wait that is over ends nothing.
  k.pass(4n * TICK_TIME);
  expect(k.running(1)).toBe(server);
  expect(k.results(server).status).toBe(0);
  k.check([server, client]);
});

test("the wait ends at its deadline and not earlier, and the next call finds no server", () => {
  answer(k.time + 3n * TICK_TIME);
  k.pass(3n * TICK_TIME - 1n);
  expect(k.waits(server)).toBe(Wait.Receiving);
  k.pass(1n);
  expect(k.waits(server)).toBe(Wait.None);
  expect(k.results(server).status).toBe(Refusal.TimedOut);
  callNow(k.hartOf(client), send, 12);
  expect([k.waits(client), k.guest.call("callersOf", endpoint)]).toEqual([Wait.Sending, 1]);
  k.check([server, client]);
});

test.each([0n, 1n, 999_999n])(
  "a deadline that is over (%i) ends the wait at once; the answer arrives",
  (deadline) => {
    answer(deadline);
    expect(k.results(client)).toEqual({ status: 0, words: [0n, 1n, 2n, 0n, 0n, 0n] });
    k.pass(1n);
    expect(k.waits(server)).toBe(Wait.None);
    expect(k.results(server).status).toBe(Refusal.TimedOut);
    k.check([server, client]);
  },
);

test("with the deadline that never comes it is ReplyReceive", () => {
  answer(forever);
  expect(k.running(1)).toBe(client);
  k.pass(1000n * TICK_TIME);
  expect(k.waits(server)).toBe(Wait.Receiving);
});

test("a call that waits already is received at once, also when the deadline is over", () => {
  const { other, toServer } = anotherOn(2);
  callNow(2, toServer, 13);
  expect(k.waits(other)).toBe(Wait.Sending);
  answer(0n);
  expect(k.running(1)).toBe(server);
  expect(k.results(server).words.slice(0, 2)).toEqual([8n << 32n, 13n]);
  expect(k.results(client).words.slice(0, 3)).toEqual([0n, 1n, 2n]);
  k.pass(TICK_TIME);
  expect(k.hartOf(client)).toBeGreaterThanOrEqual(0);
  expect(k.waits(other)).toBe(Wait.Replying);
  k.check([server, client, other]);
});

test("a signal to the bound notification ends the wait, before it or in it", () => {
  const notification = k.guest.call("newNotification");
  const bell = k.give(server, Kind.Notification, notification);
  expect(k.ask(1, sys.Bind, bell).status).toBe(0);
  const ring = k.give(client, Kind.Notification, notification, Right.Send);
  answer(k.time + 3n * TICK_TIME);
  expect(k.running(1)).toBe(client);
  expect(k.ask(1, sys.Signal, ring, 4).status).toBe(0);
  expect(k.results(server)).toMatchObject({ status: notified });
  k.pass(TICK_TIME);
  const hart = k.hartOf(server);
  expect(k.ask(hart, sys.Signal, bell, 2).status).toBe(0);
  expect(k.ask(hart, sys.ReplyReceiveUntil, serve, 0, 1, 2, k.time + TICK_TIME, 0, token)).toMatchObject({
    status: notified,
  });
  expect(k.results(server).words[1]).toBe(2n);
  k.check([server, client]);
});

test("an answer that is refused reaches no caller, and the server does not wait", () => {
  const refusals: [refusal: number, words: Parameters<typeof answer>[1]][] = [
    [Refusal.BadSlot, { endpoint: 63 }],
    [Refusal.MissingRight, { endpoint: k.give(server, Kind.Endpoint, endpoint, Right.Send) }],
    [Refusal.WrongKind, { endpoint: k.give(server, Kind.Notification, k.guest.call("newNotification")) }],
    [Refusal.BadArgument, { info: 4097n }],
    [Refusal.BadSlot, { info: 40n << 16n }],
  ];
  for (const [refusal, words] of refusals) {
    answer(k.time + TICK_TIME, words);
    expect([k.running(1), k.results(server).status]).toEqual([server, refusal]);
    expect(k.waits(client)).toBe(Wait.Replying);
  }
  answer(k.time + TICK_TIME);
  expect(k.results(client).status).toBe(0);
});

test("a stale token, or one of another server, is no reason not to wait, and reaches no task", () => {
  const thief = k.spawnOn(2);
  const steal = k.give(thief, Kind.Endpoint, endpoint);
  k.syscall(2, sys.ReplyReceiveUntil, steal, 0, 6, 6, k.time + TICK_TIME, 0, token);
  expect([k.waits(thief), k.waits(client)]).toEqual([Wait.Receiving, Wait.Replying]);
  k.pass(TICK_TIME);
  expect(k.results(thief).status).toBe(Refusal.TimedOut);
  k.syscall(k.hartOf(thief), sys.Sleep, forever);

  answer(forever);
  callNow(1, send, 12);
  answer(k.time + TICK_TIME, { token });
  expect([k.waits(server), k.waits(client)]).toEqual([Wait.Receiving, Wait.Replying]);
  k.pass(TICK_TIME);
  expect(k.results(server).status).toBe(Refusal.TimedOut);
  expect(k.waits(client)).toBe(Wait.Replying);
  k.check([server, client, thief]);
});

test("a server that is killed as it waits leaves the line of receivers, and its deadline passes over nothing", () => {
  const killer = k.spawnOn(2);
  const slot = k.give(killer, Kind.Task, server);
  answer(k.time + 3n * TICK_TIME);
  expect(k.ask(2, sys.KillTask, slot).status).toBe(0);
  expect([k.waits(server), k.guest.call("receiversOf", endpoint)]).toEqual([Wait.Ended, 0]);
  callNow(1, send, 12);
  k.pass(4n * TICK_TIME);
  expect(k.waits(server)).toBe(Wait.Ended);
  k.check([client, killer]);
});

test("a caller that was killed meanwhile gets no answer, and the server waits", () => {
  const killer = k.spawnOn(2);
  expect(k.ask(2, sys.KillTask, k.give(killer, Kind.Task, client)).status).toBe(0);
  answer(k.time + TICK_TIME);
  expect([k.waits(client), k.waits(server)]).toEqual([Wait.Ended, Wait.Receiving]);
  expect(k.running(1)).toBe(-1);
  k.pass(TICK_TIME);
  expect(k.results(server).status).toBe(Refusal.TimedOut);
  k.check([server, killer]);
});
