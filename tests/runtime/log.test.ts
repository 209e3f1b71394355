// Lines on the console, whole and never longer than the kernel takes; and what a failed assertion leaves behind.

import { beforeAll, beforeEach, expect, test } from "vitest";
import {
  ExitCode,
  FakeKernel,
  Refusal,
  Right,
  Role,
  Stopped,
  Syscall,
  TIMEBASE,
} from "../harness/fake-kernel/kernel.ts";
import { root } from "../harness/guest.ts";

const program = `
import { line, print } from "runtime/log";
import { setTaskName } from "runtime/panic";
import { refusalName } from "runtime/names";
export function count(n: u32): void {
  const words = line();
  for (let i: u32 = 0; i < n; i++) words.text("x");
  print(words);
}
export function fail(n: u32): void {
  setTaskName("tester");
  assert(n !== 1);
  assert(n !== 2, "two is not enough");
}
export function nameRefusal(status: i32): void { print(line().text(refusalName(status))); }
`;

let kernel: FakeKernel;
beforeAll(async () => {
  kernel = await FakeKernel.start({ text: program }, { flags: ["--use", "abort=~lib/runtime/panic/abort"] });
});
beforeEach(() => {
  kernel.slots.clear();
  const console = kernel.insert({ kind: "console" }, Right.Write);
  kernel.writeStartup("", [{ role: Role.Console, slot: console }]);
  kernel.console.length = 0;
  kernel.made.length = 0;
});

test.each([0, 1, 254, 255])("a line of %i characters is written whole, in one call", (length) => {
  kernel.guest.call("count", length);
  expect(kernel.console).toEqual([`${"x".repeat(length)}\n`]);
});

test.each([256, 4000])("a line of %i characters is cut, and says so", (length) => {
  kernel.guest.call("count", length);
  expect(kernel.console).toEqual([`${"x".repeat(254)}~\n`]);
});

test("a line waits for room on the console, and is dropped before the task waits for ever", () => {
  let refusals = 3;
  kernel.refuse = ({ number }) =>
    number === Syscall.ConsoleWrite && refusals-- > 0 ? Refusal.TryAgain : undefined;
  kernel.guest.call("count", 3);
  expect(kernel.console).toEqual(["xxx\n"]);
  const before = kernel.time;
  refusals = Number.POSITIVE_INFINITY;
  kernel.guest.call("count", 4);
  kernel.refuse = () => undefined;
  expect(kernel.console).toEqual(["xxx\n"]);
  expect(kernel.time - before).toBe(TIMEBASE);
});

test("a task without a console goes on", () => {
  kernel.writeStartup("", []);
  kernel.guest.call("count", 3);
  expect(kernel.console).toEqual([]);
});

test("a failed assertion prints the task, the message and the place, and ends the task", () => {
  const fail = (n: number): unknown => {
    try {
      return kernel.guest.call("fail", n);
    } catch (error) {
      return error;
    }
  };
  expect(fail(0)).toBe(0);
  const stopped = fail(2);
  expect(stopped).toBeInstanceOf(Stopped);
  expect(stopped).toMatchObject({ why: "exit", code: ExitCode.AssertionFailed });
  expect(kernel.console).toEqual(["tester: assertion failed (two is not enough) at guest-entry.ts:13:3\n"]);
  // It happens once: a second one, as from a startup page that is wrong, ends the task without a word.
  expect(fail(1)).toMatchObject({ why: "exit", code: ExitCode.AssertionFailed });
  expect(kernel.console).toHaveLength(1);
});

test("every refusal of the ABI has a name", async () => {
  const { readFile } = await import("node:fs/promises");
  const abi = await readFile(`${root}/source/abi/refusal.ts`, "utf8");
  const named = [...abi.matchAll(/^ {2}(\w+) = (-?\d+),$/gm)];
  expect(named.length).toBeGreaterThan(10);
  for (const [, , value] of named) {
    kernel.guest.call("nameRefusal", Number(value));
  }
  expect(kernel.console.map((one) => one.trimEnd())).toEqual(named.map(([, name]) => name));
  expect(kernel.made.every(({ number }) => number === Syscall.ConsoleWrite)).toBe(true);
});
