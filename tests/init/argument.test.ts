// What a run is for, from nexus,run: a program's name and its argument, out of untrusted bytes.

import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { defined } from "../harness/defined.ts";
import { type Guest, guest } from "../harness/guest.ts";

let g: Guest;
beforeAll(async () => {
  g = await guest({
    text: `
      import { Command } from "init/nexus-init/run/argument";
      export { commandEnd, split } from "init/nexus-init/run/argument";

      const found = changetype<Command>(memory.data(offsetof<Command>(), 8));
      export function command(): Command { return found; }
      export function name(): usize { return found.name; }
      export function nameLength(): u32 { return found.nameLength; }
      export function isApart(): bool { return found.isApart; }
      export function rest(): usize { return found.rest; }
      export function restLength(): u32 { return found.restLength; }
    `,
  });
});

function split(text: string): { name: string; rest: string } | undefined {
  const bytes = new TextEncoder().encode(text);
  const isGood = g.call("split", g.put(bytes), bytes.length, g.call("command")) !== 0;
  const part = (at: string, length: string): string =>
    new TextDecoder().decode(g.get(g.call(at), g.call(length)));
  return isGood ? { name: part("name", "nameLength"), rest: part("rest", "restLength") } : undefined;
}

test.each([
  ["selftest-client", "selftest-client", ""],
  ["nx hw smp", "nx", "hw smp"],
  ["nx hw vblk info", "nx", "hw vblk info"],
  ["  nx   hw  smp  ", "nx", "hw  smp"],
  ["a", "a", ""],
  ["sixteen-letters0", "sixteen-letters0", ""],
])("%j runs %s with %j", (text, name, rest) => {
  expect(split(text)).toEqual({ name, rest });
});

test.each(["", "   ", "seventeen-letters", "../nx", "bin/nx", "Nx", "nx\0", "nx\thw", "grüße", ".", "n_x"])(
  "%j names no program",
  (text) => {
    expect(split(text)).toBeUndefined();
  },
);

test.each([
  ["@nx ls", "nx", "ls", true],
  ["  @nx", "nx", "", true],
  ["nx @ls", "nx", "@ls", false],
])("%j runs %s with %j, kept apart: %s", (text, name, rest, apart) => {
  expect(split(text)).toEqual({ name, rest });
  expect(g.call("isApart") !== 0).toBe(apart);
});

test.each(["@", "@ nx", "@@nx"])("%j names no program either", (text) => {
  expect(split(text)).toBeUndefined();
});

test("any bytes give a name of 1 to 16 harmless characters, or no name", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary-ascii", maxLength: 128 }), (text) => {
      const found = split(text);
      const words = text.split(" ").filter((word) => word !== "");
      const word = (words[0] ?? "").replace(/^@/, "");
      const isName = /^[a-z0-9-]{1,16}$/.test(word);
      expect(found?.name).toBe(isName ? word : undefined);
      if (found) {
        expect(text.trimEnd().endsWith(found.rest)).toBe(true);
      }
    }),
  );
});

test("semicolons separate commands", () => {
  const bytes = new TextEncoder().encode("selftest-client; nx hw smp;nx");
  const at = g.put(bytes);
  const ends: number[] = [];
  for (let from = 0; from <= bytes.length; from = defined(ends.at(-1)) + 1) {
    ends.push(g.call("commandEnd", at, bytes.length, from));
  }
  expect(ends).toEqual([15, 26, 29]);
});
