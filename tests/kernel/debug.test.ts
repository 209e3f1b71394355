// A debugger's right: the faults of another task come to who has it, and only to that one. However the two end, no task
// stands for ever, and nothing is kept.

import { beforeEach, describe, expect, test } from "vitest";
import { defined } from "../harness/defined.ts";
import {
  Class,
  End,
  forever,
  Kind,
  noSlot,
  Refusal,
  Right,
  self,
  sys,
  TICK_TIME,
  Wait,
} from "./harness/kernel.ts";
import { ask, bootKernel, hartOf, k, send, slotFrom, TICKS_MAX } from "./harness/tasks.ts";

const LOAD_PAGE_FAULT = 13;
const ILLEGAL_INSTRUCTION = 2;
const BAD_ADDRESS = 0xdead_0000n;
const PC = 0x1234n;
const A0 = 10;

let taker: number;
let other: number;
let target: number;
let notification: number;
/** The taker's slots. */
let bell: number;
let right: number;
beforeEach(async () => {
  await bootKernel();
  taker = k.spawnOn(0);
  target = k.spawnOn(1);
  other = k.spawnOn(2);
  notification = k.guest.call("newNotification");
  bell = k.give(taker, Kind.Notification, notification);
  right = k.give(taker, Kind.Task, target, Right.Debug);
});

function status(task: number, number: number, ...args: (bigint | number)[]): number {
  return ask(task, number, ...args).status;
}

function take(bits = 5): void {
  expect(status(taker, sys.TakeFaults, right, bell, bits)).toBe(Refusal.None);
}

/** `task` faults where it runs. */
function fault(task: number, cause = LOAD_PAGE_FAULT): void {
  k.fault(hartOf(task), cause, BAD_ADDRESS);
}

function untilEnded(task: number): number {
  for (let i = 0; i < TICKS_MAX && k.waits(task) !== Wait.Ended; i++) {
    k.pass(TICK_TIME);
  }
  expect(k.waits(task)).toBe(Wait.Ended);
  return k.guest.call("endOf", task);
}

/** Word `number` of the taker's message page: pc is 0, xN is N. */
function word(number: number): number {
  return (k.guest.call("messagePageOf", taker) >>> 0) + 8 * number;
}

describe("a task whose faults another one took", () => {
  test("stands on its fault, and goes on as the other one says", () => {
    take();
    fault(target);
    expect([k.waits(target), k.hartOf(target)]).toEqual([Wait.Faulted, -1]);
    expect(k.guest.call64("bitsOf", notification)).toBe(5n);
    expect(status(taker, sys.ReadRegisters, right)).toBe(Refusal.None);
    expect(k.results(taker).words.slice(0, 2)).toEqual([BigInt(End.LoadFault), BAD_ADDRESS]);
    expect(k.guest.view().getBigUint64(word(0), true)).toBe(k.guest.call64("sepcOf", target));
    expect(k.guest.view().getBigUint64(word(A0), true)).toBe(k.guest.call64("register", target, 0));
    k.guest.view().setBigUint64(word(0), PC, true);
    k.guest.view().setBigUint64(word(A0), 42n, true);
    expect(status(taker, sys.WriteRegisters, right)).toBe(Refusal.None);
    expect(k.waits(target)).toBe(Wait.Faulted);
    expect(status(taker, sys.ResumeTask, right)).toBe(Refusal.None);
    expect(hartOf(target)).toBeGreaterThanOrEqual(0);
    expect([k.guest.call64("sepcOf", target), k.guest.call64("register", target, 0)]).toEqual([PC, 42n]);
    k.check([taker, target, other]);
    // The next one comes as well.
    fault(target, ILLEGAL_INSTRUCTION);
    expect(status(taker, sys.ReadRegisters, right)).toBe(Refusal.None);
    expect(k.results(taker).words[0]).toBe(BigInt(End.IllegalInstruction));
  });

  test("goes on nowhere outside of its space", () => {
    take();
    fault(target);
    expect(status(taker, sys.ReadRegisters, right)).toBe(Refusal.None);
    const before = k.guest.call64("sepcOf", target);
    k.guest.view().setBigUint64(word(0), 0x8000_0000n, true);
    k.guest.view().setBigUint64(word(A0), 42n, true);
    expect(status(taker, sys.WriteRegisters, right)).toBe(Refusal.BadArgument);
    expect([k.guest.call64("sepcOf", target), k.waits(target)]).toEqual([before, Wait.Faulted]);
    expect(k.guest.call64("register", target, 0)).not.toBe(42n);
  });

  test("is killed where it stands, and the notification is the debugger's alone again", () => {
    const told = k.guest.call("newNotification");
    const ends = k.give(taker, Kind.Notification, told);
    expect(status(taker, sys.CreateTask, Class.App, ends, 8, self)).toBe(0);
    const made = Number(defined(k.results(taker).words[0]));
    const child = k.guest.call("objectAt", taker, made);
    // Who makes a task may debug it.
    expect(status(taker, sys.TakeFaults, made, bell, 1)).toBe(Refusal.None);
    expect(status(taker, sys.StartTask, made, 0x10000, 0x7000_0000)).toBe(Refusal.None);
    fault(child);
    expect(status(taker, sys.KillTask, made)).toBe(Refusal.None);
    expect(untilEnded(child)).toBe(End.Killed);
    expect(k.guest.call64("bitsOf", told)).toBe(8n);
    expect(status(taker, sys.ReadRegisters, made)).toBe(Refusal.BadState);
    expect(status(taker, sys.TakeFaults, made, bell, 1)).toBe(Refusal.BadState);
  });

  test("that ends gives back what it was debugged with", () => {
    const before = k.guest.call("notificationReferences", notification);
    take();
    expect(k.guest.call("notificationReferences", notification)).toBe(before + 1);
    k.syscall(hartOf(target), sys.Exit, 0);
    expect(k.guest.call("notificationReferences", notification)).toBe(before);
    k.syscall(hartOf(taker), sys.Exit, 0);
    expect(untilEnded(taker)).toBe(End.Exit);
    expect(k.guest.call("stateOf", taker)).toBe(2);
    expect(k.guest.call("referencesOf", taker)).toBe(0);
  });
});

