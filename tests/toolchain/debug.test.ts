// What the debugger is told: a line for every instruction, names for locals, repository paths; and that the text is
// the same for the same sources.

import { describe, expect, test } from "vitest";
import { Symbols } from "../../toolchain/ir/symbols.ts";
import { SourceMap } from "../../toolchain/wasm/sourcemap.ts";
import { defined } from "../harness/defined.ts";
import { compileGuest, translateGuest } from "./rv64/harness.ts";

const ENTRY = "tests/toolchain/debugged.ts";
const TEXT = `export function twice(count: u32): u32 {
  let sum: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    sum += i * 2;
  }
  return <u32>sum;
}
`;

describe("debug information", () => {
  test("every instruction has a line, and every function a subprogram", async () => {
    const { ir } = translateGuest(await compileGuest(ENTRY, TEXT));
    const body = defined(/define [^{]*@twice[^{]*\{\n([\s\S]*?)\n\}/.exec(ir)?.[1]);
    const instructions = body
      .split("\n")
      .filter((line) => line.startsWith("  ") && !line.includes("= alloca"));
    expect(instructions.length).toBeGreaterThan(15);
    for (const instruction of instructions) {
      expect(instruction).toMatch(/, !dbg !\d+$/);
    }
    expect(ir).toMatch(/define signext i32 @twice\(i32 signext %p0\) #0 !dbg !\d+ \{/);
    expect(ir).toMatch(/distinct !DISubprogram\(name: "twice", linkageName: "twice"/);
  });

  test("lines, locals and files are the guest's", async () => {
    const { ir } = translateGuest(await compileGuest(ENTRY, TEXT));
    for (const line of [2, 3, 4, 6]) {
      expect(ir).toMatch(new RegExp(`!DILocation\\(line: ${line}, column: \\d+`));
    }
    expect(ir).toMatch(/!DILocalVariable\(name: "count", arg: 1,/);
    expect(ir).toMatch(/!DILocalVariable\(name: "sum", scope/);
    expect(ir).toMatch(/!DILocalVariable\(name: "i", scope/);
    expect(ir).toContain(`!DIFile(filename: "${ENTRY}", directory: ".")`);
    expect(ir).toContain('!"Dwarf Version", i32 4');
  });

  test("the same sources give the same text", async () => {
    const first = translateGuest(await compileGuest(ENTRY, TEXT));
    const second = translateGuest(await compileGuest(ENTRY, TEXT));
    expect(second).toEqual(first);
    expect(first.ir).not.toContain(process.cwd());
  });
});

describe("symbols", () => {
  const files = new Set(["abi/call.ts", "fdt/reader.ts", "gen/idl/blk.ts"]);
  const places = new Map([
    ["abi/call.ts", "source/abi/call.ts"],
    ["fdt/reader.ts", "source/libs/fdt/reader.ts"],
    ["gen/idl/blk.ts", "build/gen/idl/blk.ts"],
  ]);
  const symbols = new Symbols((path) => (files.has(path) ? places.get(path) : undefined));

  test.each([
    ["source/kernel/neuron/src/sched/wake/wake", "neuron/sched/wake/wake"],
    ["source/services/virtioblkd/main/main", "services/virtioblkd/main/main"],
    ["~lib/abi/call/make", "abi/call/make"],
    ["~lib/fdt/reader/Tree#next", "libs/fdt/reader/Tree#next"],
    ["~lib/fdt/reader/first<~lib/fdt/reader/Tree>", "libs/fdt/reader/first<~lib/fdt/reader/Tree>"],
    ["~lib/string/String#get:length", "~lib/string/String#get:length"],
    ["start:source/abi/call", "abi/call/start"],
    ["source/abi/call/f@varargs", "abi/call/f.varargs"],
    ["~start", "~start"],
  ])("%s is called %s", (name, symbol) => {
    expect(symbols.symbolOf(name)).toBe(symbol);
  });

  test("asc's own library is told from the guest's bare imports", () => {
    expect(symbols.isLibrary("~lib/string/String#get:length")).toBe(true);
    expect(symbols.isLibrary("start:~lib/rt/itcms")).toBe(true);
    expect(symbols.isLibrary("~lib/abi/call/make")).toBe(false);
    expect(symbols.isLibrary("source/abi/call/make")).toBe(false);
  });
});

describe("source map", () => {
  const map = new SourceMap(
    JSON.stringify({
      version: 3,
      sources: ["a.ts", "~lib/b.ts"],
      names: [],
      // 10: a.ts 1:1 · 14: nothing · 20: b.ts 3:2 · 25: a.ts 2:5
      mappings: "UAAA,I,MCEC,KDDG",
      sourcesContent: ["one\ntwo", "x\ny\nz"],
    }),
    (source) => source.replace("~lib/", "libs/"),
  );

  test("an instruction without a place of its own has the place of the one before it", () => {
    expect(map.place(12, 10)).toEqual({ file: "a.ts", line: 1, column: 1, text: "one" });
    expect(map.place(15, 10)).toMatchObject({ file: "a.ts", line: 1 });
    expect(map.place(20, 10)).toEqual({ file: "libs/b.ts", line: 3, column: 2, text: "z" });
    expect(map.place(400, 10)).toMatchObject({ file: "a.ts", line: 2, column: 5 });
  });

  test("an instruction never has a place of another function", () => {
    expect(map.place(15, 14)).toBeUndefined();
    expect(map.place(3, 0)).toBeUndefined();
    expect(map.firstIn(12, 20)).toBeUndefined();
    expect(map.firstIn(12, 30)).toMatchObject({ file: "libs/b.ts" });
    expect(map.firstIn(12, 30, "a.ts")).toMatchObject({ line: 2 });
  });
});
