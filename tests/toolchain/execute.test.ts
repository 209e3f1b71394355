// The same module in V8 and, translated, on QEMU: both have to print the same.

import { describe, expect, test } from "vitest";
import { blocksModule } from "./rv64/blocks.ts";
import {
  type Compiled,
  compileGuest,
  hasQemu,
  runInNode,
  runOnRv64,
  translateGuest,
} from "./rv64/harness.ts";
import { integerProgram } from "./rv64/integers.ts";

/** Runs a program both ways and compares line by line. Gives the number of lines. */
async function compare(compiled: Compiled): Promise<number> {
  const expected = runInNode(compiled.wasm).split("\n");
  const actual = (await runOnRv64(translateGuest(compiled))).split("\n");
  for (const [index, line] of expected.entries()) {
    expect(actual[index]).toBe(line);
  }
  expect(actual.length).toBe(expected.length);
  return expected.length;
}

describe.skipIf(!hasQemu)("translated code gives the same on QEMU as in V8", () => {
  test.each([32, 64] as const)("every operation of %i bits, on every pair of edge values", async (bits) => {
    const lines = await compare(
      await compileGuest("tests/toolchain/cases/run/integers.ts", integerProgram(bits)),
    );
    expect(lines).toBeGreaterThan(300);
  });

  test.each(["memory", "control", "atomics"])("%s", async (name) => {
    expect(await compare(await compileGuest(`tests/toolchain/cases/run/${name}.ts`))).toBeGreaterThan(3);
  });

  test("branches with values, parameters of blocks, unreachable code, passive data", async () => {
    expect(await compare({ wasm: blocksModule(), sourceMap: "" })).toBeGreaterThan(10);
  });
});