describe("the faults of a task", () => {
  test("are taken only with the right, by one task, of another one, and to a notification that may be signalled", () => {
    const without = k.give(taker, Kind.Task, target, Right.Manage | Right.Transfer);
    const deaf = k.give(taker, Kind.Notification, notification, Right.Receive);
    const few = k.give(taker, Kind.Notification, notification, Right.All, 1);
    const own = k.give(taker, Kind.Task, taker, Right.Debug);
    expect(status(taker, sys.TakeFaults, without, bell, 1)).toBe(Refusal.MissingRight);
    expect(status(taker, sys.TakeFaults, bell, bell, 1)).toBe(Refusal.WrongKind);
    expect(status(taker, sys.TakeFaults, right, deaf, 1)).toBe(Refusal.MissingRight);
    expect(status(taker, sys.TakeFaults, right, few, 2)).toBe(Refusal.MissingRight);
    expect(status(taker, sys.TakeFaults, own, bell, 1)).toBe(Refusal.BadArgument);
    expect(status(taker, sys.TakeFaults, right, noSlot, 1)).toBe(Refusal.BadState);
    take();
    expect(status(taker, sys.TakeFaults, right, bell, 1)).toBe(Refusal.AlreadyBound);
    const theirs = k.give(other, Kind.Task, target, Right.Debug);
    const theirBell = k.give(other, Kind.Notification, notification);
    expect(status(other, sys.TakeFaults, theirs, theirBell, 1)).toBe(Refusal.AlreadyBound);
    // Nor does another one give them back, or get at the registers.
    expect(status(other, sys.TakeFaults, theirs, noSlot, 0)).toBe(Refusal.BadState);
    fault(target);
    for (const number of [sys.ReadRegisters, sys.WriteRegisters, sys.ResumeTask]) {
      expect(status(other, number, theirs)).toBe(Refusal.BadState);
      expect(status(taker, number, without)).toBe(Refusal.MissingRight);
    }
    expect(k.waits(target)).toBe(Wait.Faulted);
  });

  test("leave its registers alone while it runs or waits for something else", () => {
    take();
    for (const number of [sys.ReadRegisters, sys.WriteRegisters, sys.ResumeTask]) {
      expect(status(taker, number, right)).toBe(Refusal.BadState);
    }
    k.syscall(hartOf(target), sys.Sleep, forever);
    for (const number of [sys.ReadRegisters, sys.WriteRegisters, sys.ResumeTask]) {
      expect(status(taker, number, right)).toBe(Refusal.BadState);
    }
    expect(k.waits(target)).toBe(Wait.Sleeping);
  });

  test("end it where no task has them: as before, and after they were given back", () => {
    fault(other);
    expect(untilEnded(other)).toBe(End.LoadFault);
    take();
    expect(status(taker, sys.TakeFaults, right, noSlot, 0)).toBe(Refusal.None);
    expect(k.waits(target)).toBe(Wait.None);
    fault(target);
    expect(untilEnded(target)).toBe(End.LoadFault);
    expect(k.guest.call64("bitsOf", notification)).toBe(0n);
  });

  test.each<[string, () => void]>([
    ["gives them back", () => status(taker, sys.TakeFaults, right, noSlot, 0)],
    ["drops its last right to it", () => status(taker, sys.Drop, right)],
    ["ends", () => k.syscall(hartOf(taker), sys.Exit, 0)],
  ])("end a task that stands on one when its debugger %s", (_, gives) => {
    const before = k.guest.call("notificationReferences", notification);
    take();
    fault(target);
    gives();
    expect(untilEnded(target)).toBe(End.LoadFault);
    expect(k.console).toContain("load page fault");
    expect(k.guest.call("notificationReferences", notification)).toBeLessThanOrEqual(before);
  });

  test("stay with a debugger that has another right to the task", () => {
    const second = k.give(taker, Kind.Task, target, Right.Debug);
    take();
    expect(status(taker, sys.Drop, right)).toBe(Refusal.None);
    fault(target);
    expect(k.waits(target)).toBe(Wait.Faulted);
    expect(status(taker, sys.ResumeTask, second)).toBe(Refusal.None);
    expect(k.waits(target)).toBe(Wait.None);
  });

  test("go with a right that was lent and is taken back", () => {
    const lender = other;
    const whole = k.give(lender, Kind.Task, target, Right.All);
    const lent = slotFrom(lender, sys.Lend, whole, Right.All, 0);
    const got = send(lender, taker, lent);
    expect(status(taker, sys.Drop, right)).toBe(Refusal.None);
    expect(status(taker, sys.TakeFaults, got, bell, 1)).toBe(Refusal.None);
    fault(target);
    expect(status(lender, sys.Revoke, lent)).toBe(Refusal.None);
    expect(untilEnded(target)).toBe(End.LoadFault);
  });
});

