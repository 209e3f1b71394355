// What was lent is taken back while its holders go on, wait, drop it or end: at each moment nothing is left, and nothing else goes.

import { beforeEach, expect, test } from "vitest";
import { consoleWriteMax, messagePage } from "../../harness/abi.ts";
import { defined } from "../../harness/defined.ts";
import { forever, Kind, Refusal, Right, self, sys, TICK_TIME } from "../harness/kernel.ts";
import {
  ask,
  bootKernel,
  hartOf,
  infoWith,
  k,
  send,
  slotFrom,
  TICKS_MAX,
  TURNS_MAX,
} from "../harness/tasks.ts";
import { createVmo, kindAt, lend, map, PAGE, PLACE, READ_WRITE, references, threeTasks } from "./lending.ts";

beforeEach(bootKernel);

/** Time goes on until nothing refers to the memory object. */
function untilGone(vmo: number): void {
  for (let i = 0; i < TICKS_MAX && references(vmo) !== 0; i++) {
    k.pass(TICK_TIME);
  }
  expect(references(vmo)).toBe(0);
}

test("a task that lent to itself, and has it mapped, comes to its end", () => {
  const [lender] = threeTasks();
  const { slot, vmo } = createVmo(lender);
  expect(map(lender, slotFrom(lender, sys.Copy, lend(lender, slot), Right.All, 0))).toBe(Refusal.None);
  k.syscall(hartOf(lender), sys.Exit, 0);
  untilGone(vmo);
});

test("two tasks that lent to each other, and have it mapped, come to their ends", () => {
  const [one, other, killer] = threeTasks();
  const vmos = [one, other].map((task) => createVmo(task));
  const [first, second] = [defined(vmos[0]), defined(vmos[1])];
  expect(map(other, send(one, other, lend(one, first.slot)))).toBe(Refusal.None);
  expect(map(one, send(other, one, lend(other, second.slot)))).toBe(Refusal.None);
  for (const task of [one, other]) {
    ask(killer, sys.KillTask, k.give(killer, Kind.Task, task, Right.Manage));
  }
  untilGone(first.vmo);
  untilGone(second.vmo);
  expect([one, other].map((task) => k.guest.call("stateOf", task))).toEqual([2, 2]);
});

test("a message that waits with a copy comes without it", () => {
  const [lender, receiver, sender] = threeTasks();
  const { slot, vmo } = createVmo(lender);
  const lent = lend(lender, slot);
  const there = send(lender, sender, lent);
  const endpoint = k.guest.call("newEndpoint");
  const receive = k.give(receiver, Kind.Endpoint, endpoint, Right.Receive);
  const call = k.give(sender, Kind.Endpoint, endpoint, Right.Send);
  k.syscall(hartOf(sender), sys.Call, call, infoWith(there), 7, 0, 0, 0, forever);
  // In the middle of it: none is copied any more, and the sender's has not been taken yet.
  for (let i = 0; i < TURNS_MAX && k.guest.call("lendingAt", lender, lent) !== 2; i++) {
    expect(k.turn(hartOf(lender), sys.Revoke, lent)).toBe(false);
    k.pass(1n);
  }
  const { words } = ask(receiver, sys.Receive, receive, forever);
  expect([defined(words[0]), defined(words[1])]).toEqual([0n, 7n]);
  expect(ask(lender, sys.Revoke, lent).status).toBe(Refusal.None);
  expect(references(vmo)).toBe(2);
});

test("what a task was taking back is forgotten when its own slot is taken", () => {
  const [lender, one, other] = threeTasks();
  const { slot } = createVmo(lender);
  const lent = lend(lender, slot);
  const inner = lend(one, send(lender, one, lent));
  for (let i = 0; i < 30; i++) {
    slotFrom(other, sys.Copy, send(one, other, inner), Right.All, 0);
  }
  expect(k.turn(hartOf(one), sys.Revoke, inner)).toBe(false);
  expect(ask(lender, sys.Revoke, lent).status).toBe(Refusal.None);
  expect(ask(one, sys.Revoke, inner).status).toBe(Refusal.BadSlot);
  // At the same place it lends again, and takes all of that back.
  const mine = createVmo(one);
  while (kindAt(one, inner) === 0) {
    lend(one, mine.slot);
  }
  const lends = k.guest.call("lendingAt", one, inner) === 1 ? inner : lend(one, mine.slot);
  const before = references(mine.vmo);
  send(one, lender, lends);
  expect(ask(one, sys.Revoke, lends).status).toBe(Refusal.None);
  expect(references(mine.vmo)).toBe(before);
});

