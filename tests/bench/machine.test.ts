// The bench of the embedded machine judges the machine and not the computer: a row is a ratio to a yardstick, which a slow
// computer makes slow too. Only ./nx bench machine measures the rows themselves.

import { describe, expect, test } from "vitest";
import { millisecondsOf, type Speed } from "../../bench/machine/speed.ts";
import { execute } from "../../bench/machine/yardstick.ts";
import { bootRows, rowsOf } from "../../bench/machine.ts";

const speeds: Speed[] = [
  { name: "reached", mips: 200, yardstick: 400, goal: 0.4 },
  { name: "missed", mips: 100, yardstick: 400, goal: 0.4 },
  { name: "for information", mips: 1, yardstick: 400, goal: undefined },
];
const qemu = { machine: 200, qemu: 400, qemuCounting: 300 };

function verdicts(factor: number): [string, boolean][] {
  const slower = speeds.map((each) => ({
    ...each,
    mips: each.mips * factor,
    yardstick: each.yardstick * factor,
  }));
  const beside = {
    machine: qemu.machine * factor,
    qemu: qemu.qemu * factor,
    qemuCounting: qemu.qemuCounting * factor,
  };
  return rowsOf(slower, beside).map(({ name, met }) => [name, met]);
}

describe("targets", () => {
  test("are ratios to another measurement of the same run", () => {
    const bounds = rowsOf(speeds, qemu).flatMap(({ target }) => (target === undefined ? [] : [target]));
    expect(bounds.map(({ of, bound }) => `${of} ${bound}`)).toEqual(Array(4).fill("ratio at least"));
  });

  test.each([1, 0.1, 0.001, 30])(
    "give the same verdicts on a computer that is %f times as fast",
    (factor) => {
      expect(verdicts(factor)).toEqual([
        ["reached", true],
        ["missed", false],
        ["for information", true],
        ["U-mode, 1 hart, beside QEMU", false],
        ["U-mode, 1 hart, beside QEMU -icount", true],
      ]);
    },
  );

  test("leave out the ratio to QEMU when there is no QEMU", () => {
    expect(rowsOf(speeds, undefined).map(({ name }) => name)).not.toContain("U-mode, 1 hart, beside QEMU");
  });
});

describe("a boot beside the interpreter", () => {
  const times = {
    instructions: 20_000_000,
    used: { translated: 25, interpreted: 50 },
    fresh: { translated: 50, interpreted: 75 },
    touches: 24.6,
  };

  test("is to be twice as fast in used memory", () => {
    const slower = { ...times, used: { translated: 26, interpreted: 50 } };
    expect(bootRows(times)[0]).toMatchObject({ measured: 800, ratio: 2, met: true });
    expect(bootRows(slower)[0]).toMatchObject({ met: false });
  });

  test("names what the first touches of new memory take, beside their own row", () => {
    const [, fresh, touches] = bootRows(times);
    expect(fresh).toMatchObject({ met: false, limit: "first touches of memory: 25 of 50 ms" });
    expect(touches).toMatchObject({ measured: 24.6, unit: "ms", met: true });
  });
});

test("the yardstick executes every step, and gives the same result each time", () => {
  expect(execute(1000)).toBe(execute(1000));
  expect(new Set([0, 1, 10, 100, 1000].map(execute)).size).toBeGreaterThan(3);
});

test.each([
  ["0m0.00s 0m0.01s\n1m2.50s 0m0.25s\n", 62_750],
  ["0m0.000s 0m0.000s\n0m0,125s 0m0,000s\n", 125],
  ["", undefined],
])("the time that a program took is read from the shell's times: %j", (text, milliseconds) => {
  expect(millisecondsOf(text)).toBe(milliseconds);
});
