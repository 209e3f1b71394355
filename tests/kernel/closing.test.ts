// When an endpoint closes, and which bits a task may signal: an endpoint closes with the last right to receive
// there, a badge on a notification's capability names its bits.

import { beforeEach, describe, expect, test } from "vitest";
import { defined } from "../harness/defined.ts";
import { Class, forever, Kernel, Kind, Refusal, Right, self, sys, Wait } from "./harness/kernel.ts";

/** More than are told in one go. */
const MANY_CALLERS = 40;

let k: Kernel;
beforeEach(async () => {
  k = await Kernel.boot();
});

/** An endpoint that a keeper on hart 0 and a server on hart 1 may receive at, and a client on hart 2 that may call. */
function service() {
  const keeper = k.spawnOn(0);
  const kept = defined(k.ask(0, sys.Create, Kind.Endpoint).words[0]);
  const endpoint = k.guest.call("objectAt", keeper, Number(kept));
  const server = k.spawnOn(1);
  const serve = k.give(server, Kind.Endpoint, endpoint, Right.Receive);
  const client = k.spawnOn(2);
  const send = k.give(client, Kind.Endpoint, endpoint, Right.Send, 5);
  return { keeper, kept, endpoint, server, serve, client, send };
}

function call(hart: number, slot: number): void {
  k.syscall(hart, sys.Call, slot, 0, 1, 2, 3, 4, forever);
}

describe("an endpoint", () => {
  test("stays open when its server ends but another task can receive, and its callers keep waiting", () => {
    const { keeper, kept, server, client, send } = service();
    call(2, send);
    k.syscall(1, sys.Exit, 0);
    expect(k.guest.call("stateOf", server)).toBe(2);
    expect(k.waits(client)).toBe(Wait.Sending);
    k.syscall(0, sys.Receive, kept, forever);
    expect(k.results(keeper).words[1]).toBe(1n);
    expect(k.waits(client)).toBe(Wait.Replying);
    k.check([keeper, client]);
  });

  test("closes with the last right to receive: a waiting caller gets PeerGone, and so does a later one", () => {
    const { keeper, kept, server, client, send, endpoint } = service();
    call(2, send);
    k.syscall(1, sys.Exit, 0);
    k.ask(0, sys.Drop, kept);
    expect(k.results(client).status).toBe(Refusal.PeerGone);
    expect(k.guest.call("callersOf", endpoint)).toBe(0);
    k.pass(1n);
    const hart = k.hartOf(client);
    expect(hart).toBeGreaterThanOrEqual(0);
    expect(k.ask(hart, sys.Call, send, 0, 1, 2, 3, 4, forever).status).toBe(Refusal.PeerGone);
    k.check([keeper, client]);
    expect(k.guest.call("stateOf", server)).toBe(2);
  });

  test("closes with the end of its only receiver, and every waiting caller gets PeerGone", () => {
    const { kept, server, client, send, endpoint } = service();
    k.ask(0, sys.Drop, kept);
    const other = k.spawnOn(3);
    const sendToo = k.give(other, Kind.Endpoint, endpoint, Right.Send);
    call(2, send);
    call(3, sendToo);
    k.fault(1, 13, 0x40n);
    expect([client, other].map((task) => k.results(task).status)).toEqual([
      Refusal.PeerGone,
      Refusal.PeerGone,
    ]);
    expect(k.guest.call("stateOf", server)).toBe(2);
    k.pass(1n);
    k.check([client, other]);
  });

  test("stays open through a copy with the right to receive, but not through a copy without it", () => {
    const { kept, client, send, server } = service();
    k.syscall(1, sys.Exit, 0);
    const full = defined(k.ask(0, sys.Copy, kept, Right.All, 0).words[0]);
    const calling = defined(k.ask(0, sys.Copy, kept, Right.Send | Right.Transfer, 0).words[0]);
    call(2, send);
    k.ask(0, sys.Drop, kept);
    expect(k.waits(client)).toBe(Wait.Sending);
    k.ask(0, sys.Drop, full);
    expect(k.results(client).status).toBe(Refusal.PeerGone);
    // The right to call is not the right to receive: no task can give the endpoint a receiver again.
    expect(k.ask(0, sys.Receive, calling, forever).status).toBe(Refusal.MissingRight);
    expect(k.ask(0, sys.Copy, calling, Right.All, 9).status).toBe(Refusal.MissingRight);
    expect(k.ask(0, sys.Call, calling, 0, 1, 2, 3, 4, forever).status).toBe(Refusal.PeerGone);
    expect(k.guest.call("stateOf", server)).toBe(2);
  });

  test("closes with the last right to receive, however many callers wait", () => {
    const { keeper, kept, server, serve, endpoint } = service();
    expect(k.ask(1, sys.Drop, serve).status).toBe(0);
    const callers = Array.from({ length: MANY_CALLERS }, () => {
      const caller = k.spawnOn(3);
      call(3, k.give(caller, Kind.Endpoint, endpoint, Right.Send));
      return caller;
    });
    expect(k.guest.call("callersOf", endpoint)).toBe(MANY_CALLERS);
    expect(k.ask(0, sys.Drop, kept).status).toBe(0);
    expect(k.guest.call("callersOf", endpoint)).toBe(0);
    expect(callers.map((caller) => k.results(caller).status)).toEqual(callers.map(() => Refusal.PeerGone));
    k.check([keeper, server, ...callers]);
  });

  test("frees its place in the table when no capability names it any more", () => {
    const { kept, endpoint, client, send } = service();
    k.syscall(1, sys.Exit, 0);
    call(2, send);
    k.ask(0, sys.Drop, kept);
    expect(k.guest.call("endpointReferences", endpoint)).toBe(1);
    k.pass(1n);
    k.syscall(k.hartOf(client), sys.Exit, 0);
    // The lowest place that is free is taken first: a new endpoint is in it.
    expect(k.guest.call("newEndpoint")).toBe(endpoint);
  });
});

