// A command line as words, and what may have been meant by one that is no command.

import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { defined } from "../harness/defined.ts";
import { type Guest, guest } from "../harness/guest.ts";

const program = `
import { COMMAND_LINE_BYTES, CommandLine } from "runtime/command-line";
import { distance } from "apps/nx/suggest";
const line = changetype<CommandLine>(memory.data(<i32>COMMAND_LINE_BYTES, 8));
export function parse(start: usize, length: u32): u32 {
  return line.parse(start, length);
}
export function wordCount(): u32 {
  return line.count;
}
export function wordStart(index: u32): usize {
  return line.wordStart(index);
}
export function wordLength(index: u32): u32 {
  return line.wordLength(index);
}
export function restStart(index: u32): usize {
  return line.restStart(index);
}
export function restLength(index: u32): u32 {
  return line.restLength(index);
}
export function far(start: usize, length: u32, target: u32): u32 {
  return distance(start, length, target === 0 ? "hw smp" : target === 1 ? "ls" : "poweroff");
}
`;
const targets = ["hw smp", "ls", "poweroff"] as const;
const flaw = { none: 0, tooLong: 1, tooManyWords: 2, openQuote: 3 } as const;

let g: Guest;
beforeAll(async () => {
  g = await guest({ text: program });
});

function textAt(start: number, length: number): string {
  return new TextDecoder().decode(g.get(start, length));
}

/** The words of a line, or the number of what is wrong with it. */
function parse(line: string): string[] | number {
  const bytes = new TextEncoder().encode(line);
  const found = g.call("parse", g.put(bytes), bytes.length);
  if (found !== flaw.none) {
    return found;
  }
  return Array.from({ length: g.call("wordCount") }, (_, index) =>
    textAt(g.call("wordStart", index), g.call("wordLength", index)),
  );
}

function rest(index: number): string {
  return textAt(g.call("restStart", index), g.call("restLength", index));
}

describe("words", () => {
  test.each([
    ["", []],
    ["   ", []],
    ["ps", ["ps"]],
    ["  hw   vblk info  ", ["hw", "vblk", "info"]],
    ['cat "two words" x', ["cat", "two words", "x"]],
    ['a"b c"d', ["ab cd"]],
    ['""', [""]],
    ["cat fixtures/grüße.txt", ["cat", "fixtures/grüße.txt"]],
    ['cat "open', flaw.openQuote],
    [Array(17).fill("a").join(" "), flaw.tooManyWords],
    ["x".repeat(1025), flaw.tooLong],
  ])("%j", (line, expected) => {
    expect(parse(line)).toEqual(expected);
  });

  test("the rest of a line is what was typed, quotation marks and spaces included", () => {
    parse('run  prog  "a  b"   c  ');
    expect([0, 1, 2, 3, 4].map(rest)).toEqual([
      'run  prog  "a  b"   c',
      'prog  "a  b"   c',
      '"a  b"   c',
      "c",
      "",
    ]);
  });

  test("lines without quotation marks are split at spaces", () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[!#-~]{1,20}$/), { maxLength: 16 }), (words) => {
        expect(parse(words.join("  "))).toEqual(words);
      }),
    );
  });
});

/** The distance by its definition (optimal string alignment), slowly. */
function reference(a: string, b: string): number {
  if (a === "" || b === "") {
    return a.length + b.length;
  }
  const table = Array.from({ length: a.length + 1 }, (_, i) =>
    Array.from({ length: b.length + 1 }, (_, j) => (i === 0 || j === 0 ? i + j : 0)),
  );
  const at = (i: number, j: number): number => defined(table[i]?.[j]);
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const choices = [
        at(i - 1, j) + 1,
        at(i, j - 1) + 1,
        at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1),
      ];
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        choices.push(at(i - 2, j - 2) + 1);
      }
      const row = table[i];
      if (row) {
        row[j] = Math.min(...choices);
      }
    }
  }
  return at(a.length, b.length);
}

describe("suggestions", () => {
  function far(typed: string, target: number): number {
    const bytes = new TextEncoder().encode(typed);
    return g.call("far", g.put(bytes), bytes.length, target);
  }

  test.each([
    ["hw smp", 0, 0],
    ["hw spm", 0, 1],
    ["hwsmp", 0, 1],
    ["l", 1, 1],
    ["sl", 1, 1],
    ["", 1, 2],
    ["powerof", 2, 1],
    ["x".repeat(25), 2, 1000],
  ])("%j", (typed, target, expected) => {
    expect(far(typed, target)).toBe(expected);
  });

  test("the distance between any two words follows its definition", () => {
    const letters = fc.string({ unit: fc.constantFrom(..."hwsmpolrf "), maxLength: 24 });
    fc.assert(
      fc.property(letters, fc.nat({ max: 2 }), (typed, target) => {
        expect(far(typed, target)).toBe(reference(typed, defined(targets[target])));
      }),
    );
  });
});
