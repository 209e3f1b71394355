// Reading the disk costs no more than its budgets, which are exact; and how the speed beside a program without a system is
// worked out from what both print. Only ./nx bench disk measures that speed.

import { beforeAll, describe, expect, test } from "vitest";
import { type Cost, countReads } from "../../bench/disk/count.ts";
import { costBudgets } from "../../bench/disk/rows.ts";
import { compare, linesOf } from "../../bench/disk/throughput.ts";
import { costRows, throughputRows } from "../../bench/disk.ts";
import { readSubject, type Subject } from "../../bench/kernel/run.ts";
import { isFailure } from "../../bench/row.ts";
import { defined } from "../harness/defined.ts";

/** How far a budget may be above the measured value. */
const BUDGET_RATIO_MAX = 1.1;

describe("what it costs to read 1 MiB of the disk", () => {
  let subject: Subject;
  let costs: Cost[];
  beforeAll(async () => {
    subject = await readSubject("production", { start: () => () => {}, note: () => {} });
    costs = countReads(subject);
  });

  test("has a budget for each row, stays within it, and lies close below it", () => {
    expect(costs.map(({ name }) => name)).toEqual(costBudgets.map(({ name }) => name));
    expect(costRows(costs).filter(isFailure)).toEqual([]);
    const wide = costRows(costs).flatMap(({ name, unit, measured, budget }) => {
      const most = Math.ceil(measured * BUDGET_RATIO_MAX);
      return defined(budget) > most ? [`${name}: ${measured} of ${budget} ${unit}`] : [];
    });
    expect(wide).toEqual([]);
  });

  test("is the same in each run", () => {
    expect(countReads(subject)).toEqual(costs);
  });

  test("is less with eight reads in flight than with one, in all that is counted", () => {
    const [large, largeDeep, small, smallDeep] = costs.map((cost) => [
      cost.instructions,
      cost.messages,
      cost.interrupts,
    ]);
    for (const [one, deep] of [
      [large, largeDeep],
      [small, smallDeep],
    ]) {
      expect(defined(deep).every((count, index) => count < defined(defined(one)[index]))).toBe(true);
    }
  });
});

describe("the speed beside a program without a system", () => {
  const printed = (ticks: number, way = "") =>
    linesOf(`bench: sectors=256 depth=8 reads=4096 ticks=${ticks}${way}\r\n`);

  test("is read from what both print", () => {
    expect(printed(5_120_000)).toEqual([{ sectors: 256, depth: 8, speed: 1000, way: undefined }]);
    expect(printed(2_560_000, " by polling")).toMatchObject([{ speed: 2000, way: "polling" }]);
    expect(linesOf("bench: ready\nsectors=3\n")).toEqual([]);
  });

  test("is the ratio of the best stretches, beside each way of waiting; the one that sleeps has the target", () => {
    const neuron = [10_240_000, 5_120_000, 9_000_000].flatMap((ticks) => printed(ticks));
    const alone = [
      ...[5_120_000, 4_096_000].flatMap((ticks) => printed(ticks, " by interrupt")),
      ...[5_120_000, 2_560_000].flatMap((ticks) => printed(ticks, " by polling")),
      ...printed(8_192_000, " by changes"),
      ...linesOf("bench: sectors=8 depth=8 reads=4096 ticks=1 by interrupt\n"),
    ];
    const rows = throughputRows(compare(4, neuron, alone));
    expect(rows).toMatchObject([
      { measured: 1000, reference: { measured: 1250 }, ratio: 0.8, met: true, target: { value: 0.8 } },
      { measured: 1000, reference: { measured: 2000 }, ratio: 0.5, met: true },
      { measured: 625, reference: { measured: 1250 }, ratio: 0.5, met: true },
    ]);
    const name = "read 128 KiB each, depth 8, QEMU, 4 harts";
    expect(rows.map((row) => row.name)).toEqual([
      name,
      `${name}, beside polling`,
      `${name}, the program with changes of address space`,
    ]);
    expect(rows[1]?.target).toBeUndefined();
  });
});