describe("a badge on a notification's capability", () => {
  const own = 0b1010n;

  /** A keeper on hart 0 that waits, and a task on hart 1 whose copy is good for two bits. */
  function shared() {
    const keeper = k.spawnOn(0);
    const kept = defined(k.ask(0, sys.Create, Kind.Notification).words[0]);
    const notification = k.guest.call("objectAt", keeper, Number(kept));
    const copy = k.ask(0, sys.Copy, kept, Right.Send, own);
    expect(copy.status).toBe(0);
    expect(k.guest.call("badgeAt", keeper, Number(copy.words[0]))).toBe(Number(own));
    const task = k.spawnOn(1);
    const slot = k.give(task, Kind.Notification, notification, Right.Send, Number(own));
    return { keeper, kept, notification, task, slot };
  }

  const bits = (notification: number): bigint => k.guest.call64("bitsOf", notification);

  test("lets its holder signal its bits, and no others", () => {
    const { notification, slot } = shared();
    for (const wrong of [1n, own | 1n, 1n << 32n, forever]) {
      expect(k.ask(1, sys.Signal, slot, wrong).status).toBe(Refusal.MissingRight);
    }
    expect(bits(notification)).toBe(0n);
    expect(k.ask(1, sys.Signal, slot, 0b1000n).status).toBe(0);
    expect(k.ask(1, sys.Signal, slot, own).status).toBe(0);
    expect(bits(notification)).toBe(own);
  });

  test("limits the bits that signal the end of a task that its holder makes", () => {
    const { slot } = shared();
    expect(k.ask(1, sys.CreateTask, Class.App, slot, 1n, self).status).toBe(Refusal.MissingRight);
    expect(k.ask(1, sys.CreateTask, Class.App, slot, 0b10n, self).status).toBe(0);
  });

  test("is made by a task that may wait, and never grows", () => {
    const { keeper, kept, notification, slot } = shared();
    // A task that may only signal makes no badge.
    expect(k.ask(1, sys.Copy, slot, Right.Send, 0b10).status).toBe(Refusal.MissingRight);
    // A task that may wait as well, but has a badge, gives some of its own bits.
    const both = k.give(keeper, Kind.Notification, notification, Right.All, Number(own));
    expect(k.ask(0, sys.Copy, both, Right.All, 0b10).status).toBe(0);
    expect(k.ask(0, sys.Copy, both, Right.All, 0b11).status).toBe(Refusal.MissingRight);
    // A copy without a new badge keeps the old one.
    const same = defined(k.ask(0, sys.Copy, both, Right.All, 0).words[0]);
    expect(k.guest.call("badgeAt", keeper, Number(same))).toBe(Number(own));
    // The badge does not bind its maker.
    expect(k.ask(0, sys.Signal, kept, 1n).status).toBe(0);
  });
});
