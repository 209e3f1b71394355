// The kernel's paths cost no more than their budgets, and the same each time. The machine counts instructions, so a slower path
// fails here on any computer, no matter how busy that is.
//
// A failure names the path. If the path is meant to be slower, change its budget in bench/kernel/rows.ts.

import { beforeAll, expect, test } from "vitest";
import { measureContent } from "../../bench/kernel/content.ts";
import { measureCrowd } from "../../bench/kernel/crowd.ts";
import { measureCross } from "../../bench/kernel/harts/cross.ts";
import { measureSteady } from "../../bench/kernel/harts/steady.ts";
import { measureWorkers } from "../../bench/kernel/harts/workers.ts";
import { measureHash } from "../../bench/kernel/hash.ts";
import { expectations, hashExpectations, scaleExpectations } from "../../bench/kernel/rows.ts";
import { readSubject, type Subject } from "../../bench/kernel/run.ts";
import { CODE_BUDGET_BYTES, measureSizes } from "../../bench/kernel/sizes.ts";
import { measureKernel, measureScaleRows, type PathRow, whereIn } from "../../bench/kernel.ts";
import type { Row } from "../../bench/row.ts";
import { defined } from "../harness/defined.ts";

/** How far a budget may be above the measured value: a change of 2 % has to be noticed, and of 3 % in boots. */
const BUDGET_RATIO_MAX = 1.03;
const BOOT_BUDGET_RATIO_MAX = 1.05;

const silent = { start: () => () => {}, note: () => {} };

let subject: Subject;
let paths: PathRow[];
let steady: Row[];
beforeAll(async () => {
  subject = await readSubject("production", silent);
  paths = measureKernel(subject);
  steady = measureSteady(subject);
});

test("the bench measures every row of the table, and nothing else", () => {
  expect(paths.map(({ name }) => name)).toEqual(expectations.map(({ name }) => name));
});

test.each(expectations)("$name stays within its budget", ({ name, budget }) => {
  const row = paths.find((each) => each.name === name);
  expect(row?.measured).toBeGreaterThan(0);
  expect(row?.measured).toBeLessThanOrEqual(budget);
});

test("no budget is far above the measured cost, so a slower path is noticed", () => {
  const wide = expectations.flatMap(({ name, budget }) => {
    const measured = defined(paths.find((each) => each.name === name)?.measured, name);
    const ratioMax = name.startsWith("reset to") ? BOOT_BUDGET_RATIO_MAX : BUDGET_RATIO_MAX;
    return budget > measured * ratioMax ? [`${name}: ${measured} of ${budget}`] : [];
  });
  expect(wide).toEqual([]);
});

test("mounting and looking up stay within their budgets, which are not far above, for few files and for many", () => {
  const rows = measureScaleRows(subject);
  expect(rows.map(({ name }) => name)).toEqual(scaleExpectations.map(({ name }) => name));
  for (const { name, measured, budget } of rows) {
    expect([name, measured <= defined(budget), defined(budget) <= measured * BUDGET_RATIO_MAX]).toEqual([
      name,
      true,
      true,
    ]);
  }
});

test("the sizes are told, and the kernel's code does not grow unnoticed", () => {
  const [code, image, memory] = measureSizes(subject).map(({ measured }) => measured);
  expect(code).toBeGreaterThan(CODE_BUDGET_BYTES / BUDGET_RATIO_MAX);
  expect(code).toBeLessThanOrEqual(CODE_BUDGET_BYTES);
  expect(image).toBe(subject.disk.length);
  expect(memory).toBeGreaterThan(1_000_000);
  expect(memory).toBeLessThan(16_000_000);
});

test("four harts do nearly four times as much as one, and the locks that they wait for are named", () => {
  const rows = measureWorkers(subject);
  expect(rows.map(({ name, met }) => [name.replace(/, .*: /, ": "), met])).toEqual([
    ["call and reply: four harts' speed", true],
    ["ask one server for shared pages: four harts' speed", true],
    ["read 128 KiB of shared pages: four harts' speed", true],
    ["create: four harts' speed", true],
    ["all of these: waiting for locks", true],
  ]);
  const waiting = defined(rows.at(-1));
  expect(waiting.measured).toBeGreaterThan(0);
  expect(waiting.measured).toBeLessThan(5);
  // Each task's life takes frames and gives them back.
  expect(waiting.unit).toBe("% of all time, most for Frames");
});

test("a call whose answer crosses from hart to hart stays within its target", () => {
  const [row] = measureCross(subject);
  expect(row?.met).toBe(true);
  expect(row?.measured).toBeGreaterThan(500);
});

test("no path costs more among many tasks than among few", () => {
  const rows = measureCrowd(subject);
  expect(rows.map(({ name, met }) => [name, met])).toEqual(
    [
      "yield, with switch",
      "signal a waiting task, switch to it",
      "sleep for ten ticks",
      "create, run, end and reap a task",
      "end a server and reap it",
    ].map((name) => [`${name}, among 245 tasks`, true]),
  );
});

test("hashing stays within its budgets, which are not far above", () => {
  const rows = measureHash(subject);
  expect(rows.map(({ name }) => name)).toEqual(hashExpectations.map(({ name }) => name));
  for (const { name, measured, budget } of rows) {
    expect([name, measured <= defined(budget), defined(budget) <= measured * BUDGET_RATIO_MAX]).toEqual([
      name,
      true,
      true,
    ]);
  }
});

test("text is read faster compressed, a program is without Zbb, and what cannot be compressed is read as before", () => {
  const rows = measureContent(subject);
  expect(rows.filter(({ met }) => !met)).toEqual([]);
  expect(rows).toHaveLength(6);
});

test("in a long run, four harts are as fast as one, and send hardly any interrupts", () => {
  expect(steady.filter(({ met }) => !met)).toEqual([]);
  expect(steady).toHaveLength(2);
});

test("two runs give the same figures", () => {
  expect(measureKernel(subject)).toEqual(paths);
});

test("the shares that --where gives add up to the cost of the path", () => {
  for (const name of ["null system call", "call and reply, 64 bytes"]) {
    const total = whereIn(subject, name).reduce((sum, share) => sum + share.instructions, 0);
    expect(total).toBe(paths.find((each) => each.name === name)?.measured);
  }
});
