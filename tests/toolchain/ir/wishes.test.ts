// Which functions LLVM is told to inline, and which to make small: those of the modules that the program's row names.

import { expect, test } from "vitest";
import { compileGuest, translateGuest } from "../rv64/harness.ts";

const TEXT = `
export function shown(word: i32): i32 {
  return hidden(word);
}

function hidden(word: i32): i32 {
  return word + 1;
}
`;

test("the functions of a named module get the attribute, and those of a module in a named folder", async () => {
  const compiled = await compileGuest("rare/guest.ts", TEXT);
  const attributes = (options: { inlined?: string[]; small?: string[] }): string[] => {
    const { ir } = translateGuest(compiled, options);
    return [...ir.matchAll(/^define .*(?:shown|hidden).* #0 (.*)!dbg/gm)].map(([, found = ""]) =>
      found.trim(),
    );
  };
  expect(attributes({})).toEqual(["", ""]);
  expect(attributes({ inlined: ["rare/guest"] })).toEqual(["inlinehint", "inlinehint"]);
  expect(attributes({ inlined: ["rare"] })).toEqual(["", ""]);
  expect(attributes({ small: ["rare/guest"] })).toEqual(["minsize", "minsize"]);
  expect(attributes({ small: ["rare"] })).toEqual(["minsize", "minsize"]);
  expect(attributes({ small: ["rar", "rare/guest/shown"] })).toEqual(["", ""]);
});
