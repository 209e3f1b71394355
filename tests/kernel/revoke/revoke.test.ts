// Capabilities that were lent are taken back: from every task, on every hart, with what was mapped by them.

import { beforeEach, describe, expect, test } from "vitest";
import { consoleWriteMax, messagePage } from "../../harness/abi.ts";
import { defined } from "../../harness/defined.ts";
import { forever, Kind, Refusal, Right, self, sys, TICK_TIME, Wait } from "../harness/kernel.ts";
import { ask, bootKernel, hartOf, k, send, slotFrom, TICKS_MAX } from "../harness/tasks.ts";
import {
  createVmo,
  kindAt,
  LENDERS_MAX,
  lend,
  map,
  PAGE,
  PLACE,
  READ_WRITE,
  references,
  threeTasks,
} from "./lending.ts";

/** Lines of the console: more than go out at once. */
const UNREAD = 3;

beforeEach(bootKernel);

describe("revoke", () => {
  test("takes every copy back, and copies of copies, before it returns; the slot stays and lends anew", () => {
    const [lender, one, other] = threeTasks();
    const { slot, vmo } = createVmo(lender);
    const lent = lend(lender, slot);
    const there = send(lender, one, lent);
    const copied = slotFrom(one, sys.Copy, there, Right.All, 0);
    const passed = send(one, other, copied);
    expect(references(vmo)).toBe(5);

    expect(ask(lender, sys.Revoke, lent).status).toBe(Refusal.None);
    expect([kindAt(one, there), kindAt(one, copied), kindAt(other, passed)]).toEqual([0, 0, 0]);
    expect(references(vmo)).toBe(2);
    expect(ask(one, sys.VmoSize, there).status).toBe(Refusal.BadSlot);
    expect(ask(lender, sys.VmoSize, lent).status).toBe(Refusal.None);
    expect(ask(lender, sys.VmoSize, slot).status).toBe(Refusal.None);

    const again = send(lender, one, lent);
    expect(ask(one, sys.VmoSize, again).status).toBe(Refusal.None);
    expect(ask(lender, sys.Revoke, lent).status).toBe(Refusal.None);
    expect(kindAt(one, again)).toBe(0);
    k.check([lender, one, other]);
  });

  test("leaves alone what was not lent by that slot", () => {
    const [lender, one] = threeTasks();
    const { slot, vmo } = createVmo(lender);
    const lent = lend(lender, slot);
    const alsoLent = lend(lender, slot);
    const given = send(lender, one, slot);
    const second = send(lender, one, alsoLent);
    send(lender, one, lent);
    ask(lender, sys.Revoke, lent);
    expect([given, second].map((at) => kindAt(one, at))).toEqual([Kind.Vmo, Kind.Vmo]);
    expect(references(vmo)).toBe(5);
  });

  test("takes back what a copy lent, and what that lent", () => {
    const [lender, one, other] = threeTasks();
    const { slot, vmo } = createVmo(lender);
    const lent = lend(lender, slot);
    const first = lend(one, send(lender, one, lent));
    const second = lend(other, send(one, other, first));
    const back = send(other, lender, second);
    expect(ask(lender, sys.Revoke, lent).status).toBe(Refusal.None);
    expect([kindAt(one, first), kindAt(other, second), kindAt(lender, back)]).toEqual([0, 0, 0]);
    expect(references(vmo)).toBe(2);
    for (const task of [one, other]) {
      expect(k.guest.call("lendingAt", task, first) === 2).toBe(false);
    }
  });

  test("ends mappings on all harts, in the task that runs and in one that waits", () => {
    const [lender, one, other] = threeTasks();
    const { slot, vmo } = createVmo(lender);
    const lent = lend(lender, slot);
    for (const task of [one, other]) {
      expect(map(task, send(lender, task, lent))).toBe(Refusal.None);
      expect(k.guest.call64("entryOf", task, PLACE)).not.toBe(0n);
    }
    k.syscall(hartOf(other), sys.Sleep, forever);
    expect(references(vmo)).toBe(6);
    const fences = defined(k.fences[hartOf(one)]);
    expect(ask(lender, sys.Revoke, lent).status).toBe(Refusal.None);
    expect([one, other].map((task) => k.guest.call64("entryOf", task, PLACE))).toEqual([0n, 0n]);
    expect([one, other].map((task) => k.guest.call("mappingsOf", task))).toEqual([
      k.guest.call("mappingsOf", lender),
      k.guest.call("mappingsOf", lender),
    ]);
    expect(references(vmo)).toBe(2);
    // No hart uses what its TLB knew of these spaces: the one that runs in one of them has forgotten it.
    expect(k.fences[hartOf(one)]).toBeGreaterThan(fences);
    expect(k.guest.call("seenByOf", other)).toBe(0);
    k.check([lender, one, other]);
  });

  test("takes out a large mapping in turns, also one that is being made at that moment", () => {
    const [lender, one, other] = threeTasks();
    const pages = 700;
    const { slot, vmo } = createVmo(lender, pages);
    const lent = lend(lender, slot);
    const there = send(lender, one, lent);
    expect(map(one, there, pages)).toBe(Refusal.None);
    const half = send(lender, other, lent);
    expect(k.turn(hartOf(other), sys.Map, self, half, PLACE, 0, pages * PAGE, READ_WRITE)).toBe(false);
    const before = k.ipis.length;
    expect(ask(lender, sys.Revoke, lent).status).toBe(Refusal.None);
    expect(k.ipis.length).toBeGreaterThan(before);
    expect(references(vmo)).toBe(2);
    for (const task of [one, other]) {
      for (const page of [0, 63, 64, 300, pages - 1]) {
        expect(k.guest.call64("entryOf", task, PLACE + page * PAGE)).toBe(0n);
      }
    }
    // The call goes on, and is refused; then its task maps other memory at the same place.
    expect(ask(other, sys.Map, self, half, PLACE, 0, pages * PAGE, READ_WRITE).status).toBe(Refusal.BadSlot);
    expect(map(other, createVmo(other).slot)).toBe(Refusal.None);
  });

  test("ends waits at what is taken, but not where the task has another right to wait", () => {
    const [lender, one, other] = threeTasks();
    const endpoint = slotFrom(lender, sys.Create, Kind.Endpoint);
    const bell = slotFrom(lender, sys.Create, Kind.Notification);
    const lentEndpoint = lend(lender, endpoint);
    const lentBell = lend(lender, bell);
    const receiver = k.spawnOn(3);
    const receives = send(lender, receiver, lentEndpoint);
    const waits = send(lender, one, lentBell);
    const kept = send(lender, other, bell);
    const alsoWaits = send(lender, other, lentBell);
    expect(kept).not.toBe(alsoWaits);
    k.syscall(hartOf(receiver), sys.Receive, receives, forever);
    k.syscall(hartOf(one), sys.Wait, waits, forever);
    expect([receiver, one].map((task) => k.waits(task))).toEqual([Wait.Receiving, Wait.Notified]);
    ask(lender, sys.Revoke, lentEndpoint);
    ask(lender, sys.Revoke, lentBell);
    expect([receiver, one].map((task) => k.results(task).status)).toEqual([Refusal.BadSlot, Refusal.BadSlot]);
    k.check([lender, one, other, receiver]);

    const second = send(lender, other, lentBell);
    k.syscall(hartOf(other), sys.Wait, second, forever);
    ask(lender, sys.Revoke, lentBell);
    expect(k.waits(other)).toBe(Wait.Notified);
    expect(kindAt(other, second)).toBe(0);
    ask(lender, sys.Signal, bell, 4);
    expect(k.results(other).words[0]).toBe(4n);
  });

  test("ends a call that no task has received, and lets one that was received be answered", () => {
    const [lender, one, other] = threeTasks();
    const endpoint = slotFrom(lender, sys.Create, Kind.Endpoint);
    const lent = lend(lender, endpoint, Right.Send | Right.Transfer);
    const early = send(lender, one, lent);
    const late = send(lender, other, lent);
    k.syscall(hartOf(one), sys.Call, early, 0, 7, 0, 0, 0, forever);
    const token = defined(ask(lender, sys.Receive, endpoint, forever).words[5]);
    k.syscall(hartOf(other), sys.Call, late, 0, 8, 0, 0, 0, forever);
    expect(k.waits(other)).toBe(Wait.Sending);
    ask(lender, sys.Revoke, lent);
    expect(k.results(other).status).toBe(Refusal.BadSlot);
    expect(k.waits(one)).toBe(Wait.Replying);
    expect(ask(lender, sys.Reply, token, 0, 9, 0, 0, 0).status).toBe(Refusal.None);
    expect(k.results(one)).toMatchObject({ status: 0 });
    expect(ask(one, sys.Call, early, 0, 7, 0, 0, 0, forever).status).toBe(Refusal.BadSlot);
  });

  test("closes an endpoint with the last right to receive there", () => {
    const [lender, server, client] = threeTasks();
    const endpoint = slotFrom(lender, sys.Create, Kind.Endpoint);
    const calls = send(lender, client, endpoint);
    const lent = lend(lender, endpoint);
    send(lender, server, lent);
    ask(lender, sys.Drop, endpoint);
    k.syscall(hartOf(client), sys.Call, calls, 0, 1, 0, 0, 0, forever);
    ask(lender, sys.Revoke, lent);
    // The client's copy has the right to receive as well, and so has what lent.
    expect(k.waits(client)).toBe(Wait.Sending);
    ask(lender, sys.Drop, lent);
    expect(k.waits(client)).toBe(Wait.Sending);
    k.check([lender, server, client]);
  });

  test("lets a task wait on that waits elsewhere", () => {
    const [lender, one] = threeTasks();
    const lent = lend(lender, slotFrom(lender, sys.Create, Kind.Endpoint));
    const there = send(lender, one, lent);
    const own = slotFrom(one, sys.Create, Kind.Endpoint);
    k.syscall(hartOf(one), sys.Receive, own, forever);
    ask(lender, sys.Revoke, lent);
    expect(k.waits(one)).toBe(Wait.Receiving);
    expect(kindAt(one, there)).toBe(0);
    k.check([lender, one]);
  });

  test("gives the console back to the kernel", () => {
    const [lender, one] = threeTasks();
    const console = k.give(lender, Kind.Console, 0, Right.All);
    const lent = lend(lender, console);
    const there = send(lender, one, lent);
    const bell = slotFrom(one, sys.Create, Kind.Notification);
    expect(ask(one, sys.ConsoleOwn, there, bell, 1).status).toBe(Refusal.None);
    const own = slotFrom(lender, sys.Create, Kind.Notification);
    expect(ask(lender, sys.ConsoleOwn, console, own, 1).status).toBe(Refusal.AlreadyBound);
    // What the owner does not read goes out in turns.
    for (let i = 0; i < UNREAD; i++) {
      expect(ask(lender, sys.ConsoleWrite, console, messagePage, consoleWriteMax).status).toBe(Refusal.None);
    }
    ask(lender, sys.Revoke, lent);
    expect(ask(lender, sys.ConsoleOwn, console, own, 1).status).toBe(Refusal.None);
  });

  test("lets go of a notification that was bound by what is taken", () => {
    const [lender, one] = threeTasks();
    const bell = slotFrom(lender, sys.Create, Kind.Notification);
    const lent = lend(lender, bell);
    const object = k.guest.call("objectAt", lender, bell);
    expect(ask(one, sys.Bind, send(lender, one, lent)).status).toBe(Refusal.None);
    const before = k.guest.call("notificationReferences", object);
    ask(lender, sys.Revoke, lent);
    expect(k.guest.call("notificationReferences", object)).toBe(before - 2);
    expect(ask(lender, sys.Bind, bell).status).toBe(Refusal.None);
  });

  test("is refused for a slot that does not lend, and for none", () => {
    const lender = k.spawnOn(0);
    const { slot } = createVmo(lender);
    expect(ask(lender, sys.Revoke, slot).status).toBe(Refusal.BadState);
    expect(ask(lender, sys.Revoke, 63).status).toBe(Refusal.BadSlot);
    expect(ask(lender, sys.Revoke, 1n << 40n).status).toBe(Refusal.BadSlot);
    expect(ask(lender, sys.Lend, 63, Right.All, 0).status).toBe(Refusal.BadSlot);
  });

  test("is not possible through too many that lent", () => {
    const [lender] = threeTasks();
    let slot = createVmo(lender).slot;
    const chain: number[] = [];
    for (let i = 0; i < LENDERS_MAX; i++) {
      slot = lend(lender, slot);
      chain.push(slot);
    }
    expect(ask(lender, sys.Lend, slot, Right.All, 0).status).toBe(Refusal.BadState);
    expect(ask(lender, sys.Copy, slot, Right.All, 0).status).toBe(Refusal.None);
    expect(ask(lender, sys.Revoke, defined(chain[0])).status).toBe(Refusal.None);
    expect(chain.map((at) => kindAt(lender, at))).toEqual([Kind.Vmo, ...chain.slice(1).map(() => 0)]);
  });
});

