// ./nx test --mutate: what counts as a check, and that a removed one is noticed and one in place changes nothing.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../../../host/root.ts";
import { runAsc, testFlags } from "../../../toolchain/asc/run.ts";
import { knownCatchers, lineOf } from "../../../tools/test/mutate/catchers.ts";
import { survivors } from "../../../tools/test/mutate/survivors.ts";
import {
  type Check,
  GateChecks,
  gateSource,
  withoutNullErrors,
} from "../../../tools/test/mutate/tree/checks.ts";
import { listChecks } from "../../../tools/test/mutate/tree/listing.ts";
import { TURNS_A_ROUND } from "../../../tools/test/mutate/tree/turns.ts";

const FILE = "guest-entry.ts";
/** Of turns of the loops that a test has. */
const ROUNDS_MAX = 3;

/** The checks of a text. */
async function checksOf(text: string): Promise<Check[]> {
  const core = await import("assemblyscript");
  const parser = new core.Parser();
  parser.parseFile(text, FILE, true);
  return parser.sources.flatMap((source) => gateSource(core, source, FILE));
}

async function conditionsOf(text: string): Promise<string[]> {
  return (await checksOf(text)).map((check) => check.text);
}

describe("a check is", () => {
  test.each<[what: string, branch: string]>([
    ["returns a refusal", "return Refusal.BadSlot;"],
    ["returns false", "return false;"],
    ["returns null", "return null;"],
    ["returns a negative number", "return -1;"],
    ["only returns", "return;"],
    ["passes a refusal on", "return refusal;"],
    ["answers with a refusal", "return setStatus(task, Refusal.BadSlot);"],
    ["releases a lock first", "lock.release(); return Refusal.BadState;"],
    ["ends a loop", "break;"],
    ["goes on with the loop", "continue;"],
  ])("an if whose branch %s", async (_, branch) => {
    const text = `function f(): void { for (;;) { if (a > b) { ${branch} } work(); } }`;
    expect(await conditionsOf(text)).toEqual(["a > b"]);
  });

  test.each<[what: string, branch: string]>([
    ["works", "a = b;"],
    ["works and returns", "a = b; return false;"],
    ["returns a result", "return a + b;"],
    ["returns that all is well", "return Refusal.None;"],
  ])("not an if whose branch %s", async (_, branch) => {
    expect(await conditionsOf(`function f(): i32 { if (a > b) { ${branch} } }`)).toEqual([]);
  });

  test("not an if with an else", async () => {
    expect(await conditionsOf("function f(): bool { if (a) { return false; } else { g(); } }")).toEqual([]);
  });

  test("each side of an or in such a condition, and each side of an and that a bool function returns", async () => {
    expect(await conditionsOf("function f(): void { if (a > 1 || (b && c) || d) { return; } }")).toEqual([
      "a > 1",
      "b && c",
      "d",
    ]);
    expect(await conditionsOf("function f(): bool { return a > 1 && (b || c); }")).toEqual([
      "a > 1",
      "b || c",
    ]);
    expect(await conditionsOf("function f(): i32 { return a && b; }")).toEqual([]);
  });

  test("the condition of a choice between a refusal and something else", async () => {
    expect(
      await conditionsOf("function f(): Refusal { return a ? Refusal.None : Refusal.BadState; }"),
    ).toEqual(["a"]);
    expect(await conditionsOf("function f(): i32 { return a ? 1 : 0; }")).toEqual([]);
  });
});

test("a check's name is its file, function and place among the function's checks, so other functions do not change it", async () => {
  const f = "function f(): void { if (a) { return; } if (b) { return; } }";
  const c = "class C { m(): bool { if (a) { return false; } return true; } }";
  const names = async (text: string): Promise<string[]> => (await checksOf(text)).map(({ name }) => name);
  expect(await names(`${c}\n${f}`)).toEqual([`${FILE}#C.m#1`, `${FILE}#f#1`, `${FILE}#f#2`]);
  expect(await names(f)).toEqual([`${FILE}#f#1`, `${FILE}#f#2`]);
});

