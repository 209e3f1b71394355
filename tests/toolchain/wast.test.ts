// The WebAssembly specification's own tests, as RV64 on QEMU: each assertion about code that runs, counted.
//
// The files are not in this repository. tools/wast/fetch.sh gets those of Debian's source package binaryen; NEURON_WAST
// names another folder.

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { root } from "../../toolchain/root.ts";
import type { Progress } from "../../tools/nx/report.ts";
import { formatSuite, missingForWast, runSuite, type SuiteResult, total } from "../../tools/wast/wast.ts";

const spec = process.env.NEURON_WAST ?? join(root, "build/wast/spec");
const silent: Progress = { start: () => () => {}, note: () => {} };
const missing = missingForWast();

/** What passes of binaryen 108's folder; floats, references and 64-bit memories are left out. */
const PASSED_MIN = {
  assert_return: 3115,
  assert_trap: 335,
  assert_exhaustion: 15,
  assert_uninstantiable: 16,
};

describe.skipIf(missing !== undefined)("an own .wast file", () => {
  mkdirSync(join(root, "build/wast"), { recursive: true });
  const folder = mkdtempSync(join(root, "build/wast/own-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Runs the text of a file. */
  function run(text: string): Promise<SuiteResult> {
    writeFileSync(join(folder, "own.wast"), text);
    return runSuite(folder, silent);
  }

  test("a wrong result, a wrong reason and a missing trap fail, each at its line", async () => {
    const { files } = await run(`(module
      (func (export "seven") (result i32) (i32.const 7))
      (func (export "divide") (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0))))
      (assert_return (invoke "seven") (i32.const 8))
      (assert_trap (invoke "divide" (i32.const 0)) "unreachable")
      (assert_trap (invoke "divide" (i32.const 1)) "integer divide by zero")
      (assert_return (invoke "seven") (i32.const 7))
      (assert_trap (invoke "divide" (i32.const 0)) "integer divide by zero")`);
    expect(files[0]?.failures).toEqual([
      { line: 4, detail: "gives 0x7, not 0x8" },
      { line: 5, detail: "trap: integer divide by zero, not unreachable" },
      { line: 6, detail: "it has to trap (integer divide by zero), and came back" },
    ]);
    expect(files[0]?.tally).toEqual({ passed: 2, failed: 3, leftOut: 0 });
  });

  test("floats are left out, in a signature, in a body and behind a call; the rest of the module runs", async () => {
    const { files } = await run(`(module
      (func $half (result i32) (i32.trunc_f32_s (f32.const 0.5)))
      (func (export "sum") (param f32) (result f32) (f32.add (local.get 0) (local.get 0)))
      (func (export "half") (result i32) (call $half))
      (func (export "hidden") (result i32) (i32.trunc_f32_s (f32.const 0.5)))
      (func (export "one") (result i32) (i32.const 1)))
      (assert_return (invoke "sum" (f32.const 1)) (f32.const 2))
      (assert_return (invoke "half") (i32.const 0))
      (assert_return (invoke "hidden") (i32.const 0))
      (assert_return (invoke "one") (i32.const 1))`);
    expect(files[0]?.tally).toEqual({ passed: 1, failed: 0, leftOut: 3 });
    expect(files[0]?.leftOut).toEqual({ "floating point": 2, "floating point, in a function it calls": 1 });
  });

  test("every bound of memory is the byte behind it", async () => {
    const { totals, files } = await run(`(module (memory 1 2)
      (func (export "load") (param i32) (result i64) (i64.load offset=8 (local.get 0)))
      (func (export "store") (param i32) (i32.store16 offset=65535 (local.get 0) (i32.const -1)))
      (func (export "fill") (param i32 i32) (memory.fill (local.get 0) (i32.const 1) (local.get 1)))
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))
      (assert_return (invoke "load" (i32.const 65520)) (i64.const 0))
      (assert_trap (invoke "load" (i32.const 65521)) "out of bounds memory access")
      (assert_trap (invoke "load" (i32.const -8)) "out of bounds memory access")
      (assert_trap (invoke "store" (i32.const 0)) "out of bounds memory access")
      (assert_return (invoke "fill" (i32.const 65535) (i32.const 1)))
      (assert_return (invoke "fill" (i32.const 65536) (i32.const 0)))
      (assert_trap (invoke "fill" (i32.const 65536) (i32.const 1)) "out of bounds memory access")
      (assert_trap (invoke "fill" (i32.const 1) (i32.const -1)) "out of bounds memory access")
      (assert_return (invoke "grow" (i32.const 1)) (i32.const 1))
      (assert_return (invoke "grow" (i32.const 1)) (i32.const -1))
      (assert_return (invoke "store" (i32.const 0)))
      (assert_return (invoke "load" (i32.const 65521)) (i64.const 0xffff000000000000))`);
    expect(files[0]?.failures).toEqual([]);
    expect(totals.assert_return.passed + totals.assert_trap.passed).toBe(12);
  });
});

describe.skipIf(missing !== undefined || !existsSync(spec))("the specification's tests", () => {
  test("every assertion about integers that can run passes", { timeout: 900_000 }, async () => {
    const result = await runSuite(spec, silent);
    process.stdout.write(`\n${formatSuite(result)}\n`);
    expect(result.files.flatMap(({ file, failures }) => failures.map((one) => ({ file, ...one })))).toEqual(
      [],
    );
    expect(total(result).passed).toBeGreaterThan(0);
    if (process.env.NEURON_WAST !== undefined) return;
    for (const [kind, least] of Object.entries(PASSED_MIN)) {
      expect(result.totals[kind as keyof typeof PASSED_MIN].passed, kind).toBeGreaterThanOrEqual(least);
    }
  });
});
