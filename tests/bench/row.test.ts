// Rows, and what is computed from them: the ratio and the verdict, the table, the picture.

import { describe, expect, test } from "vitest";
import { drawRows } from "../../bench/picture.ts";
import {
  atMost,
  bestOf,
  isFailure,
  type Measurement,
  makeRow,
  ratioAtLeast,
  ratioAtMost,
  shareOfTarget,
} from "../../bench/row.ts";
import { formatRows } from "../../bench/table.ts";
import { defined } from "../harness/defined.ts";

const plain: Measurement = { part: "kernel", name: "a path", measured: 102, unit: "instructions" };
const reference = { name: "xv6", measured: 1128, kind: "system" } as const;
const yardstick = { name: "yardstick", measured: 400, kind: "yardstick" } as const;

describe("a row", () => {
  test.each([
    ["at its target", { target: atMost(102) }, true],
    ["one above it", { target: atMost(101) }, false],
    ["without one", {}, true],
    ["with a ratio at its target", { reference: yardstick, target: ratioAtMost(0.255) }, true],
    ["with a ratio above it", { reference: yardstick, target: ratioAtMost(0.254) }, false],
    ["with a ratio that is to be high, and is", { reference: yardstick, target: ratioAtLeast(0.255) }, true],
    ["with one that is not", { reference: yardstick, target: ratioAtLeast(0.256) }, false],
    ["with a target for a ratio that is missing", { target: ratioAtMost(1) }, false],
  ])("%s", (_, more, met) => {
    expect(makeRow({ ...plain, ...more }).met).toBe(met);
  });

  test("fails if it is over its budget, but may miss its target if it has a budget", () => {
    const failure = (more: Partial<Measurement>): boolean => isFailure(makeRow({ ...plain, ...more }));
    expect(failure({ budget: 102 })).toBe(false);
    expect(failure({ budget: 101 })).toBe(true);
    expect(failure({ budget: 102, target: atMost(80) })).toBe(false);
    expect(failure({ target: atMost(80) })).toBe(true);
    expect(failure({})).toBe(false);
    expect(failure({ target: atMost(80), limit: "the disk" })).toBe(false);
    expect(failure({ budget: 101, target: atMost(80), limit: "the disk" })).toBe(true);
  });

  test("that misses its target names what keeps it from it", () => {
    const lineOf = (target: number) =>
      formatRows("kernel", [makeRow({ ...plain, target: atMost(target), limit: "the disk" })]);
    expect(lineOf(80)).toContain("the disk");
    expect(lineOf(102)).not.toContain("the disk");
  });

  test("has a share of its target, also if more is better", () => {
    expect(shareOfTarget(makeRow({ ...plain, target: atMost(51) }))).toBe(2);
    expect(
      shareOfTarget(makeRow({ ...plain, measured: 100, reference: yardstick, target: ratioAtLeast(0.5) })),
    ).toBe(2);
    expect(shareOfTarget(makeRow(plain))).toBeUndefined();
    expect(shareOfTarget(makeRow({ ...plain, measured: 0, target: atMost(0) }))).toBe(0);
    expect(shareOfTarget(makeRow({ ...plain, measured: 2, target: atMost(0) }))).toBe(
      Number.POSITIVE_INFINITY,
    );
  });

  test("is compared with the best other system", () => {
    const others = [reference, { ...reference, name: "seL4", measured: 472 }];
    expect(bestOf(others)?.name).toBe("seL4");
    expect(bestOf([])).toBeUndefined();
  });
});

const rows = [
  makeRow({ ...plain, reference, target: atMost(80), budget: 104 }),
  makeRow({ ...plain, name: "over <it> & more", measured: 2000.4, unit: "ticks", budget: 1900 }),
  makeRow({
    ...plain,
    name: "a speed",
    measured: 200,
    unit: "M/s",
    reference: yardstick,
    target: ratioAtLeast(0.4),
  }),
];

test("the table has a line for each row, with its reference, ratio, target, verdict and budget", () => {
  expect(
    formatRows("kernel", rows)
      .split("\n")
      .map((line) => line.split(/ {2,}/)),
  ).toEqual([
    ["kernel", "measured", "unit", "best other", "ratio", "target", "met", "budget"],
    ["a path", "102", "instructions", "xv6 1,128", "0.090", "80", "no", "104"],
    ["over <it> & more", "2,000", "ticks", "1,900", "FAILS"],
    ["a speed", "200", "M/s", "yardstick 400", "0.50", "ratio 0.40 or more", "yes"],
    [""],
  ]);
});

describe("the picture", () => {
  const picture = drawRows(rows);

  test("has the rows with another system or a target, and says what each bar is", () => {
    expect(picture).toContain(">a path</text>");
    expect(picture).toContain(">0.090 of xv6</text>");
    expect(picture).toContain(">1.27, missed</text>");
    expect(picture).toContain(">a speed</text>");
    expect(picture).not.toContain("of yardstick");
    expect(picture).not.toContain("over");
  });

  test("is as long as its rows, and its text cannot become markup", () => {
    const named = drawRows([makeRow({ ...plain, name: "a < b & c", target: atMost(80) })]);
    expect(named).toContain(">a &lt; b &amp; c</text>");
    const height = (svg: string): number => Number(/ height="(\d+)"/.exec(svg)?.[1]);
    expect(height(picture) - height(named)).toBe(20);
  });

  test("longer is worse: a bar that misses its target goes beyond the line of 1", () => {
    const end = (measured: number): number => {
      const svg = drawRows([makeRow({ ...plain, measured, target: atMost(100) })]);
      const [, x, width] = defined(/<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/.exec(svg), "the bar");
      return Number(x) + Number(width);
    };
    expect(end(100)).toBe(end(99.999));
    expect(end(150)).toBeGreaterThan(end(100));
    expect(end(50)).toBeLessThan(end(100));
    expect(end(1000)).toBe(end(300));
  });
});
