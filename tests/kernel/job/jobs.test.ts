// Jobs: what a task takes is charged to its job and given back to the page, a limit holds, and a job that ended gives all
// it has to the job from which it was made.

import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { defined } from "../../harness/defined.ts";
import {
  Class,
  jobDepthMax,
  Kernel,
  Kind,
  Refusal,
  Resource,
  Right,
  resourceCount,
  self,
  sys,
  TICK_TIME,
} from "../harness/kernel.ts";
import { made } from "../harness/made.ts";

const PAGE = 4096;
const ROOT = 0;
/** What a new task takes: its message page, a root of its tables, and two more of them. */
const TASK_PAGES = 4;
const FREE = 0x2000_0000;

let k: Kernel;
/** The slot of a notification for ends of tasks. */
let bell: number;

beforeEach(async () => {
  k = await Kernel.boot(1);
  const task = k.spawnOn(0, Class.App);
  bell = k.give(task, Kind.Notification, k.guest.call("newNotification"));
});

interface Limits {
  pages?: number;
  tasks?: number;
  vmos?: number;
  endpoints?: number;
  notifications?: number;
  pins?: number;
  jobs?: number;
}

function ask(number: number, ...args: (number | bigint)[]): number {
  return k.ask(0, number, ...args).status;
}

function packed(...amounts: number[]): bigint {
  return amounts.reduce((all, amount, index) => all | (BigInt(amount) << BigInt(16 * index)), 0n);
}

function jobCall(parent: number | bigint, limits: Limits): [number, number | bigint, number, bigint, bigint] {
  const { pages = 100, tasks = 4, vmos = 8, endpoints = 2, notifications = 2, pins = 0, jobs = 0 } = limits;
  return [sys.CreateJob, parent, pages, packed(tasks, vmos, endpoints, notifications), packed(pins, jobs)];
}

/** Limits of a job that so many can be made from, each from the one before. */
function room(jobs: number): Limits {
  return { pages: 100 * (jobs + 1), tasks: 4 * (jobs + 1), vmos: 8 * (jobs + 1), jobs };
}

function newJob(limits: Limits = {}, parent: number | bigint = self): number {
  return made(k, 0, ...jobCall(parent, limits));
}

/** A task in a job: its slot. */
function newTask(job: number): number {
  return made(k, 0, sys.CreateTask, Class.App, bell, 1, job);
}

/** Everything that is charged to a job, by `Resource`. */
function charged(job: number): number[] {
  return Array.from({ length: resourceCount }, (_, resource) => k.guest.call("chargedTo", job, resource));
}

/** Lets the kernel end what is to be killed. */
function settle(): void {
  for (let i = 0; i < 4; i++) {
    k.pass(TICK_TIME);
  }
}

