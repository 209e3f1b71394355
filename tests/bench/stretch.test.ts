// No hart stays in the kernel with interrupts off for long, on no path. A failure names the path; `where` in the rows of
// ./nx bench kernel --json says in which run, and at which clock. And no driver waits longer than that, and its way, for less
// urgent tasks.

import { beforeAll, expect, test } from "vitest";
import { readSubject, type Subject } from "../../bench/kernel/run.ts";
import {
  longer,
  measureStretches,
  STRETCH_MAX,
  type StretchRow,
} from "../../bench/kernel/stretch/measure.ts";
import { measureWakeUps } from "../../bench/kernel/stretch/wakeups.ts";
import { isFailure } from "../../bench/row.ts";
import { defined } from "../harness/defined.ts";

const silent = { start: () => () => {}, note: () => {} };
/** How far what may be longer is above what was measured. */
const LONGER_RATIO_MAX = 1.1;

let production: Subject;
let rows: StretchRow[];
beforeAll(async () => {
  production = await readSubject("production", silent);
  rows = await measureStretches(production, await readSubject("bringup", silent));
});

function row(path: string): StretchRow {
  const name = `longest stretch with interrupts off: ${path}`;
  return defined(
    rows.find((each) => each.name === name),
    path,
  );
}

test(`no stretch is longer than ${STRETCH_MAX} instructions, but for those that are listed`, () => {
  expect(rows.filter(isFailure).map(({ name, measured, where }) => ({ name, measured, where }))).toEqual([]);
});

test("each that is listed is that long", () => {
  for (const [path, budget] of Object.entries(longer)) {
    expect([path, row(path).measured * LONGER_RATIO_MAX >= budget]).toEqual([path, true]);
  }
});

test("the rows say where each stretch was, and the boot is told without a target", () => {
  expect(row("CreateVmo").measured).toBeGreaterThan(1000);
  expect(["nexus-init", "attackers-child"]).toContain(row("CreateVmo").where.task);
  const boot = row("boot, before the first task");
  expect(boot.target).toBeUndefined();
  expect(boot.measured).toBeGreaterThan(100_000);
  expect(boot.where.clock).toBe("0");
});

test("a driver runs soon after its interrupt, beside tasks of each class that keep all harts busy", async () => {
  const late = await measureWakeUps(production);
  expect(late.filter(isFailure).map(({ name, measured }) => ({ name, measured }))).toEqual([]);
  const [, , services, drivers] = late.map(({ measured }) => measured);
  // Beside tasks of its own class it waits for its turn: so these were as urgent as it is.
  expect(drivers).toBeGreaterThan(10 * defined(services));
});
