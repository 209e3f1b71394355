// Which task runs on which hart: urgency, turns, wake-ups of idle harts, hints, and harts that take over tasks.

import { beforeEach, expect, test } from "vitest";
import { Class, forever, Kernel, Kind, Refusal, Right, sys, TICK_TIME, Wait } from "../harness/kernel.ts";

let k: Kernel;
beforeEach(async () => {
  k = await Kernel.boot();
});

/** Two tasks and a notification between them: the second waits on it. */
function waiting(
  first: number,
  second: number,
  secondClass: number = Class.App,
): { bell: number; waiter: number; ringer: number } {
  const notification = k.guest.call("newNotification");
  const ringer = k.spawnOn(first);
  const waiter = k.spawnOn(second, secondClass);
  const bell = k.give(ringer, Kind.Notification, notification, Right.Send);
  k.syscall(second, sys.Wait, k.give(waiter, Kind.Notification, notification, Right.Receive), forever);
  expect(k.running(second)).toBe(-1);
  return { bell, waiter, ringer };
}

test("a task that is woken goes to an idle hart, preferably the one it ran on, and the hart is interrupted at once", () => {
  const { bell, waiter } = waiting(0, 2);
  k.ipis.length = 0;
  k.ask(0, sys.Signal, bell, 1);
  expect(k.ipis).toEqual([{ from: 0, to: 2 }]);
  k.interrupts(2);
  expect(k.running(2)).toBe(waiter);
});

test("two tasks that are woken at once go to two idle harts", () => {
  const first = waiting(0, 2);
  const notification = k.guest.call("newNotification");
  const second = k.spawnOn(2);
  k.syscall(2, sys.Wait, k.give(second, Kind.Notification, notification), forever);
  const other = k.give(first.ringer, Kind.Notification, notification, Right.Send);
  k.ipis.length = 0;
  k.ask(0, sys.Signal, first.bell, 1);
  k.ask(0, sys.Signal, other, 1);
  expect(new Set(k.ipis.map(({ to }) => to)).size).toBe(2);
  for (let hart = 1; hart < 4; hart++) {
    if (k.hasInterrupt(hart)) {
      k.interrupts(hart);
    }
  }
  expect([k.hartOf(first.waiter), k.hartOf(second)].every((hart) => hart > 0)).toBe(true);
});

test("a more urgent task runs at once on the hart that woke it, and the task that ran there goes on elsewhere", () => {
  const { bell, waiter, ringer } = waiting(0, 1, Class.Driver);
  k.ipis.length = 0;
  k.syscall(0, sys.Signal, bell, 1);
  expect(k.running(0)).toBe(waiter);
  expect(k.ipis).toEqual([]);
  k.pass(TICK_TIME);
  expect(k.hartOf(ringer)).toBeGreaterThan(0);
  k.check([waiter, ringer]);
});

test("on one hart, tasks of a class take turns, tick by tick, and a less urgent task waits", async () => {
  k = await Kernel.boot(1);
  const tasks = [k.spawnOn(0), k.spawn(0), k.spawn(0)];
  const background = k.spawn(0, Class.Background);
  const turns: number[] = [];
  for (let i = 0; i < 9; i++) {
    turns.push(k.running(0));
    k.pass(TICK_TIME);
  }
  expect(turns).toEqual([...tasks, ...tasks, ...tasks]);
  for (const task of tasks) {
    while (k.running(0) !== task) {
      k.pass(TICK_TIME);
    }
    k.syscall(0, sys.Sleep, forever);
  }
  expect(k.running(0)).toBe(background);
});

test("an idle hart takes over a task that waits elsewhere, but not one that a hint sent there", () => {
  const tasks = [0, 1, 2, 3].map((hart) => k.spawnOn(hart));
  const extra = k.spawn(0);
  expect(k.hartOf(extra)).toBe(-1);
  k.syscall(3, sys.Sleep, forever);
  expect(k.running(3)).toBe(extra);
  k.syscall(3, sys.YieldTo, 1);
  expect(k.running(3)).toBe(-1);
  expect(k.guest.call("timesQueued", 1, extra)).toBe(1);
  k.interrupts(1);
  expect(k.running(1)).toBe(extra);
  k.check([...tasks, extra]);
});

test("a hint that names a missing hart is refused", async () => {
  k = await Kernel.boot(2);
  const task = k.spawnOn(0);
  for (const hart of [2, 3, 4, 0xffff_ffff, 2n ** 32n]) {
    expect(k.ask(0, sys.YieldTo, hart).status).toBe(Refusal.HartOffline);
    expect(k.running(0)).toBe(task);
  }
  k.syscall(0, sys.YieldTo, 1);
  k.interrupts(1);
  expect(k.running(1)).toBe(task);
  expect(k.waits(task)).toBe(Wait.None);
});
