// Call, receive, reply, notifications: the protocol, one trap at a time.

import { beforeEach, describe, expect, test } from "vitest";
import { forever, Kernel, kind, refusal, right, sys, tickTime, wait } from "./kernel.ts";

let k: Kernel;
beforeEach(async () => {
  k = await Kernel.boot();
});

const notified = 1;
const slotsMax = 64;

/** An endpoint, a server on hart 0 and a client on hart 1 that hold it. */
function pair(): { endpoint: number; server: number; client: number; serve: number; send: number } {
  const endpoint = k.guest.call("newEndpoint");
  const server = k.spawnOn(0);
  const client = k.spawnOn(1);
  const serve = k.give(server, kind.endpoint, endpoint);
  const send = k.give(client, kind.endpoint, endpoint, right.send, 7);
  return { endpoint, server, client, serve, send };
}

function call(
  hart: number,
  slot: number,
  word: number | bigint,
  deadline = forever,
  info: bigint | number = 0,
): void {
  k.syscall(hart, sys.Call, slot, info, word, 22, 33, 44, deadline);
}

describe("a call", () => {
  test("that finds its receiver waiting hands its hart over, and comes back with the reply", () => {
    const { server, client, serve, send } = pair();
    k.syscall(0, sys.Receive, serve, forever);
    expect(k.waits(server)).toBe(wait.receiving);
    expect(k.running(0)).toBe(-1);
    call(1, send, 11);
    expect(k.running(1)).toBe(server);
    expect(k.waits(client)).toBe(wait.replying);
    const { status, words } = k.results(server);
    expect(status).toBe(0);
    // info: the badge in its upper half, no bytes, no capability; then the words, then the token.
    expect(words.slice(0, 5)).toEqual([7n << 32n, 11n, 22n, 33n, 44n]);
    k.syscall(1, sys.ReplyReceive, serve, 0, 1, 2, 3, 4, words[5] ?? 0n);
    expect(k.running(1)).toBe(client);
    expect(k.results(client)).toEqual({ status: 0, words: [0n, 1n, 2n, 3n, 4n, 0n] });
    expect(k.waits(server)).toBe(wait.receiving);
    k.check([server, client]);
  });

  test("that finds nobody waits in line; the first to call is the first to be received", () => {
    const { endpoint, server, client, serve, send } = pair();
    const second = k.spawnOn(2);
    const sendToo = k.give(second, kind.endpoint, endpoint, right.send);
    call(1, send, 1);
    call(2, sendToo, 2);
    expect(k.guest.call("callersOf", endpoint)).toBe(2);
    expect(k.ask(0, sys.Receive, serve, forever).words[1]).toBe(1n);
    expect(k.ask(0, sys.Receive, serve, forever).words[1]).toBe(2n);
    expect([k.waits(client), k.waits(second)]).toEqual([wait.replying, wait.replying]);
    expect(k.running(0)).toBe(server);
    k.check([server, client, second]);
  });

  test("ends at its deadline, in line or received, and a late reply finds nobody", () => {
    const { server, client, serve, send } = pair();
    call(1, send, 1, k.time + 3n * tickTime);
    k.pass(2n * tickTime);
    expect(k.waits(client)).toBe(wait.sending);
    k.pass(tickTime);
    expect(k.running(1)).toBe(client);
    expect(k.results(client).status).toBe(refusal.timedOut);

    call(1, send, 2, k.time + 3n * tickTime);
    const token = k.ask(0, sys.Receive, serve, forever).words[5] ?? 0n;
    k.pass(4n * tickTime);
    expect(k.results(client).status).toBe(refusal.timedOut);
    expect(k.hartOf(client)).toBeGreaterThanOrEqual(0);
    expect(k.ask(k.hartOf(server), sys.Reply, token, 0, 1, 2, 3, 4).status).toBe(refusal.notWaiting);
    k.check([server, client]);
  });

  test("whose server ends is told so, at once", () => {
    const { server, client, serve, send } = pair();
    call(1, send, 1);
    k.ask(0, sys.Receive, serve, forever);
    k.syscall(0, sys.Exit, 0);
    expect(k.waits(server)).toBe(wait.ended);
    expect(k.results(client).status).toBe(refusal.peerGone);
    k.pass(tickTime);
    expect(k.hartOf(client)).toBeGreaterThanOrEqual(0);
  });

  test("needs Right.Send, an endpoint, and no more bytes than there are in a page", () => {
    const { client, send } = pair();
    const mute = k.give(client, kind.endpoint, 0, right.receive);
    expect(k.ask(1, sys.Call, mute, 0).status).toBe(refusal.missingRight);
    expect(k.ask(1, sys.Call, 63, 0).status).toBe(refusal.badSlot);
    expect(k.ask(1, sys.Call, 1n << 40n, 0).status).toBe(refusal.badSlot);
    expect(k.ask(1, sys.Call, send, 4097).status).toBe(refusal.badArgument);
    expect(k.ask(1, sys.Receive, send, forever).status).toBe(refusal.missingRight);
  });
});

