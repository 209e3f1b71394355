// What takes long goes in pieces (lifecycle/reap.ts, lifecycle/job.ts). Between two of them interrupts are taken, and other
// tasks act: they use what is about to go, make more of it, ask for the same end, or end the task that asked.

import { beforeEach, describe, expect, test } from "vitest";
import { defined } from "../harness/defined.ts";
import {
  Class,
  forever,
  Kernel,
  Kind,
  Refusal,
  Resource,
  Right,
  self,
  sys,
  TICK_TIME,
  Wait,
} from "./harness/kernel.ts";
import { made } from "./harness/made.ts";

const ROOT = 0;
const ENDED = 2;
/** More than an end gives back, or tells, in one piece. */
const MANY = 40;
/** More than are asked to end in one piece. */
const MANY_CHILDREN = 60;

let k: Kernel;
beforeEach(async () => {
  k = await Kernel.boot(4);
});

function charged(job: number): number[] {
  return Array.from({ length: 7 }, (_, resource) => k.guest.call("chargedTo", job, resource));
}

function endpoints(): number {
  return defined(charged(ROOT)[Resource.Endpoints]);
}

/** Makes something with a system call on `hart`; its slot. */
function settle(): void {
  for (let i = 0; i < 8; i++) {
    k.pass(TICK_TIME);
  }
}

describe("between two pieces of an end", () => {
  /** A killer on hart 0, and a task that waits and has many endpoints; what it has last. */
  function victim() {
    const killer = k.spawnOn(0);
    const task = k.spawnOn(1);
    const slots = Array.from({ length: MANY }, () => made(k, 1, sys.Create, Kind.Endpoint));
    const last = k.guest.call("objectAt", task, defined(slots.at(-1)));
    k.syscall(1, sys.Receive, defined(slots[0]), forever);
    return { killer, task, last, name: k.give(killer, Kind.Task, task) };
  }

  test("a task calls at an endpoint that has yet to go, others are made and dropped, and all comes back once", () => {
    const before = endpoints();
    const { killer, task, last, name } = victim();
    const other = k.spawnOn(1);
    const caller = k.spawnOn(2);
    const send = k.give(caller, Kind.Endpoint, last, Right.Send);
    const copy = k.give(other, Kind.Endpoint, last, Right.Send);
    expect(k.ask(0, sys.KillTask, name).status).toBe(0);
    expect(k.guest.call("stateOf", task)).toBe(ENDED);
    // Some of it came back in this call, and some did not.
    expect(endpoints()).toBeGreaterThan(before);
    expect(endpoints()).toBeLessThan(before + MANY);
    k.syscall(2, sys.Call, send, 0, 1, 2, 3, 4, forever);
    expect(k.hartOf(caller)).toBe(-1);
    const own = made(k, 1, sys.Create, Kind.Endpoint);
    expect(k.ask(1, sys.Drop, copy).status).toBe(0);
    settle();
    expect(k.results(caller).status).toBe(Refusal.PeerGone);
    expect(k.ask(1, sys.Drop, own).status).toBe(0);
    expect(k.ask(k.hartOf(caller), sys.Drop, send).status).toBe(0);
    expect(endpoints()).toBe(before);
    expect(k.ask(0, sys.Drop, name).status).toBe(0);
    k.check([killer, other, caller]);
  });

  test("a task that is woken runs before the end goes on", () => {
    const before = endpoints();
    const { killer, name } = victim();
    const bell = k.guest.call("newNotification");
    const waiter = k.spawnOn(1, Class.Driver);
    const waits = k.give(waiter, Kind.Notification, bell);
    const rings = k.give(killer, Kind.Notification, bell);
    k.syscall(1, sys.Wait, waits, forever);
    k.ask(0, sys.KillTask, name);
    k.ask(0, sys.Signal, rings, 1);
    expect(k.hartOf(waiter)).toBeGreaterThanOrEqual(0);
    expect(endpoints()).toBeGreaterThan(before);
    settle();
    k.check([killer, waiter]);
  });

  test("a second KillTask changes nothing, and the end is told once", () => {
    const before = endpoints();
    const { killer, name } = victim();
    expect(k.ask(0, sys.KillTask, name).status).toBe(0);
    expect(endpoints()).toBeGreaterThan(before);
    k.ask(0, sys.KillTask, name);
    settle();
    expect(endpoints()).toBe(before);
    k.check([killer]);
  });
});

