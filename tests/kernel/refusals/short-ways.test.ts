// Calls and replies take a short way through the kernel where a task already waits for them (syscall/fast.ts). It refuses
// what the ordinary way refuses, and leaves the waiting task where it is.

import { beforeEach, describe, expect, test } from "vitest";
import {
  forever,
  Kernel,
  Kind,
  messageBytesMax,
  notified,
  Refusal,
  Right,
  slotCount,
  sys,
  Wait,
} from "../harness/kernel.ts";

let k: Kernel;
let server: number;
let client: number;
let endpoint: number;
let receive: number;

beforeEach(async () => {
  k = await Kernel.boot();
  server = k.spawnOn(0);
  client = k.spawnOn(1);
  endpoint = k.guest.call("newEndpoint");
  receive = k.give(server, Kind.Endpoint, endpoint, Right.Receive);
});

describe("a call to a server that waits", () => {
  beforeEach(() => {
    k.syscall(0, sys.Receive, receive, forever);
    expect(k.waits(server)).toBe(Wait.Receiving);
  });

  const call = (slot: number | bigint, info = 0): number =>
    k.ask(1, sys.Call, slot, info, 1, 2, 3, 4, forever).status;

  test("needs the right to send", () => {
    expect(call(k.give(client, Kind.Endpoint, endpoint, Right.Receive | Right.Transfer))).toBe(
      Refusal.MissingRight,
    );
    expect(call(k.give(client, Kind.Endpoint, endpoint, Right.None))).toBe(Refusal.MissingRight);
  });

  test("needs an endpoint", () => {
    expect(call(k.give(client, Kind.Notification, k.guest.call("newNotification")))).toBe(Refusal.WrongKind);
    expect(call(k.give(client, Kind.Info, endpoint))).toBe(Refusal.WrongKind);
    expect(call(slotCount - 1)).toBe(Refusal.BadSlot);
  });

  test("needs a slot of the caller's table", () => {
    expect(call(slotCount)).toBe(Refusal.BadSlot);
    expect(call((1n << 32n) + BigInt(k.give(client, Kind.Endpoint, endpoint)))).toBe(Refusal.BadSlot);
    expect(call(-1)).toBe(Refusal.BadSlot);
  });

  test("brings no more bytes than a page has", () => {
    expect(call(k.give(client, Kind.Endpoint, endpoint), messageBytesMax + 1)).toBe(Refusal.BadArgument);
  });

  test("arrives when the server goes on, and no refused one did", () => {
    expect(call(k.give(client, Kind.Endpoint, endpoint, Right.Receive))).toBe(Refusal.MissingRight);
    expect([k.waits(server), k.waits(client)]).toEqual([Wait.Receiving, Wait.None]);
    k.syscall(1, sys.Call, k.give(client, Kind.Endpoint, endpoint, Right.Send), 0, 11, 2, 3, 4, forever);
    expect(k.results(server).words.slice(1, 3)).toEqual([11n, 2n]);
  });
});

describe("a reply with which the server waits again", () => {
  let token: bigint;
  let bell: number;
  beforeEach(() => {
    bell = k.give(server, Kind.Notification, k.guest.call("newNotification"));
    k.syscall(1, sys.Call, k.give(client, Kind.Endpoint, endpoint, Right.Send), 0, 1, 2, 3, 4, forever);
    token = k.ask(0, sys.Receive, receive, forever).words[5] ?? 0n;
    expect(k.waits(client)).toBe(Wait.Replying);
  });

  const replyReceive = (slot: number | bigint, info = 0): number =>
    k.ask(0, sys.ReplyReceive, slot, info, 1, 2, 3, 4, token).status;

  test("needs an endpoint of the server's, with the right to receive", () => {
    const slots = [
      [k.give(server, Kind.Endpoint, endpoint, Right.Send), Refusal.MissingRight],
      [bell, Refusal.WrongKind],
      [slotCount - 1, Refusal.BadSlot],
      [slotCount, Refusal.BadSlot],
      [(1n << 32n) + BigInt(receive), Refusal.BadSlot],
    ] as const;
    for (const [slot, refusal] of slots) {
      expect([slot, replyReceive(slot)]).toEqual([slot, refusal]);
      expect([k.waits(server), k.waits(client)]).toEqual([Wait.None, Wait.Replying]);
    }
  });

  test("brings no more bytes than a page has", () => {
    expect(replyReceive(receive, messageBytesMax + 1)).toBe(Refusal.BadArgument);
    expect(k.waits(client)).toBe(Wait.Replying);
  });

  test("gives a server its notification first, if it has one", () => {
    expect(k.ask(0, sys.Bind, bell).status).toBe(0);
    expect(k.ask(0, sys.Signal, bell, 4).status).toBe(0);
    k.syscall(0, sys.ReplyReceive, receive, 0, 1, 2, 3, 4, token);
    expect(k.results(client).status).toBe(0);
    expect(k.results(server).status).toBe(notified);
    expect(k.results(server).words[1]).toBe(4n);
  });

  test.each([1n, 1n << 8n, 1n << 63n])(
    "answers no task if its token is wrong (by %s), and the server waits all the same",
    (difference) => {
      k.syscall(0, sys.ReplyReceive, receive, 0, 1, 2, 3, 4, token ^ difference);
      expect([k.waits(server), k.waits(client)]).toEqual([Wait.Receiving, Wait.Replying]);
    },
  );
});
