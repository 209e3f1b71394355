// Call, receive, reply, notifications: the protocol, one trap at a time.

import { beforeEach, describe, expect, test } from "vitest";
import { defined } from "../../harness/defined.ts";
import {
  forever,
  Kernel,
  Kind,
  notified,
  Refusal,
  Right,
  slotCount,
  sys,
  TICK_TIME,
  Wait,
} from "../harness/kernel.ts";

let k: Kernel;
beforeEach(async () => {
  k = await Kernel.boot();
});

/** An endpoint, a server on hart 0 and a client on hart 1 that hold it. */
function pair(): { endpoint: number; server: number; client: number; serve: number; send: number } {
  const endpoint = k.guest.call("newEndpoint");
  const server = k.spawnOn(0);
  const client = k.spawnOn(1);
  const serve = k.give(server, Kind.Endpoint, endpoint);
  const send = k.give(client, Kind.Endpoint, endpoint, Right.Send, 7);
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
  test("gives its hart to a server that waits, and returns with the reply", () => {
    const { server, client, serve, send } = pair();
    k.syscall(0, sys.Receive, serve, forever);
    expect(k.waits(server)).toBe(Wait.Receiving);
    expect(k.running(0)).toBe(-1);
    call(1, send, 11);
    expect(k.running(1)).toBe(server);
    expect(k.waits(client)).toBe(Wait.Replying);
    const { status, words } = k.results(server);
    expect(status).toBe(0);
    // info: the badge in its upper half, no bytes, no capability; then the words, then the token.
    expect(words.slice(0, 5)).toEqual([7n << 32n, 11n, 22n, 33n, 44n]);
    k.syscall(1, sys.ReplyReceive, serve, 0, 1, 2, 3, 4, defined(words[5]));
    expect(k.running(1)).toBe(client);
    expect(k.results(client)).toEqual({ status: 0, words: [0n, 1n, 2n, 3n, 4n, 0n] });
    expect(k.waits(server)).toBe(Wait.Receiving);
    k.check([server, client]);
  });

  test("waits in line when no server waits, and the first caller is received first", () => {
    const { endpoint, server, client, serve, send } = pair();
    const second = k.spawnOn(2);
    const sendToo = k.give(second, Kind.Endpoint, endpoint, Right.Send);
    call(1, send, 1);
    call(2, sendToo, 2);
    expect(k.guest.call("callersOf", endpoint)).toBe(2);
    expect(k.ask(0, sys.Receive, serve, forever).words[1]).toBe(1n);
    expect(k.ask(0, sys.Receive, serve, forever).words[1]).toBe(2n);
    expect([k.waits(client), k.waits(second)]).toEqual([Wait.Replying, Wait.Replying]);
    expect(k.running(0)).toBe(server);
    k.check([server, client, second]);
  });

  test("ends at its deadline, whether it was received or not, and a late reply is refused", () => {
    const { server, client, serve, send } = pair();
    call(1, send, 1, k.time + 3n * TICK_TIME);
    k.pass(2n * TICK_TIME);
    expect(k.waits(client)).toBe(Wait.Sending);
    k.pass(TICK_TIME);
    expect(k.running(1)).toBe(client);
    expect(k.results(client).status).toBe(Refusal.TimedOut);

    call(1, send, 2, k.time + 3n * TICK_TIME);
    const token = defined(k.ask(0, sys.Receive, serve, forever).words[5]);
    k.pass(4n * TICK_TIME);
    expect(k.results(client).status).toBe(Refusal.TimedOut);
    expect(k.hartOf(client)).toBeGreaterThanOrEqual(0);
    expect(k.ask(k.hartOf(server), sys.Reply, token, 0, 1, 2, 3, 4).status).toBe(Refusal.NotWaiting);
    k.check([server, client]);
  });

  test("ends with PeerGone as soon as its server has ended", () => {
    const { server, client, serve, send } = pair();
    call(1, send, 1);
    k.ask(0, sys.Receive, serve, forever);
    k.syscall(0, sys.Exit, 0);
    expect(k.waits(server)).toBe(Wait.Ended);
    expect(k.results(client).status).toBe(Refusal.PeerGone);
    k.pass(TICK_TIME);
    expect(k.hartOf(client)).toBeGreaterThanOrEqual(0);
  });

  test("needs Right.Send, an endpoint, and no more bytes than a page has", () => {
    const { client, send } = pair();
    const mute = k.give(client, Kind.Endpoint, 0, Right.Receive);
    expect(k.ask(1, sys.Call, mute, 0).status).toBe(Refusal.MissingRight);
    expect(k.ask(1, sys.Call, 63, 0).status).toBe(Refusal.BadSlot);
    expect(k.ask(1, sys.Call, 1n << 40n, 0).status).toBe(Refusal.BadSlot);
    expect(k.ask(1, sys.Call, send, 4097).status).toBe(Refusal.BadArgument);
    expect(k.ask(1, sys.Receive, send, forever).status).toBe(Refusal.MissingRight);
  });
});

