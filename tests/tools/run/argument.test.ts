// What a run is asked for: a program that there is, and arguments that the guest can take apart again.

import { expect, test } from "vitest";
import { runnable, runOf } from "../../../tools/run/argument.ts";

test("a program and its arguments become one text, which keeps the output apart", () => {
  expect(runOf("nx", [])).toBe("@nx");
  expect(runOf("nx", ["cat", "--all", "a b", ""])).toBe('@nx cat --all "a b" ""');
});

test.each([
  ["no-such", [], /^there is no program "no-such"; there are .*\bnx\b/],
  ["packagefsd", [], /^there is no program "packagefsd"/],
  ["nx", ["ls; poweroff"], /^an argument .* cannot contain ";"$/],
  ["nx", ['a"b'], /^an argument .* cannot contain "\\""$/],
  ["nx", ["a\nb"], /^an argument .* cannot contain "\\n"$/],
  ["nx", ["ü".repeat(63)], /^the program's name and arguments have 130 bytes$/],
])("%s %j is refused, with what to do", (app, args, says) => {
  expect(() => runOf(app, args)).toThrow(
    expect.objectContaining({
      message: expect.stringMatching(says),
      details: { hints: [expect.any(String)], exitCode: 2 },
    }),
  );
});

test("only programs on the disk can be run", () => {
  expect(runnable()).toContain("nx");
  expect(runnable()).not.toContain("neuron");
  expect(runnable()).not.toContain("consoled");
});