describe("a reply", () => {
  test("is good once, and only from the task that received", () => {
    const { server, client, serve, send } = pair();
    const thief = k.spawnOn(2);
    call(1, send, 1);
    const token = k.ask(0, sys.Receive, serve, forever).words[5] ?? 0n;
    expect(k.ask(2, sys.Reply, token, 0, 6, 6, 6, 6).status).toBe(refusal.notWaiting);
    expect(k.waits(client)).toBe(wait.replying);
    expect(k.ask(0, sys.Reply, token, 0, 1).status).toBe(0);
    expect(k.ask(0, sys.Reply, token, 0, 1).status).toBe(refusal.notWaiting);
    expect(k.ask(0, sys.Reply, 0xffn << 56n, 0, 1).status).toBe(refusal.notWaiting);
    k.check([server, client, thief]);
  });
});

describe("a capability that travels", () => {
  test("keeps no more rights than the sender allows, and never more than it had", () => {
    const { server, serve, send, client } = pair();
    const gift = k.give(client, kind.endpoint, k.guest.call("newEndpoint"), right.send | right.transfer, 5);
    const info = (BigInt(gift + 1) << 16n) | (BigInt(right.all) << 24n);
    k.syscall(0, sys.Receive, serve, forever);
    call(1, send, 1, forever, info);
    const there = Number((k.results(server).words[0] ?? 0n) >> 16n) & 0xff;
    expect(there).toBeGreaterThan(0);
    expect(k.guest.call("rightsAt", server, there - 1)).toBe(right.send | right.transfer);
    expect(k.guest.call("badgeAt", server, there - 1)).toBe(5);
  });

  test("stays if it may not be transferred", () => {
    const { client, send } = pair();
    const mine = k.give(client, kind.endpoint, 0, right.send);
    const info = BigInt(mine + 1) << 16n;
    expect(k.ask(1, sys.Call, send, info).status).toBe(refusal.missingRight);
    expect(k.ask(1, sys.Call, send, 200n << 16n).status).toBe(refusal.badSlot);
    expect(k.ask(1, sys.Call, send, 40n << 16n).status).toBe(refusal.badSlot);
  });

  /** A server with no free slot that waits, with a notification bound to it, and a client with something to send. */
  function crowded() {
    const { endpoint, server, client, serve, send } = pair();
    const notification = k.guest.call("newNotification");
    const bell = k.give(server, kind.notification, notification);
    k.ask(0, sys.Bind, bell);
    while (k.guest.call("kindAt", server, slotsMax - 1) === 0)
      k.give(server, kind.endpoint, endpoint, right.send);
    const ring = k.give(client, kind.notification, notification, right.send);
    const gift = k.give(client, kind.endpoint, endpoint, right.send | right.transfer);
    k.syscall(0, sys.Receive, serve, forever);
    return { endpoint, server, client, send, ring, info: BigInt(gift + 1) << 16n };
  }

  test("and finds no free slot is the caller's news; the receiver goes on waiting, at its place", () => {
    const { endpoint, server, client, send, ring, info } = crowded();
    expect(k.ask(1, sys.Call, send, info, 1, 0, 0, 0, forever).status).toBe(refusal.tableFull);
    expect(k.running(1)).toBe(client);
    expect(k.waits(server)).toBe(wait.receiving);
    expect(k.guest.call("receiversOf", endpoint)).toBe(1);
    expect(k.ask(1, sys.Signal, ring, 4).status).toBe(0);
    k.pass(tickTime);
    expect(k.results(server)).toEqual({ status: notified, words: [0n, 4n, 0n, 0n, 0n, 0n] });
    k.check([server, client]);
  });

  test("with a reply and finds no free slot is the caller's status, so that it never waits in vain", () => {
    const { server, client, serve, send, endpoint } = pair();
    const gift = k.give(server, kind.endpoint, endpoint, right.send | right.transfer);
    while (k.guest.call("kindAt", client, slotsMax - 1) === 0)
      k.give(client, kind.endpoint, endpoint, right.send);
    call(1, send, 1);
    const token = k.ask(0, sys.Receive, serve, forever).words[5] ?? 0n;
    expect(k.ask(0, sys.Reply, token, BigInt(gift + 1) << 16n).status).toBe(refusal.tableFull);
    expect(k.results(client).status).toBe(refusal.tableFull);
    k.check([server, client]);
  });
});