describe("a reply", () => {
  test("is accepted once, and only from the task that received the call", () => {
    const { server, client, serve, send } = pair();
    const thief = k.spawnOn(2);
    call(1, send, 1);
    const token = defined(k.ask(0, sys.Receive, serve, forever).words[5]);
    expect(k.ask(2, sys.Reply, token, 0, 6, 6, 6, 6).status).toBe(Refusal.NotWaiting);
    expect(k.waits(client)).toBe(Wait.Replying);
    expect(k.ask(0, sys.Reply, token, 0, 1).status).toBe(0);
    expect(k.ask(0, sys.Reply, token, 0, 1).status).toBe(Refusal.NotWaiting);
    expect(k.ask(0, sys.Reply, 0xffn << 56n, 0, 1).status).toBe(Refusal.NotWaiting);
    k.check([server, client, thief]);
  });
});

test("no token that a server makes up ends another wait of a task that it served", () => {
  const { server, client, serve, send } = pair();
  call(1, send, 1);
  const token = defined(k.ask(0, sys.Receive, serve, forever).words[5]);
  expect(k.ask(0, sys.Reply, token, 0, 1).status).toBe(0);
  k.interrupts(1);
  k.syscall(k.hartOf(client), sys.Sleep, forever);
  // Its next wait, with the right serial: above the index are the kind of wait and the serial.
  const madeUp = (((token >> 16n) + 1n) << 16n) | (BigInt(Wait.Sleeping) << 8n) | BigInt(client);
  expect(k.ask(k.hartOf(server), sys.Reply, madeUp, 0, 6).status).toBe(Refusal.NotWaiting);
  expect(k.waits(client)).toBe(Wait.Sleeping);
  k.check([server, client]);
});

describe("a capability that travels", () => {
  test("keeps no more rights than the sender allows, and never more than it had", () => {
    const { server, serve, send, client } = pair();
    const gift = k.give(client, Kind.Endpoint, k.guest.call("newEndpoint"), Right.Send | Right.Transfer, 5);
    const info = (BigInt(gift + 1) << 16n) | (BigInt(Right.All) << 24n);
    k.syscall(0, sys.Receive, serve, forever);
    call(1, send, 1, forever, info);
    const there = Number(defined(k.results(server).words[0]) >> 16n) & 0xff;
    expect(there).toBeGreaterThan(0);
    expect(k.guest.call("rightsAt", server, there - 1)).toBe(Right.Send | Right.Transfer);
    expect(k.guest.call("badgeAt", server, there - 1)).toBe(5);
  });

  test("stays if it may not be transferred", () => {
    const { client, send } = pair();
    const mine = k.give(client, Kind.Endpoint, 0, Right.Send);
    const info = BigInt(mine + 1) << 16n;
    expect(k.ask(1, sys.Call, send, info).status).toBe(Refusal.MissingRight);
    expect(k.ask(1, sys.Call, send, 200n << 16n).status).toBe(Refusal.BadSlot);
    expect(k.ask(1, sys.Call, send, 40n << 16n).status).toBe(Refusal.BadSlot);
  });

  /** A server with no free slot that waits, with a notification bound to it or none, and a client with something to send. */
  function crowded(isBound = true) {
    const { endpoint, server, client, serve, send } = pair();
    const notification = k.guest.call("newNotification");
    const bell = k.give(server, Kind.Notification, notification);
    if (isBound) {
      k.ask(0, sys.Bind, bell);
    }
    while (k.guest.call("kindAt", server, slotCount - 1) === 0) {
      k.give(server, Kind.Endpoint, endpoint, Right.Send);
    }
    const ring = k.give(client, Kind.Notification, notification, Right.Send);
    const gift = k.give(client, Kind.Endpoint, endpoint, Right.Send | Right.Transfer);
    k.syscall(0, sys.Receive, serve, forever);
    return { endpoint, server, client, send, ring, info: BigInt(gift + 1) << 16n };
  }

  test("ends the call with TableFull when the server has no free slot, and the server goes on waiting", () => {
    const { endpoint, server, client, send, ring, info } = crowded();
    expect(k.ask(1, sys.Call, send, info, 1, 0, 0, 0, forever).status).toBe(Refusal.TableFull);
    expect(k.running(1)).toBe(client);
    expect(k.waits(server)).toBe(Wait.Receiving);
    expect(k.guest.call("receiversOf", endpoint)).toBe(1);
    expect(k.ask(1, sys.Signal, ring, 4).status).toBe(0);
    k.pass(TICK_TIME);
    expect(k.results(server)).toEqual({ status: notified, words: [0n, 4n, 0n, 0n, 0n, 0n] });
    k.check([server, client]);
  });

  test("ends the call with TableFull, and a server with nothing bound to it goes on waiting as well", () => {
    const { endpoint, server, client, send, info } = crowded(false);
    expect(k.ask(1, sys.Call, send, info, 1, 0, 0, 0, forever).status).toBe(Refusal.TableFull);
    expect(k.guest.call("receiversOf", endpoint)).toBe(1);
    call(1, send, 5);
    expect(k.results(server).words[1]).toBe(5n);
    k.check([server, client]);
  });

  test("with a reply ends the call with TableFull when the caller has no free slot", () => {
    const { server, client, serve, send, endpoint } = pair();
    const gift = k.give(server, Kind.Endpoint, endpoint, Right.Send | Right.Transfer);
    while (k.guest.call("kindAt", client, slotCount - 1) === 0) {
      k.give(client, Kind.Endpoint, endpoint, Right.Send);
    }
    call(1, send, 1);
    const token = defined(k.ask(0, sys.Receive, serve, forever).words[5]);
    expect(k.ask(0, sys.Reply, token, BigInt(gift + 1) << 16n).status).toBe(Refusal.TableFull);
    expect(k.results(client).status).toBe(Refusal.TableFull);
    k.check([server, client]);
  });
});

