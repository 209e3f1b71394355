// The cost of our translation: guest TypeScript takes hardly more instructions than the same algorithm in C. A failure names the
// program. Both sides are counted on the embedded machine, so the figures are the same on any computer.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { pairs } from "../../bench/code/programs.ts";
import { benchCode } from "../../bench/code.ts";
import type { Row } from "../../bench/row.ts";
import { root } from "../../host/root.ts";

/** How far a budget may be above the measured value: a change of 2 % has to be noticed. */
const BUDGET_RATIO_MAX = 1.03;

let rows: Row[];
beforeAll(async () => {
  rows = await benchCode({ start: () => () => {}, note: () => {} });
});

test("every program exists in both languages, and there are no others", () => {
  const stems = pairs.map(({ stem }) => stem);
  const inC = readdirSync(join(root, "bench/c")).flatMap((file) => /^(.+)\.c$/.exec(file)?.[1] ?? []);
  expect(inC.toSorted()).toEqual(stems.toSorted());
  expect(rows.map(({ name }) => name)).toEqual([
    ...pairs.map(({ name }) => name),
    "geometric mean of the ratios",
  ]);
});

test("no program takes over 25 % more than in C, and all of them together take at most 5 % more", () => {
  expect(rows.filter(({ met }) => !met).map(({ name, ratio }) => `${name}: ${ratio}`)).toEqual([]);
  expect(rows.map(({ target }) => target?.value)).toEqual([...pairs.map(() => 1.25), 1.05]);
});

test.each(pairs)("$name stays within its budget, which is not far above", ({ name, budget }) => {
  const measured = rows.find((row) => row.name === name)?.measured ?? 0;
  expect(measured).toBeGreaterThan(1000);
  expect(measured).toBeLessThanOrEqual(budget);
  expect(budget).toBeLessThanOrEqual(measured * BUDGET_RATIO_MAX);
});