describe("a notification", () => {
  test("keeps bits until somebody takes them, all at once", () => {
    const { server, client } = pair();
    const notification = k.guest.call("newNotification");
    const waits = k.give(server, kind.notification, notification, right.receive);
    const signals = k.give(client, kind.notification, notification, right.send);
    k.ask(1, sys.Signal, signals, 1);
    k.ask(1, sys.Signal, signals, 4);
    expect(k.ask(0, sys.Wait, waits, forever)).toEqual({ status: 0, words: [5n, 0n, 0n, 0n, 0n, 0n] });
    k.syscall(0, sys.Wait, waits, forever);
    expect(k.waits(server)).toBe(wait.notified);
    // No bits are no news.
    k.ask(1, sys.Signal, signals, 0);
    expect(k.waits(server)).toBe(wait.notified);
    k.ask(1, sys.Signal, signals, 8);
    expect(k.waits(server)).toBe(wait.none);
    expect(k.results(server).words[0]).toBe(8n);
    expect(k.guest.call64("bitsOf", notification)).toBe(0n);
  });

  test("that is bound ends a Receive, and leaves the line of receivers in order", () => {
    const { endpoint, server, serve, client, send } = pair();
    const notification = k.guest.call("newNotification");
    k.ask(0, sys.Bind, k.give(server, kind.notification, notification));
    const bell = k.give(client, kind.notification, notification, right.send);
    k.syscall(0, sys.Receive, serve, forever);
    k.ask(1, sys.Signal, bell, 2);
    expect(k.guest.call("receiversOf", endpoint)).toBe(0);
    expect(k.results(server).status).toBe(notified);
    k.pass(tickTime);
    k.syscall(k.hartOf(server), sys.Receive, serve, forever);
    k.syscall(k.hartOf(client), sys.Call, send, 0, 9, 0, 0, 0, forever);
    expect(k.results(server).words[1]).toBe(9n);
    k.check([server, client]);
  });

  test("has one waiter, and a Wait ends at its deadline without the next waiter's bits", () => {
    const { server, client } = pair();
    const notification = k.guest.call("newNotification");
    const first = k.give(server, kind.notification, notification);
    const second = k.give(client, kind.notification, notification);
    k.syscall(0, sys.Wait, first, k.time + tickTime);
    expect(k.ask(1, sys.Wait, second, forever).status).toBe(refusal.alreadyBound);
    k.pass(2n * tickTime);
    expect(k.results(server).status).toBe(refusal.timedOut);
    k.syscall(k.hartOf(client), sys.Wait, second, forever);
    expect(k.waits(client)).toBe(wait.notified);
    k.check([server, client]);
  });
});

test("a sleep ends no earlier than asked, and at once when its time is over", () => {
  const sleeper = k.spawnOn(0);
  expect(k.ask(0, sys.Sleep, k.time).status).toBe(0);
  expect(k.running(0)).toBe(sleeper);
  k.syscall(0, sys.Sleep, k.time + tickTime / 2n);
  k.pass(tickTime / 2n - 1n);
  expect(k.waits(sleeper)).toBe(wait.sleeping);
  k.pass(1n);
  expect(k.running(0)).toBe(sleeper);
  expect(k.results(sleeper).status).toBe(0);
});
