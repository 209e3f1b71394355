// Which task runs on which hart: urgency, turns, wake-ups of idle harts, hints, and harts that take over tasks.

import { beforeEach, describe, expect, test } from "vitest";
import { defined } from "../../harness/defined.ts";
import { Class, forever, Kernel, Kind, Refusal, Right, sys, TICK_TIME, Wait } from "../harness/kernel.ts";

/** Interrupts that a hart sends at most before its next tick. */
const BURST_MAX = 200;

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

describe("a hart that looks for work before it idles", () => {
  let client: number;
  let send: number;
  let bell: number;
  let serve: number;
  let clockReads: number;
  /** A busy server on hart 0, and its client on hart 1. */
  beforeEach(() => {
    const endpoint = k.guest.call("newEndpoint");
    const server = k.spawnOn(0);
    client = k.spawnOn(1);
    serve = k.give(server, Kind.Endpoint, endpoint);
    bell = k.give(server, Kind.Harts, 0, Right.Manage);
    send = k.give(client, Kind.Endpoint, endpoint, Right.Send);
    clockReads = 0;
  });

  /** The client calls, and its hart looks; at its third look something happens. */
  function callAnd(happens: () => void): void {
    k.onClockRead = () => {
      if (k.hart === 1) {
        clockReads++;
        if (clockReads === 3) {
          happens();
        }
      }
    };
    k.syscall(1, sys.Call, send, 0, 7, 0, 0, 0, forever);
    k.onClockRead = undefined;
  }

  test("is not interrupted, and finds the task that is woken for it", () => {
    k.ipis.length = 0;
    callAnd(() => {
      const { words } = k.ask(0, sys.Receive, serve, forever);
      expect(k.ask(0, sys.Reply, words[5] ?? 0n, 0, 9).status).toBe(0);
    });
    expect(k.ipis).toEqual([]);
    expect(k.running(1)).toBe(client);
    expect(k.results(client).words[1]).toBe(9n);
  });

  test("stops looking when its time is over", () => {
    callAnd(() => {
      k.time += TICK_TIME / 2n;
    });
    expect(k.running(1)).toBe(-1);
    expect(clockReads).toBeLessThan(6);
  });

  test("stops looking when it is interrupted", () => {
    callAnd(() => {
      expect(k.ask(0, sys.StopHart, bell, 1).status).toBe(0);
    });
    expect(k.hasInterrupt(1)).toBe(true);
    expect(clockReads).toBeLessThan(6);
  });
});

test("a hart that runs nothing stops, too", () => {
  const task = k.spawnOn(0);
  const harts = k.give(task, Kind.Harts, 0, Right.Manage);
  expect(k.running(3)).toBe(-1);
  expect(k.ask(0, sys.StopHart, harts, 3).status).toBe(0);
  k.interrupts(3);
  expect(k.stopped).toEqual([3]);
  k.check([task]);
});

test("a task that wakes apps again and again leaves interrupts for services and drivers", () => {
  const ringer = k.spawnOn(0, Class.Driver);
  const waits = [Class.App, Class.Service, Class.Driver].map((taskClass, index) => {
    const hart = index + 1;
    const notification = k.guest.call("newNotification");
    const bell = k.give(ringer, Kind.Notification, notification, Right.Send);
    const waiter = k.spawnOn(hart, taskClass);
    const slot = k.give(waiter, Kind.Notification, notification, Right.Receive);
    k.syscall(hart, sys.Wait, slot, forever);
    return { hart, bell, slot, waiter };
  });
  /** Whether the hart of a task that waits is interrupted when that is woken. Then it waits again. */
  const isTold = ({ hart, bell, slot, waiter }: (typeof waits)[number]): boolean => {
    k.ipis.length = 0;
    expect(k.ask(0, sys.Signal, bell, 1).status).toBe(0);
    if (k.ipis.length === 0) {
      return false;
    }
    k.interrupts(hart);
    expect(k.running(hart)).toBe(waiter);
    k.syscall(hart, sys.Wait, slot, forever);
    return true;
  };
  const [app, service, driver] = [defined(waits[0]), defined(waits[1]), defined(waits[2])];
  let told = 0;
  while (told < BURST_MAX && isTold(app)) {
    told++;
  }
  expect(told).toBeGreaterThan(0);
  expect(told).toBeLessThan(BURST_MAX);
  expect([service, service, driver, driver].map(isTold)).toEqual([true, true, true, true]);
});