test("what was bound by a copy goes with it when its task drops it", () => {
  const [lender, one] = threeTasks();
  const bell = slotFrom(lender, sys.Create, Kind.Notification);
  const lent = lend(lender, bell);
  const there = send(lender, one, lent);
  expect(ask(one, sys.Bind, there).status).toBe(Refusal.None);
  expect(ask(one, sys.Drop, there).status).toBe(Refusal.None);
  expect(ask(lender, sys.Bind, bell).status).toBe(Refusal.None);
});

test("what was bound by a copy stays if its task has another right to it", () => {
  const [lender, one] = threeTasks();
  const bell = slotFrom(lender, sys.Create, Kind.Notification);
  const object = k.guest.call("objectAt", lender, bell);
  const lent = lend(lender, bell);
  const there = send(lender, one, lent);
  const own = send(lender, one, bell);
  expect(ask(one, sys.Bind, there).status).toBe(Refusal.None);
  const before = k.guest.call("notificationReferences", object);
  expect(ask(lender, sys.Revoke, lent).status).toBe(Refusal.None);
  expect([kindAt(one, there), kindAt(one, own)]).toEqual([0, Kind.Notification]);
  expect(k.guest.call("notificationReferences", object)).toBe(before - 1);
  expect(ask(lender, sys.Bind, bell).status).toBe(Refusal.AlreadyBound);
});

test("the console goes with the copy by which it was owned when its task drops that, with all that it has not read", () => {
  const [lender, one] = threeTasks();
  const console = k.give(lender, Kind.Console, 0, Right.All);
  const there = send(lender, one, lend(lender, console));
  const bell = slotFrom(one, sys.Create, Kind.Notification);
  expect(ask(one, sys.ConsoleOwn, there, bell, 1).status).toBe(Refusal.None);
  for (let i = 0; i < 3; i++) {
    expect(ask(lender, sys.ConsoleWrite, console, messagePage, consoleWriteMax).status).toBe(Refusal.None);
  }
  expect(ask(one, sys.Drop, there).status).toBe(Refusal.None);
  const own = slotFrom(lender, sys.Create, Kind.Notification);
  expect(ask(lender, sys.ConsoleOwn, console, own, 1).status).toBe(Refusal.None);
});

test("endpoints that were lent go with the task that lent them", () => {
  const [lender, one, killer] = threeTasks();
  const endpoint = slotFrom(lender, sys.Create, Kind.Endpoint);
  const object = k.guest.call("objectAt", lender, endpoint);
  const copies = [1, 2, 3].map(() => send(lender, one, lend(lender, endpoint)));
  ask(killer, sys.KillTask, k.give(killer, Kind.Task, lender, Right.Manage));
  for (let i = 0; i < TICKS_MAX && k.guest.call("endpointReferences", object) !== 0; i++) {
    k.pass(TICK_TIME);
  }
  expect(k.guest.call("endpointReferences", object)).toBe(0);
  expect(copies.map((copy) => kindAt(one, copy))).toEqual([0, 0, 0]);
  expect(k.guest.call("stateOf", lender)).toBe(2);
  k.check([one, killer]);
});

test("a mapping that is taken in the middle leaves a record that is as good as new", () => {
  const [lender, one] = threeTasks();
  const pages = 200;
  const lent = lend(lender, createVmo(lender, pages).slot);
  const there = send(lender, one, lent);
  expect(k.turn(hartOf(one), sys.Map, self, there, PLACE, 0, pages * PAGE, READ_WRITE)).toBe(false);
  let isRefused = false;
  for (let i = 0; i < TURNS_MAX && !k.turn(hartOf(lender), sys.Revoke, lent); i++) {
    // The other's call is refused as soon as its copy is taken.
    if (kindAt(one, there) === 0 && !isRefused) {
      expect(ask(one, sys.Map, self, there, PLACE, 0, pages * PAGE, READ_WRITE).status).toBe(Refusal.BadSlot);
      isRefused = true;
    }
    k.pass(1n);
  }
  expect(isRefused).toBe(true);
  expect(map(one, createVmo(one).slot)).toBe(Refusal.None);
  expect(ask(one, sys.Unmap, self, PLACE).status).toBe(Refusal.None);
});