describe("an end of many pieces", () => {
  test("tells each caller whose call was received and is not answered any more", () => {
    const server = k.spawnOn(0);
    const endpoint = k.guest.call("newEndpoint");
    const serve = k.give(server, Kind.Endpoint, endpoint);
    const callers = Array.from({ length: MANY }, () => {
      const caller = k.spawnOn(1);
      const send = k.give(caller, Kind.Endpoint, endpoint, Right.Send);
      k.syscall(1, sys.Call, send, 0, 1, 2, 3, 4, forever);
      expect(k.ask(0, sys.Receive, serve, forever).status).toBe(0);
      return caller;
    });
    k.syscall(0, sys.Exit, 0);
    settle();
    expect(callers.map((caller) => k.results(caller).status)).toEqual(callers.map(() => Refusal.PeerGone));
    expect(callers.map((caller) => k.waits(caller))).toEqual(callers.map(() => Wait.None));
    k.check(callers);
  });

  test("ends all that the task made, and is told afterwards", () => {
    const killer = k.spawnOn(0);
    const notification = k.guest.call("newNotification");
    const bell = k.give(killer, Kind.Notification, notification);
    const slot = made(k, 0, sys.CreateTask, Class.App, bell, 1, self);
    const maker = k.guest.call("objectAt", killer, slot);
    expect(k.ask(0, sys.StartTask, slot, 0x10000, 0x7000_0000).status).toBe(0);
    k.pass(TICK_TIME);
    const hart = k.hartOf(maker);
    const own = made(k, hart, sys.Create, Kind.Notification);
    const children = Array.from({ length: MANY_CHILDREN }, () =>
      k.guest.call("objectAt", maker, made(k, hart, sys.CreateTask, Class.App, own, 1, self)),
    );
    // They have other names than their maker's, so they do not end with those.
    for (const child of children) {
      k.give(killer, Kind.Task, child);
    }
    k.syscall(hart, sys.Exit, 0);
    settle();
    expect(children.map((child) => k.guest.call("stateOf", child))).toEqual(children.map(() => ENDED));
    expect(k.guest.call64("bitsOf", notification)).toBe(1n);
  });
});

describe("between two turns of EndJob", () => {
  /** Two tasks, memory objects, endpoints and notifications, in 16 bits each. */
  const TWO_EACH = 0x0002_0002_0002_0002n;

  /** A job that may make so many others, and has enough of all else for them. */
  function newJob(hart: number, parent: number | bigint, jobs: number): number {
    const share = jobs + 1;
    return made(k, hart, sys.CreateJob, parent, 100 * share, TWO_EACH * BigInt(share), BigInt(jobs) << 16n);
  }

  /** Job 1, and ten jobs that were made from it: the numbers 2 to 11. In the last is a task, which runs on hart 1. */
  function tree() {
    k.spawnOn(0);
    const before = charged(ROOT);
    const top = newJob(0, self, 20);
    const inner = Array.from({ length: 10 }, (_, i) => newJob(0, top, i === 9 ? 4 : 0));
    const member = k.spawnOn(1, Class.App, 11);
    return { before, top, inner, member };
  }

  /** The numbers of all jobs but the root. */
  function jobs(): number[] {
    return Array.from({ length: 63 }, (_, i) => i + 1).filter((job) => k.guest.call("jobExists", job) !== 0);
  }

  /** Drops all capabilities of hart 0's task to these. */
  function drop(...slots: number[]): void {
    for (const slot of slots) {
      expect(k.ask(0, sys.Drop, slot).status).toBe(0);
    }
  }

  test("a task of the job makes more, and a job at a number that was passed: that ends as well", () => {
    const { before, top, inner, member } = tree();
    drop(defined(inner.shift())); // number 2 is free
    const own = k.give(member, Kind.Job, k.guest.call("jobAddress", 11));
    let turns = 1;
    while (k.guest.call("jobHasEnded", 5) === 0) {
      expect(k.turn(0, sys.EndJob, top)).toBe(false);
      turns++;
    }
    expect(k.guest.call("jobHasEnded", 11)).toBe(0);
    made(k, 1, sys.Create, Kind.Endpoint);
    newJob(1, own, 0);
    expect(k.guest.call("jobExists", 2)).toBe(1);
    while (k.guest.call("jobHasEnded", 11) === 0) {
      expect(k.turn(0, sys.EndJob, top)).toBe(false);
      turns++;
    }
    expect(k.guest.call("stateOf", member)).not.toBe(ENDED);
    while (!k.turn(0, sys.EndJob, top)) {
      turns++;
    }
    expect(turns).toBeGreaterThan(10);
    expect(k.guest.call("jobHasEnded", 2)).toBe(1);
    settle();
    drop(top, ...inner);
    expect(charged(ROOT)).toEqual(before);
  });

  test("another task ends the same job: when either is told, all of it is to end", () => {
    const { top, inner, member } = tree();
    const second = k.spawnOn(2);
    const topToo = k.give(second, Kind.Job, k.guest.call("jobAddress", 1));
    // The first is held up when it has closed the member's job and has yet to ask its tasks.
    while (k.guest.call("jobHasEnded", 11) === 0) {
      expect(k.turn(0, sys.EndJob, top)).toBe(false);
    }
    while (!k.turn(2, sys.EndJob, topToo)) {}
    expect(k.results(second).status).toBe(0);
    k.pass(TICK_TIME);
    expect(k.guest.call("stateOf", member)).toBe(ENDED);
    while (!k.turn(0, sys.EndJob, top)) {}
    settle();
    expect(k.ask(2, sys.Drop, topToo).status).toBe(0);
    drop(top, ...inner);
    expect(jobs()).toEqual([]);
  });

  test("the task that asked is killed: the job ends all the same, and then its killer is told", () => {
    const { top, member } = tree();
    const asker = k.running(0);
    const killer = k.spawnOn(2);
    const name = k.give(killer, Kind.Task, asker);
    expect(k.turn(0, sys.EndJob, top)).toBe(false);
    expect(k.guest.call("jobHasEnded", 11)).toBe(0);
    expect(k.ask(2, sys.KillTask, name).status).toBe(0);
    settle();
    expect(k.guest.call("stateOf", asker)).toBe(ENDED);
    expect(k.guest.call("stateOf", member)).toBe(ENDED);
    expect(jobs()).toEqual([]);
    k.check([killer]);
  });
});