describe("what is lent ends", () => {
  test("with the slot that lent it", () => {
    const [lender, one] = threeTasks();
    const { slot, vmo } = createVmo(lender);
    const lent = lend(lender, slot);
    const there = send(lender, one, lent);
    expect(map(one, there)).toBe(Refusal.None);
    expect(ask(lender, sys.Drop, lent).status).toBe(Refusal.None);
    expect(kindAt(one, there)).toBe(0);
    expect(references(vmo)).toBe(1);
  });

  test("with the task that lent it, however it ends", () => {
    const [lender, one, killer] = threeTasks();
    const { slot, vmo } = createVmo(lender);
    const lent = lend(lender, slot);
    const there = send(lender, one, lent);
    const inner = lend(one, there);
    const far = send(one, killer, inner);
    expect(map(killer, far)).toBe(Refusal.None);
    const named = k.give(killer, Kind.Task, lender, Right.Manage);
    ask(killer, sys.KillTask, named);
    for (let i = 0; i < TICKS_MAX && references(vmo) !== 0; i++) {
      k.pass(TICK_TIME);
    }
    expect(references(vmo)).toBe(0);
    expect([kindAt(one, there), kindAt(one, inner), kindAt(killer, far)]).toEqual([0, 0, 0]);
    expect(k.guest.call64("entryOf", killer, PLACE)).toBe(0n);
    expect(k.guest.call("stateOf", lender)).toBe(2);
    k.check([one, killer]);
  });
});
