// The time of jobs: who pays for what, and what happens to a job that has used its budget.

import { beforeEach, describe, expect, test } from "vitest";
import { Class, forever, Kernel, Kind, Refusal, Right, sys, TICK_TIME } from "../harness/kernel.ts";

const ROOT = 0;
/** Behind all classes. */
const SPENT = 4;
const TICK = TICK_TIME;

let k: Kernel;
beforeEach(async () => {
  k = await Kernel.boot(1);
});

const used = (job: number): bigint => k.guest.call64("jobUsed", job);

/** A job that may use so many ticks of the scheduler in each ten. */
function jobWith(ticks: number, parent = ROOT): number {
  const job = k.guest.call("newJob", parent);
  k.guest.call("limitJobTime", job, TICK * BigInt(ticks), TICK * 10n, k.time);
  return job;
}

/** Lets ticks pass. Returns which task ran on a hart in each. */
function watch(ticks: number, hart = 0): number[] {
  return Array.from({ length: ticks }, () => {
    const task = k.running(hart);
    k.pass(TICK_TIME);
    return task;
  });
}

const shareOf = (task: number, turns: readonly number[]): number =>
  turns.filter((turn) => turn === task).length;

describe("what a task uses", () => {
  test("is counted for its job and the jobs above it", () => {
    const job = k.guest.call("newJob", ROOT);
    const below = k.guest.call("newJob", job);
    const before = used(ROOT);
    k.spawnOn(0, Class.App, below);
    watch(5);
    expect([used(below), used(job), used(ROOT) - before]).toEqual([5n * TICK, 5n * TICK, 5n * TICK]);
  });

  test("is counted for each job alone where tasks take turns, and idle time for none", () => {
    const [one, other] = [k.guest.call("newJob", ROOT), k.guest.call("newJob", ROOT)];
    k.spawnOn(0, Class.App, one);
    k.spawn(0, Class.App, other);
    watch(10);
    expect([used(one), used(other)]).toEqual([5n * TICK, 5n * TICK]);
    // Both sleep. A task that yields, sleeps or ends pays for what it used since the last tick.
    k.time += TICK / 4n;
    k.syscall(0, sys.Sleep, forever);
    k.time += TICK / 4n;
    k.syscall(0, sys.Exit, 0);
    expect(k.running(0)).toBe(-1);
    const both = used(one) + used(other);
    expect(both).toBe(10n * TICK + TICK / 2n);
    watch(7);
    expect(used(one) + used(other)).toBe(both);
  });
});

describe("a job that has used its budget", () => {
  test("goes on behind all classes until its next period", () => {
    const job = jobWith(3);
    const driver = k.spawnOn(0, Class.Driver, job);
    const background = k.spawn(0, Class.Background);
    const turns = watch(40);
    // It is judged at ticks, so a period may have one tick more.
    expect(shareOf(driver, turns)).toBeGreaterThanOrEqual(4 * 3);
    expect(shareOf(driver, turns)).toBeLessThanOrEqual(4 * 4);
    expect(shareOf(background, turns)).toBe(40 - shareOf(driver, turns));
  });

  test("has the hart where no other task wants it", () => {
    const driver = k.spawnOn(0, Class.Driver, jobWith(3));
    expect(shareOf(driver, watch(45))).toBe(45);
    expect(k.guest.call("classOf", driver)).toBe(SPENT);
  });

  test("gains nothing by tasks that sleep and wake, by new tasks, or by jobs of its own", () => {
    const job = jobWith(2);
    const hogs = [k.spawnOn(0, Class.App, job), k.spawn(0, Class.App, job)];
    hogs.push(k.spawn(0, Class.App, k.guest.call("newJob", job)));
    const app = k.spawn(0, Class.App);
    const turns: number[] = [];
    for (let i = 0; i < 60; i++) {
      turns.push(k.running(0));
      if (k.running(0) !== app) {
        k.time += TICK / 2n;
        k.syscall(0, sys.Sleep, k.time + 1n);
      }
      k.pass(TICK_TIME);
      if (i % 10 === 5) {
        hogs.push(k.spawn(0, Class.App, job));
      }
    }
    // Six periods of two ticks, and what each of the tasks may use until a tick finds it.
    expect(used(job)).toBeLessThanOrEqual(6n * 4n * TICK);
    expect(shareOf(app, turns)).toBeGreaterThan(30);
  });

  test("cannot keep a driver of another job from a hart, with drivers of its own on every hart", async () => {
    k = await Kernel.boot(4);
    const job = jobWith(8);
    const hostile = [0, 1, 2, 3].map((hart) => k.spawnOn(hart, Class.Driver, job));
    hostile.push(...[0, 1, 2, 3].map((hart) => k.spawn(hart, Class.Driver, job)));
    const driver = k.spawn(0, Class.Driver);
    let longest = 0;
    let waited = 0;
    for (let i = 0; i < 100; i++) {
      const hart = k.hartOf(driver);
      waited = hart < 0 ? waited + 1 : 0;
      longest = Math.max(longest, waited);
      k.pass(TICK_TIME);
    }
    // Eight tasks of its class on four harts: two ticks until its turn, and no more.
    expect(longest).toBeLessThanOrEqual(3);
    // Together they have used what they may, and a tick on each hart.
    expect(used(job)).toBeLessThanOrEqual(10n * (8n + 4n) * TICK + 400n * TICK);
  });
});