test("a debugger of many tasks that ends ends each of them that stands", () => {
  const children: number[] = [];
  for (let i = 0; i < 20; i++) {
    const child = k.spawn(3);
    children.push(child);
    expect(status(taker, sys.TakeFaults, k.give(taker, Kind.Task, child, Right.Debug), bell, 1)).toBe(
      Refusal.None,
    );
  }
  for (const child of children.slice(1)) {
    fault(child);
    expect(k.waits(child)).toBe(Wait.Faulted);
  }
  k.syscall(hartOf(taker), sys.Exit, 0);
  for (const child of children.slice(1)) {
    expect(untilEnded(child)).toBe(End.LoadFault);
  }
  const runs = defined(children[0]);
  expect(k.waits(runs)).toBe(Wait.None);
  fault(runs);
  expect(untilEnded(runs)).toBe(End.LoadFault);
});

test("no debugger has the faults of who has its own, directly or through others", () => {
  const third = k.spawnOn(3);
  const takes = (one: number, another: number): number =>
    status(
      one,
      sys.TakeFaults,
      k.give(one, Kind.Task, another, Right.Debug),
      k.give(one, Kind.Notification, notification),
      1,
    );
  expect([takes(taker, other), takes(other, third)]).toEqual([0, 0]);
  expect([takes(third, taker), takes(third, other), takes(other, taker)]).toEqual([
    Refusal.BadArgument,
    Refusal.BadArgument,
    Refusal.BadArgument,
  ]);
  expect(takes(third, target)).toBe(0);
});

describe("a task that is in the middle of a call", () => {
  const PAGES = 200;

  test("ends for its fault: nothing comes between two turns", () => {
    take();
    const hart = hartOf(target);
    expect(status(target, sys.CreateVmo, PAGES * 4096, self)).toBe(0);
    const vmo = Number(defined(k.results(target).words[0]));
    expect(k.turn(hart, sys.Map, self, vmo, 0x2000_0000, 0, PAGES * 4096, Right.Read)).toBe(false);
    fault(target);
    expect(untilEnded(target)).toBe(End.LoadFault);
  });
});

test("a task that is to be killed is no debugger's any more", () => {
  take();
  fault(target);
  // Between the request and the end: the hart that asked has not come to it.
  let late: number[] = [];
  const killer = k.give(other, Kind.Task, target, Right.Manage);
  k.onClockRead = () => {
    k.onClockRead = undefined;
    late = [status(taker, sys.ReadRegisters, right), status(taker, sys.ResumeTask, right)];
  };
  expect(status(other, sys.KillTask, killer)).toBe(Refusal.None);
  k.onClockRead = undefined;
  expect(untilEnded(target)).toBe(End.Killed);
  expect(late.every((status) => status === Refusal.BadState)).toBe(true);
});
