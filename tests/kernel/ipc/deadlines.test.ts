// Which hart looks after the end of a wait, and that a deadline ends no other wait than its own.

import { beforeEach, expect, test } from "vitest";
import { forever, Kernel, Kind, sys, TICK_TIME, Wait } from "../harness/kernel.ts";

let k: Kernel;
beforeEach(async () => {
  k = await Kernel.boot();
});

test("a hart forgets a deadline when the task has another one, on another hart", () => {
  const ringer = k.spawnOn(0);
  const waiter = k.spawnOn(1);
  const notification = k.guest.call("newNotification");
  const ring = k.give(ringer, Kind.Notification, notification);
  k.syscall(1, sys.Wait, k.give(waiter, Kind.Notification, notification), k.time + 9n * TICK_TIME);
  k.ask(0, sys.Signal, ring, 1);
  k.interrupts(1);
  k.syscall(1, sys.YieldTo, 2);
  k.interrupts(2);
  expect(k.running(2)).toBe(waiter);
  const until = k.time + (5n * TICK_TIME) / 2n;
  k.syscall(2, sys.Sleep, until);
  k.pass(TICK_TIME);
  k.pass(TICK_TIME);
  expect(k.guest.call64("deadlineOf", 2)).toBe(until);
  expect(k.guest.call64("deadlineOf", 1)).toBeGreaterThan(until);
  k.pass(TICK_TIME / 2n);
  expect(k.running(2)).toBe(waiter);
});

test("the deadline of a task that was killed while it slept does not wake it", () => {
  const killer = k.spawnOn(0);
  const sleeper = k.spawnOn(1);
  const name = k.give(killer, Kind.Task, sleeper);
  k.syscall(1, sys.Sleep, k.time + 2n * TICK_TIME);
  expect(k.ask(0, sys.KillTask, name).status).toBe(0);
  for (let tick = 0; tick < 4; tick++) {
    k.pass(TICK_TIME);
    expect([k.waits(sleeper), k.hartOf(sleeper)]).toEqual([Wait.Ended, -1]);
    // The killer's name for it is all that is left of it: it has ended once.
    expect(k.guest.call("referencesOf", sleeper)).toBe(1);
  }
  k.syscall(0, sys.Sleep, forever);
  k.check([killer]);
});