test.each([
  ["left empty", () => undefined],
  ["filled with something that does not lend", (task: number) => createVmo(task).slot],
  ["filled with something of its own that it lends", (task: number) => lend(task, 0)],
] as const)(
  "a slot that lent, and was emptied meanwhile and %s, is not mixed up with what it was",
  (_what, fill) => {
    const [lender, one, other] = threeTasks();
    const mine = createVmo(one);
    expect(mine.slot).toBe(0);
    const { slot, vmo } = createVmo(lender);
    const lent = lend(lender, slot);
    const there = send(lender, one, lent);
    const inner = lend(one, there);
    const far = send(one, other, inner);
    for (let i = 0; i < 40; i++) {
      slotFrom(other, sys.Copy, far, Right.All, 0);
    }
    // As far as to what the inner slot lent.
    const lease = k.guest.call("leaseOfSlot", one, inner);
    for (let i = 0; i < TURNS_MAX && k.guest.call("takesLeaseOf", lender) !== lease; i++) {
      expect(k.turn(hartOf(lender), sys.Revoke, lent)).toBe(false);
      k.pass(1n);
    }
    expect(ask(one, sys.Drop, inner).status).toBe(Refusal.None);
    const filled = fill(one);
    expect(filled === undefined || filled === inner).toBe(true);
    const kept = filled === undefined ? undefined : send(one, other, filled);
    expect(ask(lender, sys.Revoke, lent).status).toBe(Refusal.None);
    expect(references(vmo)).toBe(2);
    expect(kept === undefined || kindAt(other, kept) === Kind.Vmo).toBe(true);
    k.check([lender, one, other]);
  },
);

test("while something is taken back, no copy of it is made", () => {
  const [lender, one, other] = threeTasks();
  const { slot, vmo } = createVmo(lender);
  const lent = lend(lender, slot);
  const held = [one, other].map((task) => {
    const there = send(lender, task, lent);
    for (let i = 0; i < 30; i++) {
      slotFrom(task, sys.Copy, there, Right.All, 0);
    }
    return there;
  });
  const there = defined(held[1]);
  // Turn after turn, the other task tries to be faster.
  let turns = 0;
  const refusals = new Set<number>();
  while (turns < TURNS_MAX && !k.turn(hartOf(lender), sys.Revoke, lent)) {
    turns += 1;
    refusals.add(ask(other, sys.Copy, there, Right.All, 0).status);
    refusals.add(ask(other, sys.Lend, there, Right.All, 0).status);
    k.pass(1n);
  }
  expect(turns).toBeGreaterThan(3);
  expect([...refusals]).toEqual([Refusal.BadSlot]);
  expect(references(vmo)).toBe(2);
});

test("the limit of interrupts leaves a revocation to a later tick, and it comes to its end", () => {
  const [lender, one] = threeTasks();
  const { slot, vmo } = createVmo(lender);
  const lent = lend(lender, slot);
  const there = send(lender, one, lent);
  // Others that take back nothing use up what one hart may send.
  const idle = lend(lender, slot);
  const hart = hartOf(lender);
  const turns: boolean[] = [];
  while (turns.length < 200) {
    turns.push(k.turn(hart, sys.Revoke, idle));
    k.pass(1n);
  }
  // It waits until it may send all that it needs: none of them is refused to it.
  expect(k.guest.call("ipisLimited", hart)).toBe(0);
  const last = turns.lastIndexOf(true);
  expect(last).toBeGreaterThan(20);
  expect(last).toBeLessThan(150);
  expect(references(vmo)).toBe(4);
  k.pass(TICK_TIME);
  expect(ask(lender, sys.Revoke, lent).status).toBe(Refusal.None);
  expect(kindAt(one, there)).toBe(0);
  expect(references(vmo)).toBe(3);
});
