// A hart that stops: its tasks go on elsewhere, and one hart always stays.

import { beforeEach, describe, expect, test } from "vitest";
import { forever, Kernel, Kind, Refusal, Right, sys, TICK_TIME, Wait } from "../harness/kernel.ts";

let k: Kernel;
let keeper: number;
let harts: number;
beforeEach(async () => {
  k = await Kernel.boot();
  keeper = k.spawnOn(0);
  harts = k.give(keeper, Kind.Harts, 0, Right.Manage);
});

/** The keeper, wherever it runs, asks for the end of a hart. */
function stop(hart: number | bigint): number {
  for (let ticks = 0; ticks < 20 && k.hartOf(keeper) < 0; ticks++) {
    k.pass(TICK_TIME);
  }
  k.syscall(k.hartOf(keeper), sys.StopHart, harts, hart);
  return k.results(keeper).status;
}

test("the tasks that run, sleep or were sent to a hart that stops go on elsewhere", () => {
  const runs = k.spawnOn(2);
  const sleeps = k.spawnOn(1);
  k.syscall(1, sys.YieldTo, 2);
  k.interrupts(2);
  expect(k.hartOf(sleeps)).toBe(2);
  k.syscall(2, sys.Sleep, k.time + 3n * TICK_TIME);
  const hinted = k.spawnOn(3);
  k.syscall(3, sys.YieldTo, 2);
  expect(stop(2)).toBe(0);
  k.interrupts(2);
  expect(k.stopped).toEqual([2]);
  expect(k.guest.call("online", 2)).toBe(0);
  const all = [keeper, runs, sleeps, hinted];
  for (let ticks = 0; ticks < 6; ticks++) {
    k.pass(TICK_TIME);
    k.check(all);
  }
  expect(k.waits(sleeps)).toBe(Wait.None);
  expect(k.running(2)).toBe(-1);
  // Nothing is sent there any more.
  expect(k.ask(k.hartOf(runs) >= 0 ? k.hartOf(runs) : k.hartOf(keeper), sys.YieldTo, 2).status).toBe(
    Refusal.HartOffline,
  );
  expect(k.console).toMatch(/neuron: hart2 .*stop/);
});

test("a task that stops its own hart goes on elsewhere", () => {
  expect(stop(k.hartOf(keeper))).toBe(0);
  expect(k.stopped).toEqual([0]);
  k.pass(TICK_TIME);
  expect(k.hartOf(keeper)).toBeGreaterThan(0);
  k.check([keeper]);
});

describe("while a hart is started", () => {
  /** Longer than a hart may take. */
  const TOO_LONG = 220n;
  let starter: number;
  let second: number;
  /** Harts 2 and 3 are stopped; the starter's call to start hart 2 is under way, and the firmware does not let it come. */
  beforeEach(() => {
    starter = k.spawnOn(1);
    second = k.spawn(0);
    const [mine, theirs] = [starter, second].map((task) => k.give(task, Kind.Harts, 0, Right.Manage));
    expect(theirs).toBe(mine);
    for (const hart of [2, 3]) {
      expect(stop(hart)).toBe(0);
      k.pass(TICK_TIME);
    }
    restart(starter, 2);
    expect(k.waits(starter)).toBe(Wait.Sleeping);
  });

  function restart(task: number, hart: number): void {
    for (let ticks = 0; ticks < 20 && k.hartOf(task) < 0; ticks++) {
      k.pass(TICK_TIME);
    }
    k.turn(k.hartOf(task), sys.RestartHart, harts, hart);
  }

  test("no other one is", () => {
    restart(second, 3);
    expect(k.results(second).status).toBe(Refusal.TryAgain);
    expect(k.waits(second)).toBe(Wait.None);
  });

  test("the end of the task that asked for it waits: then another can be started", () => {
    const name = k.give(second, Kind.Task, starter);
    for (let ticks = 0; ticks < 20 && k.hartOf(second) < 0; ticks++) {
      k.pass(TICK_TIME);
    }
    expect(k.ask(k.hartOf(second), sys.KillTask, name).status).toBe(0);
    restart(second, 3);
    expect(k.results(second).status).toBe(Refusal.TryAgain);
    k.time += TOO_LONG * TICK_TIME;
    k.pass(TICK_TIME);
    k.pass(TICK_TIME);
    restart(second, 3);
    expect(k.waits(second)).toBe(Wait.Sleeping);
  });
});

test("the last hart cannot be stopped, and stopping a hart takes the capability for harts", () => {
  const other = k.spawnOn(1);
  expect(k.ask(1, sys.StopHart, 5, 2).status).toBe(Refusal.BadSlot);
  expect(k.ask(1, sys.StopHart, k.give(other, Kind.Harts, 0, Right.Read), 2).status).toBe(
    Refusal.MissingRight,
  );
  for (const hart of [4, 100, 2n ** 32n]) {
    expect(stop(hart)).toBe(Refusal.HartOffline);
  }
  for (const hart of [1, 2, 3]) {
    expect(stop(hart)).toBe(0);
    for (let ticks = 0; ticks < 3; ticks++) {
      k.pass(TICK_TIME);
    }
  }
  expect([...k.stopped].sort()).toEqual([1, 2, 3]);
  expect(stop(0)).toBe(Refusal.BadState);
  expect(stop(1)).toBe(Refusal.HartOffline);
  for (let ticks = 0; ticks < 4; ticks++) {
    k.pass(TICK_TIME);
    k.check([keeper, other]);
  }
  // Both tasks share the hart that is left.
  expect([keeper, other]).toContain(k.running(0));
  k.syscall(0, sys.Sleep, forever);
  expect(k.running(0)).toBeGreaterThanOrEqual(0);
});
