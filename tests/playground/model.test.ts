// The parts of the playground that need no browser: what is known of a run, the axis that folds waits, addresses, the hash.

import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readAddress, writeAddress } from "../../playground/page/address.ts";
import { Axis, FOLDED_CLOCKS } from "../../playground/picture/axis.ts";
import { Model, NEVER, TAKEN_AT } from "../../playground/picture/model.ts";
import { Doing, NO_TASK, Row } from "../../playground/protocol/rows.ts";
import { HARTS_MAX, HARTS_MIN } from "../../playground/protocol/setup.ts";
import { HartNumbers } from "../../playground/worker/numbers.ts";
import { sha256 } from "../../playground/worker/sha256.ts";

/** Two harts: 0 works up to 1,000 and from 101,000 on, 1 takes its interrupt at 500. All wait in between. */
function modelOfTwo(): Model {
  const model = new Model(2);
  const rows = [
    [Row.Doing, 0, 0, Doing.Kernel, NO_TASK, 0],
    [Row.Doing, 0, 200, Doing.User, 7, 0],
    [Row.Send, 0, 300, 1, 0, 0],
    [Row.Queue, 1, 300, 1, 0, 0],
    [Row.Take, 1, 500, 0, 300, 0],
    [Row.Doing, 1, 500, Doing.Kernel, NO_TASK, 0],
    [Row.Doing, 1, 800, Doing.Idle, NO_TASK, 0],
    [Row.Doing, 0, 1_000, Doing.Idle, NO_TASK, 0],
    [Row.Doing, 0, 101_000, Doing.Kernel, NO_TASK, 0],
  ];
  model.add(new Float64Array(rows.flat()), [[7, "nx"]]);
  return model;
}

describe("the model of a run", () => {
  test("knows what each hart does at a clock", () => {
    const model = modelOfTwo();
    expect(model.stateAt(0, 250)).toEqual({ doing: Doing.User, task: 7, queue: 0 });
    expect(model.stateAt(1, 250)).toEqual({ doing: Doing.Off, task: NO_TASK, queue: 0 });
    expect(model.stateAt(1, 600)).toEqual({ doing: Doing.Kernel, task: NO_TASK, queue: 1 });
    expect(model.names.get(7)).toBe("nx");
  });

  test("forgets what comes after a branch: an interrupt that was taken later is under way again", () => {
    const model = modelOfTwo();
    expect(model.sends.field(0, TAKEN_AT)).toBe(500);
    model.truncate(400);
    expect(model.sends.field(0, TAKEN_AT)).toBe(NEVER);
    expect([...model.underWayTo(1, 400)]).toEqual([[0, 300]]);
    expect(model.stateAt(0, 5_000).doing).toBe(Doing.User);
    expect(model.folds.length).toBe(0);
  });

  test("folds a stretch in which every hart waits, also when a branch begins inside it", () => {
    const model = modelOfTwo();
    expect(model.folds.length).toBe(1);
    model.truncate(50_000);
    expect(model.folds.length).toBe(0);
    expect(model.restsSince).toBe(1_000);
  });
});

describe("the axis", () => {
  test("leaves out a wait, but for a short piece", () => {
    const axis = new Axis(modelOfTwo());
    axis.end = 101_500;
    expect(axis.place(1_000)).toBe(1_000);
    expect(axis.place(101_000)).toBe(1_000 + FOLDED_CLOCKS);
    expect(axis.place(101_400)).toBe(1_400 + FOLDED_CLOCKS);
    axis.isFolding = false;
    expect(axis.place(101_000)).toBe(101_000);
  });

  test("gives back the clock of each place", () => {
    const axis = new Axis(modelOfTwo());
    axis.end = 101_500;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 101_500 }), (clock) => {
        expect(axis.clock(axis.place(clock))).toBeCloseTo(clock, 3);
      }),
    );
  });
});

const clock = fc.integer({ min: 0, max: 10 ** 14 });
const setup = fc.record({
  seed: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
  harts: fc.integer({ min: HARTS_MIN, max: HARTS_MAX }),
  chaos: fc.constantFrom("", "all", "switch,weak-stores"),
  faults: fc.constantFrom("", "late@3-", "used-id@3, storm@6"),
  typed: fc.array(fc.record({ at: clock, byte: fc.integer({ min: 0, max: 0xff }) }), { maxLength: 30 }),
  planted: fc.array(
    fc.record({
      at: clock,
      hart: fc.integer({ min: 0, max: 3 }),
      register: fc.integer({ min: 0, max: 32 }),
      value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
    }),
    { maxLength: 3 },
  ),
});

test("an address gives back the run that it was made of", () => {
  fc.assert(
    fc.property(setup, clock, (run, at) => {
      const address = readAddress(writeAddress("12345678", run, at) ?? "");
      expect(address).toEqual({ setup: { ...run, stopAt: at }, version: "12345678", complaints: [] });
    }),
  );
});

test("SHA-256 is SHA-256", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(sha256(bytes)).toBe(createHash("sha256").update(bytes).digest("hex"));
    }),
  );
});

test("the kernel calls the hart that boots 0, and the others follow in their order", () => {
  const numbers = new HartNumbers(4, 2);
  expect([0, 1, 2, 3].map((hart) => numbers.kernel(hart))).toEqual([1, 2, 0, 3]);
  expect([0, 1, 2, 3].map((hart) => numbers.machine(hart))).toEqual([2, 0, 1, 3]);
});
