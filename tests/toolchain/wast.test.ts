// The WebAssembly specification's own tests, as RV64 on QEMU: each assertion about code that runs, counted.
//
// The files are not in this repository. tools/test/wast/fetch.sh gets those of Debian's source package binaryen; NEURON_WAST
// names another folder.

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Progress } from "../../host/report.ts";
import { root } from "../../host/root.ts";
import {
  formatSuite,
  missingForWast,
  runSuite,
  type SuiteResult,
  total,
} from "../../tools/test/wast/wast.ts";
import { defined } from "../harness/defined.ts";

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

describe.skipIf(missing !== undefined)("a .wast file of our own", () => {
  mkdirSync(join(root, "build/wast"), { recursive: true });
  const folder = mkdtempSync(join(root, "build/wast/own-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Runs the text of a file. */
  function run(text: string): Promise<SuiteResult> {
    writeFileSync(join(folder, "own.wast"), text);
    return runSuite(folder, silent);
  }

  test("fails for a wrong result, a wrong reason and a missing trap, each at its line", async () => {
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
      { line: 6, detail: "it has to trap (integer divide by zero), but it returned" },
    ]);
    expect(files[0]?.tally).toEqual({ passed: 2, failed: 3, leftOut: 0 });
  });

  test("leaves out floats in a signature, in a body and behind a call, and runs the rest of the module", async () => {
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

  test("leaves out functions, blocks, globals and tables with references or vectors, but not whole modules", async () => {
    const { files } = await run(`(module
      (type $takes (func (param externref)))
      (global $null funcref (ref.null func))
      (global (export "counter") (mut i32) (i32.const 3))
      (table $first 4 funcref)
      (table $second 2 externref)
      (elem (table $first) (i32.const 1) func $one)
      (elem (table $first) (i32.const 2) funcref (ref.null func))
      (func $one (result i32) (i32.const 1))
      (func (export "takes") (type $takes))
      (func (export "same") (param externref) (result externref) (local.get 0))
      (func (export "local") (result i32) (local externref) (i32.const 1))
      (func (export "block") (drop (block (result funcref) (ref.null func))))
      (func (export "reads") (result i32) (ref.is_null (global.get $null)))
      (func (export "calls") (call 1 (ref.null extern)))
      (func (export "size") (result i32) (table.size $second))
      (func (export "typed") (result i32) (ref.is_null (select (result externref) (ref.null extern) (ref.null extern) (i32.const 1))))
      (func (export "vector") (result i32) (i8x16.all_true (v128.const i64x2 0 0)))
      (func (export "branch") (param i32) (result i32)
        (block (block (br_table 0 1 (local.get 0))) (return (i32.const 7))) (i32.const 8))
      (func (export "indirect") (param i32) (result i32) (call_indirect $first (result i32) (local.get 0))))
      (assert_return (invoke "takes" (ref.null extern)))
      (assert_return (invoke "same" (ref.null extern)) (ref.null extern))
      (assert_return (invoke "local") (i32.const 1))
      (assert_return (invoke "block"))
      (assert_return (invoke "reads") (i32.const 1))
      (assert_return (invoke "calls"))
      (assert_return (invoke "size") (i32.const 2))
      (assert_return (invoke "typed") (i32.const 1))
      (assert_return (invoke "vector") (i32.const 0))
      (assert_return (invoke "branch" (i32.const 0)) (i32.const 7))
      (assert_return (invoke "branch" (i32.const 1)) (i32.const 8))
      (assert_return (invoke "indirect" (i32.const 1)) (i32.const 1))
      (assert_trap (invoke "indirect" (i32.const 2)) "uninitialized element")
      (assert_trap (invoke "indirect" (i32.const 4)) "undefined element")
      (assert_return (get "counter") (i32.const 3))`);
    expect(files[0]).toMatchObject({ unread: undefined, failures: [] });
    expect(files[0]?.tally).toEqual({ passed: 6, failed: 0, leftOut: 9 });
  });

  test("leaves out, by name, the modules that a left-out module would have changed", async () => {
    const { files } = await run(`(module $P
      (table (export "tab") 4 funcref) (memory (export "mem") 1)
      (func (export "byte") (result i32) (i32.load8_u (i32.const 0)))
      (func (export "call") (param i32) (result i32) (call_indirect (result i32) (local.get 0))))
      (register "P" $P)
      (module $Q (func (export "two") (result i32) (i32.const 2)))
      (register "Q" $Q)
      (assert_return (invoke $P "byte") (i32.const 0))
      (assert_trap (module (import "P" "tab" (table 4 funcref)) (memory i64 1)
        (func $f (result i32) (i32.const 9)) (elem (i32.const 1) $f)
        (data (i64.const 0x10000) "d")) "out of bounds memory access")
      (assert_return (invoke $P "call" (i32.const 1)) (i32.const 9))
      (assert_return (invoke $P "byte") (i32.const 0))
      (assert_return (invoke $Q "two") (i32.const 2))`);
    expect(files[0]?.failures).toEqual([]);
    expect(files[0]?.tally).toEqual({ passed: 2, failed: 0, leftOut: 3 });
    const [reason] = Object.keys(defined(files[0]).leftOut).filter((each) => each.includes("P"));
    expect(reason).toBe("it shares P with a module that is left out (a memory of 64-bit addresses)");
  });

  test("leaves out a module that imports from the name of a left-out module", async () => {
    const { files } = await run(`(module $A (func (export "f") (result i32) (i32.const 1)))
      (register "M" $A)
      (module (global (export "null") funcref (ref.null func)))
      (register "R")
      (module $B (import "R" "null" (global $null funcref)) (table 1 funcref)
        (elem (i32.const 0) funcref (item (global.get $null))) (func (export "f") (result i32) (i32.const 2)))
      (register "M" $B)
      (module (import "M" "f" (func $f (result i32))) (func (export "g") (result i32) (call $f)))
      (assert_return (invoke "g") (i32.const 2))
      (assert_return (invoke $A "f") (i32.const 1))`);
    expect(files[0]?.failures).toEqual([]);
    expect(files[0]?.tally).toEqual({ passed: 1, failed: 0, leftOut: 1 });
    expect(Object.keys(defined(files[0]).leftOut)).toEqual([
      "it imports from M, which is left out (an element of unknown value)",
    ]);
  });

  test("does not judge a value that a left-out function would have written, in an assertion too", async () => {
    const { files } = await run(`(module
      (global $g (mut i32) (i32.const 1))
      (func $set (global.set $g (i32.const 2)))
      (func (export "pure") (param f32) (result f32) (local.get 0))
      (func (export "writes") (param f32) (result f32) (call $set) (local.get 0))
      (func (export "get") (result i32) (global.get $g)))
      (assert_return (invoke "pure" (f32.const 1)) (f32.const 1))
      (assert_return (invoke "get") (i32.const 1))
      (assert_return (invoke "writes" (f32.const 1)) (f32.const 1))
      (assert_return (invoke "get") (i32.const 2))`);
    expect(files[0]?.failures).toEqual([]);
    expect(files[0]?.tally).toEqual({ passed: 1, failed: 0, leftOut: 3 });
  });

  test("traps at the first byte behind memory, for every access", async () => {
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
    if (process.env.NEURON_WAST !== undefined) {
      return;
    }
    for (const [kind, least] of Object.entries(PASSED_MIN)) {
      expect(result.totals[kind as keyof typeof PASSED_MIN].passed, kind).toBeGreaterThanOrEqual(least);
    }
  });
});