describe("a job", () => {
  test("is charged for each object and page, and credited when they go", () => {
    const before = charged(ROOT);
    const job = newJob();
    const task = newTask(job);
    const vmo = made(k, 0, sys.CreateVmo, 3 * PAGE, job);
    expect(charged(1)).toEqual([TASK_PAGES + 3, 1, 2, 0, 0, 0, 0]);
    // The mapping needs two more tables: they are the other task's.
    expect(ask(sys.Map, task, vmo, FREE, 0, 3 * PAGE, Right.Read)).toBe(0);
    expect(charged(1)).toEqual([TASK_PAGES + 3 + 2, 1, 2, 0, 0, 0, 0]);
    expect(ask(sys.Drop, vmo)).toBe(0);
    expect(charged(1)[Resource.Vmos]).toBe(2);
    expect(ask(sys.KillTask, task)).toBe(0);
    settle();
    // Its place is taken as long as a capability names it.
    expect(charged(1)).toEqual([0, 1, 0, 0, 0, 0, 0]);
    expect(ask(sys.Drop, task)).toBe(0);
    expect(charged(1)).toEqual([0, 0, 0, 0, 0, 0, 0]);
    expect(ask(sys.Drop, job)).toBe(0);
    expect(k.guest.call("jobExists", 1)).toBe(0);
    expect(charged(ROOT)).toEqual(before);
  });

  test("refuses what is above a limit, and nothing of it is taken", () => {
    const job = newJob({ pages: TASK_PAGES + 1, tasks: 2, vmos: 2 });
    const task = newTask(job);
    const full = charged(1);
    expect(ask(sys.CreateTask, Class.App, bell, 1, job)).toBe(Refusal.Quota);
    expect(charged(1)).toEqual(full);
    expect(ask(sys.CreateVmo, 2 * PAGE, job)).toBe(Refusal.Quota);
    const vmo = made(k, 0, sys.CreateVmo, PAGE, job);
    expect(ask(sys.CreateVmo, PAGE, job)).toBe(Refusal.Quota);
    expect(ask(sys.Map, task, vmo, FREE, 0, PAGE, Right.Read)).toBe(Refusal.Quota);
    expect(charged(1)).toEqual([TASK_PAGES + 1, 1, 2, 0, 0, 0, 0]);
    expect(ask(sys.CreateTask, Class.App, bell, 1, job)).toBe(Refusal.Quota);
  });

  test("takes all its limits out of the job that it is made from", () => {
    const before = charged(ROOT);
    const outer = newJob({ pages: 50, tasks: 4, vmos: 8, endpoints: 2, notifications: 2, pins: 3, jobs: 2 });
    newJob({ pages: 30, tasks: 3, vmos: 5, endpoints: 2, notifications: 1, pins: 1, jobs: 0 }, outer);
    expect(charged(ROOT)).toEqual(
      before.map((amount, resource) => amount + defined([50, 4, 8, 2, 2, 3, 3][resource])),
    );
    expect(charged(1)).toEqual([30, 3, 5, 2, 1, 1, 1]);
    expect(ask(...jobCall(outer, { pages: 21, tasks: 1, vmos: 1, endpoints: 0, notifications: 0 }))).toBe(
      Refusal.Quota,
    );
    newJob({ pages: 20, tasks: 1, vmos: 1, endpoints: 0, notifications: 0 }, outer);
    expect(ask(...jobCall(outer, { pages: 0, tasks: 0, vmos: 0, endpoints: 0, notifications: 0 }))).toBe(
      Refusal.Quota,
    );
  });

  test("is made from a job, and so on, eight times from the first one and no more", () => {
    const chain = [newJob({ ...room(jobDepthMax - 1) })];
    while (chain.length < jobDepthMax) {
      chain.push(newJob(room(jobDepthMax - 1 - chain.length), defined(chain.at(-1))));
    }
    const last = defined(chain.at(-1));
    expect(ask(...jobCall(last, { pages: 0, tasks: 0, vmos: 0, endpoints: 0, notifications: 0 }))).toBe(
      Refusal.BadState,
    );
    newTask(last);
  });

  test("needs the right to manage it", () => {
    const job = newJob();
    const weak = made(k, 0, sys.Copy, job, Right.Transfer, 0);
    expect(ask(...jobCall(weak, {}))).toBe(Refusal.MissingRight);
    expect(ask(sys.CreateTask, Class.App, bell, 1, weak)).toBe(Refusal.MissingRight);
    expect(ask(sys.CreateVmo, PAGE, weak)).toBe(Refusal.MissingRight);
    expect(ask(sys.EndJob, weak)).toBe(Refusal.MissingRight);
  });
});

describe("a job that is ended", () => {
  test("ends its tasks and those of the jobs in it, takes nothing any more, and gives all back", () => {
    const before = charged(ROOT);
    const outer = newJob({ jobs: 1 });
    const inner = newJob({ pages: 40, tasks: 2, vmos: 4, endpoints: 0, notifications: 0 }, outer);
    const tasks = [newTask(outer), newTask(inner)];
    expect(ask(sys.EndJob, outer)).toBe(0);
    settle();
    for (const job of [outer, inner]) {
      expect(ask(sys.CreateTask, Class.App, bell, 1, job)).toBe(Refusal.Quota);
      expect(ask(sys.CreateVmo, PAGE, job)).toBe(Refusal.Quota);
    }
    for (const task of tasks) {
      expect(k.ask(0, sys.TaskStatus, task).words[0]).toBe(2n);
    }
    // Only what capabilities still name is left of them in the root: two tasks, two jobs.
    const left = charged(ROOT).map((amount, resource) => amount - defined(before[resource]));
    expect(left).toEqual([0, 2, 0, 0, 0, 0, 2]);
    for (const slot of [...tasks, outer, inner]) {
      expect(ask(sys.Drop, slot)).toBe(0);
    }
    expect(charged(ROOT)).toEqual(before);
  });

  test("keeps what another still holds, and no more", () => {
    const before = charged(ROOT);
    const job = newJob();
    const vmo = made(k, 0, sys.CreateVmo, 5 * PAGE, job);
    expect(ask(sys.EndJob, job)).toBe(0);
    expect(ask(sys.Drop, job)).toBe(0);
    const left = charged(ROOT).map((amount, resource) => amount - defined(before[resource]));
    expect(left).toEqual([5, 0, 1, 0, 0, 0, 1]);
    expect(ask(sys.Drop, vmo)).toBe(0);
    expect(charged(ROOT)).toEqual(before);
  });
});

