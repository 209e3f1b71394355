// asc in this process: what it gives back, what it says about a mistake, and the harness that tests run guests in.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadAsc, preparedFolder } from "../../toolchain/asc/load.ts";
import { runAsc, testFlags } from "../../toolchain/asc/run.ts";
import { guest, root } from "../harness/guest.ts";

const request = { root, entry: "guest-entry.ts", generated: "build", flags: testFlags };

describe("asc", () => {
  test("a mistake is reported with file, line, column and the source line", async () => {
    const text = "// first line\nexport function f(): i32 {\n  return missing;\n}\n";
    await expect(runAsc({ ...request, text })).rejects.toMatchObject({
      message: "guest-entry.ts does not compile",
      details: {
        diagnostics: [
          {
            severity: "error",
            message: "Cannot find name 'missing'. (asc 2304)",
            place: { file: "guest-entry.ts", line: 3, column: 10, text: "  return missing;" },
          },
        ],
      },
    });
  });

  test("a warning fails the compilation as well, at its place", async () => {
    const text = "const BYTES: usize = 40;\nexport const place: usize = memory.data(BYTES, 8);\n";
    await expect(runAsc({ ...request, text })).rejects.toMatchObject({
      message: "guest-entry.ts does not compile",
      details: {
        diagnostics: [
          {
            severity: "warning",
            message: expect.stringContaining("will require an explicit cast"),
            place: { file: "guest-entry.ts", line: 2, column: 41 },
          },
        ],
      },
    });
    const cast = text.replace("(BYTES", "(<i32>BYTES");
    expect((await runAsc({ ...request, text: cast })).diagnostics).toEqual([]);
  });

  test("every path that was asked for is recorded, those that do not exist as well", async () => {
    const text = `import { f } from "nowhere/at-all";\nexport function g(): i32 { return f(); }\n`;
    const failure = runAsc({ ...request, text });
    await expect(failure).rejects.toMatchObject({
      details: { diagnostics: [{ message: expect.stringContaining("nowhere/at-all") }] },
    });
    const { reads } = await runAsc({ ...request, text: "export function g(): i32 { return 1; }\n" });
    expect([...reads.keys()].filter((path) => path.startsWith("..") || path.startsWith("/"))).toEqual([]);
  });

  test("the same text gives the same bytes", async () => {
    const text = `export function sum(at: usize): u32 { return load<u32>(at) + load<u32>(at, 4); }\n`;
    const first = await runAsc({ ...request, text });
    const second = await runAsc({ ...request, text });
    expect(Buffer.from(first.wasm).equals(second.wasm)).toBe(true);
  });
});

describe("the guest harness", () => {
  test("calls exports, lends memory and reads results", async () => {
    const g = await guest({
      text: `export function sum(at: usize): u32 { return load<u32>(at) + load<u32>(at, 4); }
export function wide(): u64 { return 0xffff_ffff_ffff_ffff; }
const words = memory.data(8, 8);
export function bump(): u32 { return atomic.add<u32>(words, 1); }\n`,
    });
    const at = g.put(Uint8Array.of(1, 0, 0, 0, 255, 255, 255, 255));
    expect(g.call("sum", at)).toBe(0);
    expect(g.call64("wide")).toBe(0xffff_ffff_ffff_ffffn);
    expect([g.call("bump"), g.call("bump")]).toEqual([0, 1]);
  });

  test("an import is the test's, and a missing one throws by its name", async () => {
    const text = `declare function ticks(): u64;
declare function other(): void;
export function twice(): u64 { return ticks() * 2; }
export function stray(): void { other(); }\n`;
    const g = await guest({ text }, { imports: { "guest-entry": { ticks: () => 21n } } });
    expect(g.call64("twice")).toBe(42n);
    expect(() => g.call("stray")).toThrow("guest-entry.other");
  });

  test("a failed assertion says where", async () => {
    const g = await guest({ text: `export function f(x: i32): void { assert(x > 0, "x is positive"); }\n` });
    expect(() => g.call("f", 0)).toThrow("guest abort: x is positive at guest-entry.ts:1:");
  });
});

test("the prepared form of asc is made of the locked packages, and gives the bytes that they give", async () => {
  const prepared = await loadAsc();
  expect(existsSync(join(preparedFolder(), "binaryen.wasm"))).toBe(true);
  const asIs = await import("assemblyscript/asc");
  expect(prepared).not.toBe(asIs);
  const source = "export function sum(a: i32, b: i32): i32 { return a + b; }";
  const one = await prepared.compileString(source, { optimizeLevel: 3 });
  const other = await asIs.compileString(source, { optimizeLevel: 3 });
  expect(one.binary).not.toBe(null);
  expect(one.binary).toEqual(other.binary);
  expect(one.error).toBe(null);
});