describe("in the compiled module", () => {
  const text = `
    class Box { value: i32 = 0; }
    const room: usize = memory.data(64);
    function boxOf(n: i32): Box | null { return n === 0 ? null : changetype<Box>(room); }
    export function take(n: i32): i32 { const box = boxOf(n); if (box === null || n > 9) { return -1; } return box.value; }
    export function climb(n: i32): i32 { let i = 0; while (true) { if (i === n) { return -1; } i++; } return i; }
    export function isBetween(n: i32): bool { return n > 2 && n < 5; }`;

  /** The module with gates: its checks by name, and what to call. */
  async function gated() {
    const core = await import("assemblyscript");
    const gates = new GateChecks(core, (source) => (source === FILE ? FILE : undefined));
    const request = { root, entry: FILE, text, generated: "build", flags: testFlags, transforms: [gates] };
    const { wasm } = await withoutNullErrors(core, () => runAsc(request));
    const asked: number[] = [];
    let removed = 0;
    const holds = (check: number): number => {
      asked.push(check >>> 0);
      return check >>> 0 === removed ? 0 : 1;
    };
    let rounds = 0;
    const turned = (): void => {
      rounds++;
      if (rounds > ROUNDS_MAX) {
        throw new Error("too many turns");
      }
    };
    const abort = (): void => {};
    const module = await WebAssembly.compile(new Uint8Array(wasm));
    const { exports } = new WebAssembly.Instance(module, { mutation: { holds, turned }, env: { abort } });
    const numberOf = (name: string): number =>
      gates.checks.find((check) => check.name === `${FILE}#${name}`)?.number ?? 0;
    const call = (name: string, argument: number): unknown => {
      const target = exports[name];
      return typeof target === "function" ? target(argument) : undefined;
    };
    const without = (name: string): void => {
      removed = numberOf(name);
    };
    return { call, without, numberOf, asked, rounds: () => rounds };
  }

  test("a gate is asked only where its check refuses, and nothing changes while it says yes", async () => {
    const { call, asked, numberOf } = await gated();
    expect([call("take", 1), call("isBetween", 3)]).toEqual([0, 1]);
    expect(asked).toEqual([]);
    expect([call("take", 0), call("take", 10), call("isBetween", 1), call("isBetween", 5)]).toEqual([
      -1, -1, 0, 0,
    ]);
    expect(asked).toEqual(["boxOf#1", "take#1", "take#2", "isBetween#1", "isBetween#2"].map(numberOf));
  });

  test("a check that is taken away refuses nothing, and the others go on", async () => {
    const { call, without } = await gated();
    without("take#2");
    expect([call("take", 10), call("take", 0)]).toEqual([0, -1]);
    without("take#1");
    expect([call("take", 10), call("take", 0)]).toEqual([-1, 0]);
    without("isBetween#2");
    expect([call("isBetween", 5), call("isBetween", 1)]).toEqual([1, 0]);
  });

  test("the turns of loops are counted, so one without its end is found after a number of turns", async () => {
    const { call, without, rounds } = await gated();
    expect([call("climb", TURNS_A_ROUND - 2), rounds()]).toEqual([-1, 0]);
    expect([call("climb", 0), rounds()]).toEqual([-1, 1]);
    expect([call("climb", 2 * TURNS_A_ROUND - 1), rounds()]).toEqual([-1, 3]);
    without("climb#1");
    expect(() => call("climb", 9)).toThrow("too many turns");
  });
});

test("every explanation is of a check that is there, and no test is known to miss it", async () => {
  const checks = await listChecks();
  const lines = new Set(checks.map(lineOf));
  expect(lines.size).toBeGreaterThan(500);
  expect([...survivors.keys()].filter((line) => !lines.has(line))).toEqual([]);
  expect([...survivors.values()].filter((why) => why.length < 20)).toEqual([]);
  const known = knownCatchers(checks);
  expect(known.size).toBeGreaterThan(100);
  const files = new Set([...known.values()].map(({ file }) => file));
  expect([...files].filter((file) => !existsSync(join(root, file)))).toEqual([]);
  expect(checks.filter((check) => known.has(check.name) && survivors.has(lineOf(check)))).toEqual([]);
});