describe("a server", () => {
  /** A server and its client, each in a job of its own: the client has called, and the server is at work. */
  function called(clientJob: number, serverJob: number): { server: number; client: number; serve: number } {
    const endpoint = k.guest.call("newEndpoint");
    const server = k.spawnOn(0, Class.Service, serverJob);
    const serve = k.give(server, Kind.Endpoint, endpoint, Right.Receive);
    k.syscall(0, sys.Receive, serve, forever);
    const client = k.spawnOn(0, Class.App, clientJob);
    k.syscall(0, sys.Call, k.give(client, Kind.Endpoint, endpoint, Right.Send), 0, 0, 0, 0, 0, forever);
    expect(k.running(0)).toBe(server);
    return { server, client, serve };
  }

  test("works on its caller's time until it answers", () => {
    const [clients, servers] = [k.guest.call("newJob", ROOT), k.guest.call("newJob", ROOT)];
    const { server, client } = called(clients, servers);
    const token = k.results(server).words[5] ?? 0n;
    watch(4);
    expect([used(clients), used(servers)]).toEqual([4n * TICK, 0n]);
    k.ask(0, sys.Reply, token, 0);
    expect(k.running(0)).toBe(server);
    watch(3);
    expect([used(clients), used(servers)]).toEqual([4n * TICK, 3n * TICK]);
    k.syscall(0, sys.Exit, 0);
    expect(k.running(0)).toBe(client);
  });

  test("that answers and waits with a deadline gives the time back: what it does afterwards is on its own", () => {
    const [clients, servers] = [k.guest.call("newJob", ROOT), k.guest.call("newJob", ROOT)];
    const { server, client, serve } = called(clients, servers);
    const token = k.results(server).words[5] ?? 0n;
    watch(4);
    k.syscall(0, sys.ReplyReceiveUntil, serve, 0, 0, 0, k.time + 2n * TICK, 0, token);
    expect(k.running(0)).toBe(client);
    k.syscall(0, sys.Sleep, forever);
    k.pass(2n * TICK);
    expect([k.running(0), k.results(server).status]).toEqual([server, Refusal.TimedOut]);
    watch(3);
    expect([used(clients), used(servers)]).toEqual([4n * TICK, 3n * TICK]);
  });

  test("goes on in its class on its own time when its caller has none left", () => {
    const [clients, servers] = [jobWith(2), k.guest.call("newJob", ROOT)];
    const { server } = called(clients, servers);
    const app = k.spawn(0, Class.App);
    const turns = watch(10);
    expect([shareOf(server, turns), shareOf(app, turns)]).toEqual([10, 0]);
    expect(used(clients)).toBe(2n * TICK);
    expect(used(servers)).toBe(8n * TICK);
  });

  test("whose caller's job is gone works on its own time, also when another job has that place", () => {
    const [clients, servers] = [k.guest.call("newJob", ROOT), k.guest.call("newJob", ROOT)];
    const server = k.spawnOn(0, Class.Service, servers);
    k.guest.call("letPay", server, clients);
    watch(2);
    expect([used(clients), used(servers)]).toEqual([2n * TICK, 0n]);
    k.guest.call("forgetJob", clients);
    expect(k.guest.call("jobExists", clients)).toBe(0);
    const next = k.guest.call("newJob", ROOT);
    expect(next).toBe(clients);
    watch(3);
    expect([used(next), used(servers)]).toEqual([0n, 3n * TICK]);
  });
});

describe("a budget is refused", () => {
  test.each([
    [0n, 100_000n],
    [100n, 0n],
    [100n, 19_999n],
    [100n, 10_000_001n],
    [400_001n, 100_000n],
    [2n ** 64n - 1n, 2n ** 64n - 1n],
  ])("of %s in a period of %s microseconds", (budget, period) => {
    const task = k.spawnOn(0);
    const job = k.give(
      task,
      Kind.Job,
      k.guest.call("jobAddress", k.guest.call("newJob", ROOT)),
      Right.Manage,
    );
    expect(k.ask(0, sys.SetJobTime, job, budget, period).status).toBe(Refusal.BadArgument);
  });

  test("for a task's own job, and for one that was not made from it", () => {
    const [own, other] = [k.guest.call("newJob", ROOT), k.guest.call("newJob", ROOT)];
    const below = k.guest.call("newJob", own);
    const task = k.spawnOn(0, Class.App, own);
    const ask = (job: number, rights: number): number =>
      k.ask(
        0,
        sys.SetJobTime,
        k.give(task, Kind.Job, k.guest.call("jobAddress", job), rights),
        50_000,
        100_000,
      ).status;
    expect([own, ROOT, other, below].map((job) => ask(job, Right.Manage))).toEqual([
      Refusal.MissingRight,
      Refusal.MissingRight,
      Refusal.MissingRight,
      0,
    ]);
    expect(ask(below, Right.Transfer)).toBe(Refusal.MissingRight);
  });
});
