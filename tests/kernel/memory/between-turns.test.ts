// A large mapping comes in turns: the task makes its call again. Who can write the task's code may change the call in between.
// What is mapped then is what the first turn began, or nothing.

import { beforeEach, describe, expect, test } from "vitest";
import { defined } from "../../harness/defined.ts";
import { Class, Kernel, Kind, pageBytes, Refusal, Right, self, sys } from "../harness/kernel.ts";
import { made } from "../harness/made.ts";

const READ_WRITE = Right.Read | Right.Write;
const PLACE = 0x2000_0000;
const OTHER_PLACE = 0x3000_0000;
const PAGES = 200;
const PPN_SHIFT = 10n;
const WRITABLE = 4n;

let k: Kernel;
let task: number;
beforeEach(async () => {
  k = await Kernel.boot();
  task = k.spawnOn(0);
});

const memory = (pages: number): number => made(k, 0, sys.CreateVmo, pages * pageBytes, self);

const entryAt = (page: number, space = task): bigint =>
  k.guest.call64("entryOf", space, PLACE + page * pageBytes);

/** The first turn of a mapping of all of `vmo`, readable only. */
function begin(vmo: number, space: bigint | number = self): void {
  expect(k.turn(0, sys.Map, space, vmo, PLACE, 0, PAGES * pageBytes, Right.Read)).toBe(false);
}

/** Turns of another call, until it is done. */
function goOn(number: number, ...args: (bigint | number)[]): number {
  k.syscall(0, number, ...args);
  return k.results(task).status;
}

/** Each page that is mapped is the next frame behind that of the first, and none can be written. */
function expectInOrder(space = task): void {
  const first = entryAt(0, space) >> PPN_SHIFT;
  for (let page = 0; page < PAGES; page++) {
    expect([page, entryAt(page, space) >> PPN_SHIFT]).toEqual([page, first + BigInt(page)]);
    expect(entryAt(page, space) & WRITABLE).toBe(0n);
  }
}

describe("a mapping goes on as it was begun", () => {
  test("with the offset, the memory object and the rights of the first turn", () => {
    const vmo = memory(PAGES);
    const other = memory(1);
    begin(vmo);
    expect(goOn(sys.Map, self, other, OTHER_PLACE, 0xffff_f000n << 8n, pageBytes, READ_WRITE)).toBe(0);
    expectInOrder();
    expect(k.guest.call64("entryOf", task, OTHER_PLACE)).toBe(0n);
    expect(k.guest.call("mappedOf", task, k.guest.call("objectAt", task, vmo))).toBe(1);
    expect(k.guest.call("mappedOf", task, k.guest.call("objectAt", task, other))).toBe(0);
  });

  test("also by a call that would unmap", () => {
    begin(memory(PAGES));
    expect(goOn(sys.Unmap, self, OTHER_PLACE)).toBe(0);
    expectInOrder();
  });

  test("and not at all in another space, where nothing of it is looked at", () => {
    const bell = k.give(task, Kind.Notification, k.guest.call("newNotification"));
    const slot = made(k, 0, sys.CreateTask, Class.App, bell, 1, self);
    const child = k.guest.call("objectAt", task, slot);
    const vmo = memory(PAGES);
    begin(vmo);
    expect(goOn(sys.Map, slot, vmo, PLACE, 0, PAGES * pageBytes, Right.Read)).toBe(Refusal.BadState);
    expect(goOn(sys.Unmap, slot, PLACE)).toBe(Refusal.BadAddress);
    expect(entryAt(0, child)).toBe(0n);
    // And the other way round: begun in the other task, it does not go on in its own space.
    begin(vmo, slot);
    expect(goOn(sys.Map, self, vmo, OTHER_PLACE, 0, PAGES * pageBytes, Right.Read)).toBe(Refusal.BadState);
    expect(k.guest.call64("entryOf", task, OTHER_PLACE)).toBe(0n);
    // It is the task's own affair that it has half of a mapping now. All of it goes with the task.
    expect(k.guest.call("vmoReferences", k.guest.call("objectAt", task, vmo))).toBe(3);
  });

  test("and not in a task that has the number of the one in which it was begun", () => {
    const bell = k.give(task, Kind.Notification, k.guest.call("newNotification"));
    const slot = made(k, 0, sys.CreateTask, Class.App, bell, 1, self);
    const vmo = memory(PAGES);
    const address = k.guest.call("objectAt", task, vmo);
    begin(vmo, slot);
    const before = k.guest.call("objectAt", task, slot);
    expect(k.ask(0, sys.KillTask, slot).status).toBe(0);
    k.ask(0, sys.Drop, slot);
    const next = made(k, 0, sys.CreateTask, Class.App, bell, 1, self);
    expect(k.guest.call("objectAt", task, next)).toBe(before);
    expect(goOn(sys.Map, next, vmo, PLACE, 0, PAGES * pageBytes, Right.Read)).toBe(Refusal.BadState);
    expect(k.guest.call("vmoReferences", address)).toBe(1);
    expect(entryAt(0, before)).toBe(0n);
  });

  test("and not in the place of another task's work", () => {
    const bell = k.give(task, Kind.Notification, k.guest.call("newNotification"));
    const slot = made(k, 0, sys.CreateTask, Class.App, bell, 1, self);
    begin(memory(PAGES), slot);
    const before = k.guest.call("objectAt", task, slot);
    expect(k.ask(0, sys.KillTask, slot).status).toBe(0);
    k.ask(0, sys.Drop, slot);
    const next = made(k, 0, sys.CreateTask, Class.App, bell, 1, self);
    expect(k.guest.call("objectAt", task, next)).toBe(before);
    // Another task begins at the same record of the same table.
    const other = k.spawnOn(1);
    const there = k.give(other, Kind.Task, before);
    expect(k.ask(1, sys.CreateVmo, PAGES * pageBytes, self).status).toBe(0);
    const theirs = Number(defined(k.results(other).words[0]));
    expect(k.turn(1, sys.Map, there, theirs, PLACE, 0, PAGES * pageBytes, Right.Read)).toBe(false);
    expect(goOn(sys.Map, next, theirs, PLACE, 0, PAGES * pageBytes, Right.Read)).not.toBe(0);
    k.syscall(1, sys.Map, there, theirs, PLACE, 0, PAGES * pageBytes, Right.Read);
    expect(k.results(other).status).toBe(0);
    expectInOrder(before);
  });
});

test("a mapping by a capability that was lent keeps its lease, whatever is mapped at the same time", () => {
  const [vmo, other] = [memory(1), memory(PAGES)];
  const lend = (slot: number): number => made(k, 0, sys.Lend, slot, Right.All, 0);
  const copy = (slot: number): number => made(k, 0, sys.Copy, slot, Right.All, 0);
  const [lender, second] = [lend(vmo), lend(other)];
  const [lent, secondLent] = [copy(lender), copy(second)];
  expect(k.ask(0, sys.Map, self, lent, OTHER_PLACE, 0, pageBytes, Right.Read).status).toBe(0);
  begin(secondLent);
  expect(goOn(sys.Map, self, secondLent, OTHER_PLACE, 0, pageBytes, Right.Read)).toBe(0);
  expect(k.ask(0, sys.Revoke, lender).status).toBe(0);
  expect(k.guest.call64("entryOf", task, OTHER_PLACE)).toBe(0n);
});