describe("a notification", () => {
  test("keeps its bits until a task takes all of them at once", () => {
    const { server, client } = pair();
    const notification = k.guest.call("newNotification");
    const waits = k.give(server, Kind.Notification, notification, Right.Receive);
    const signals = k.give(client, Kind.Notification, notification, Right.Send);
    k.ask(1, sys.Signal, signals, 1);
    k.ask(1, sys.Signal, signals, 4);
    expect(k.ask(0, sys.Wait, waits, forever)).toEqual({ status: 0, words: [5n, 0n, 0n, 0n, 0n, 0n] });
    k.syscall(0, sys.Wait, waits, forever);
    expect(k.waits(server)).toBe(Wait.Notified);
    // A signal without bits wakes no task.
    k.ask(1, sys.Signal, signals, 0);
    expect(k.waits(server)).toBe(Wait.Notified);
    k.ask(1, sys.Signal, signals, 8);
    expect(k.waits(server)).toBe(Wait.None);
    expect(k.results(server).words[0]).toBe(8n);
    expect(k.guest.call64("bitsOf", notification)).toBe(0n);
  });

  test("that is bound ends a Receive, and leaves the line of receivers in order", () => {
    const { endpoint, server, serve, client, send } = pair();
    const notification = k.guest.call("newNotification");
    k.ask(0, sys.Bind, k.give(server, Kind.Notification, notification));
    const bell = k.give(client, Kind.Notification, notification, Right.Send);
    k.syscall(0, sys.Receive, serve, forever);
    k.ask(1, sys.Signal, bell, 2);
    expect(k.guest.call("receiversOf", endpoint)).toBe(0);
    expect(k.results(server).status).toBe(notified);
    k.pass(TICK_TIME);
    k.syscall(k.hartOf(server), sys.Receive, serve, forever);
    k.syscall(k.hartOf(client), sys.Call, send, 0, 9, 0, 0, 0, forever);
    expect(k.results(server).words[1]).toBe(9n);
    k.check([server, client]);
  });

  test("has one waiter at a time, and a Wait that ends at its deadline makes room for the next", () => {
    const { server, client } = pair();
    const notification = k.guest.call("newNotification");
    const first = k.give(server, Kind.Notification, notification);
    const second = k.give(client, Kind.Notification, notification);
    k.syscall(0, sys.Wait, first, k.time + TICK_TIME);
    expect(k.ask(1, sys.Wait, second, forever).status).toBe(Refusal.AlreadyBound);
    k.pass(2n * TICK_TIME);
    expect(k.results(server).status).toBe(Refusal.TimedOut);
    k.syscall(k.hartOf(client), sys.Wait, second, forever);
    expect(k.waits(client)).toBe(Wait.Notified);
    k.check([server, client]);
  });
});

test("a sleep ends at its time and not earlier, and at once when that time is over", () => {
  const sleeper = k.spawnOn(0);
  expect(k.ask(0, sys.Sleep, k.time).status).toBe(0);
  expect(k.running(0)).toBe(sleeper);
  k.syscall(0, sys.Sleep, k.time + TICK_TIME / 2n);
  k.pass(TICK_TIME / 2n - 1n);
  expect(k.waits(sleeper)).toBe(Wait.Sleeping);
  k.pass(1n);
  expect(k.running(0)).toBe(sleeper);
  expect(k.results(sleeper).status).toBe(0);
});