test("after any calls, what is charged is what is there; and at the end all is given back", async () => {
  const anyLimits = fc.record({
    pages: fc.nat(40),
    tasks: fc.nat(4),
    vmos: fc.nat(8),
    jobs: fc.nat(2),
    endpoints: fc.constant(0),
    notifications: fc.constant(0),
  });
  const step = fc.record({
    what: fc.constantFrom("job", "job", "task", "task", "vmo", "vmo", "map", "drop", "kill", "end"),
    limits: anyLimits,
    pick: fc.nat(30),
    other: fc.nat(30),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: "max" }), async (steps) => {
      k = await Kernel.boot(1);
      const task = k.spawnOn(0, Class.App);
      bell = k.give(task, Kind.Notification, k.guest.call("newNotification"));
      const before = charged(ROOT);
      const free = k.guest.call("free");
      const slots = { job: [] as number[], task: [] as number[], vmo: [] as number[] };
      const keep = (kind: keyof typeof slots, ...call: [number, ...(number | bigint)[]]): void => {
        const { status, words } = k.ask(0, ...call);
        if (status === 0) {
          slots[kind].push(Number(words[0]));
        } else {
          expect([Refusal.Quota, Refusal.TableFull]).toContain(status);
        }
      };
      for (const { what, limits, pick, other } of steps) {
        const from = (kind: keyof typeof slots, n: number): number | undefined =>
          slots[kind][n % (slots[kind].length || 1)];
        const job = from("job", pick) ?? self;
        if (what === "job") {
          keep("job", ...jobCall(job, limits));
        } else if (what === "task") {
          keep("task", sys.CreateTask, Class.App, bell, 1, job);
        } else if (what === "vmo") {
          keep("vmo", sys.CreateVmo, (1 + (other % 6)) * PAGE, job);
        } else if (what === "map" && slots.task.length > 0 && slots.vmo.length > 0) {
          const address = FREE + (other << 21);
          ask(
            sys.Map,
            defined(from("task", pick)),
            defined(from("vmo", other)),
            address,
            0,
            PAGE,
            Right.Read,
          );
        } else if (what === "kill" && slots.task.length > 0) {
          ask(sys.KillTask, defined(from("task", pick)));
        } else if (what === "end" && slots.job.length > 0) {
          ask(sys.EndJob, defined(from("job", pick)));
        } else if (what === "drop") {
          const kind = (["job", "task", "vmo"] as const)[pick % 3] ?? "job";
          const [slot] = slots[kind].splice(other % (slots[kind].length || 1), 1);
          if (slot !== undefined) {
            expect(ask(sys.Drop, slot)).toBe(0);
          }
        }
        settle();
        judge(before, free);
      }
      for (const slot of [...slots.task, ...slots.vmo, ...slots.job]) {
        expect(ask(sys.Drop, slot)).toBe(0);
      }
      settle();
      expect(charged(ROOT)).toEqual(before);
      expect(k.guest.call("free")).toBe(free);
    }),
    { numRuns: 40, endOnFailure: true },
  );
});

/** No job is above a limit. What leaves hold, and the root beside them, is what is missing of the free frames. */
function judge(before: readonly number[], free: number): void {
  let pages = 0;
  for (let job = 1; job < 64; job++) {
    if (k.guest.call("jobExists", job) === 0) {
      continue;
    }
    for (const [resource, amount] of charged(job).entries()) {
      expect(amount).toBeLessThanOrEqual(k.guest.call("limitOf", job, resource));
    }
    // What a job was given is charged to its parent; what is in use is charged once more, to itself.
    pages += defined(charged(job)[Resource.Pages]) - k.guest.call("limitOf", job, Resource.Pages);
  }
  const inUse = defined(charged(ROOT)[Resource.Pages]) - defined(before[Resource.Pages]) + pages;
  expect(inUse).toBe(free - k.guest.call("free"));
}
