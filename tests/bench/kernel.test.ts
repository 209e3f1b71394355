// What the kernel's paths cost: not more than their budgets, and the same each time. The machine counts instructions, so a
// path that became slower fails here on any computer, however busy it is.
//
// A failure names the path. If the slower path is meant, its budget in bench/kernel/rows.ts is what has to be changed.

import { beforeAll, expect, test } from "vitest";
import { rows } from "../../bench/kernel/rows.ts";
import { readSubject, type Subject } from "../../bench/kernel/run.ts";
import { measureSteady, type SteadyFigure } from "../../bench/kernel/steady.ts";
import { type KernelFigure, measureKernel, whereIn } from "../../bench/kernel.ts";
import { defined } from "../harness/defined.ts";

const silent = { start: () => () => {}, note: () => {} };

let subject: Subject;
let figures: KernelFigure[];
let steady: SteadyFigure[];
beforeAll(async () => {
  subject = await readSubject("production", silent);
  figures = measureKernel(subject);
  steady = measureSteady(subject);
});

test("every row of the table is measured, and nothing else", () => {
  expect(figures.map(({ name }) => name)).toEqual(rows.map(({ name }) => name));
});

test.each(rows)("$name: within its budget", ({ name, budget }) => {
  const figure = figures.find((each) => each.name === name);
  expect(figure?.instructions).toBeGreaterThan(0);
  expect(figure?.instructions).toBeLessThanOrEqual(budget);
});

test("no budget is so wide that a path could double unseen", () => {
  const wide = figures.filter(({ instructions, budget }) => budget > instructions * 1.25);
  expect(wide.map(({ name, instructions, budget }) => `${name}: ${instructions} of ${budget}`)).toEqual([]);
});

test.each([0, 1])("for a long time, figure %i: within its limit", (index) => {
  const figure = steady[index];
  expect(figure?.value, figure?.name).toBeLessThanOrEqual(defined(figure?.limit));
});

test("two runs give the same figures", () => {
  expect(measureKernel(subject)).toEqual(figures);
});

test("what --where tells of a path adds up to what the path costs", () => {
  for (const name of ["null system call", "call and reply, 64 bytes"]) {
    const total = whereIn(subject, name).reduce((sum, share) => sum + share.instructions, 0);
    expect(total).toBe(figures.find((each) => each.name === name)?.instructions);
  }
});
