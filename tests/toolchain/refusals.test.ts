// What the translator refuses, each with the file and line of the guest's own source.

import { describe, expect, test } from "vitest";
import { type TranslateOptions, translate } from "../../toolchain/ir/module.ts";
import { describe as describeFinding, ToolchainError } from "../../toolchain/wasm/error.ts";
import { defined } from "../harness/defined.ts";
import { compileGuest, MEMORY_BASE } from "./rv64/harness.ts";
import { assemble, constant, F32, F64, I32, I64 } from "./wasm/assemble.ts";

const ENTRY = "tests/toolchain/refused.ts";

function findingsOf(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof ToolchainError) {
      return error.diagnostics.map(describeFinding);
    }
    throw error;
  }
  return [];
}

/** Compiles a guest text and gives what the translator says about it. */
async function refused(text: string, options: Partial<TranslateOptions> = {}): Promise<string[]> {
  const { wasm, sourceMap } = await compileGuest(ENTRY, text);
  const all = { name: "test", kind: "task", memoryBase: MEMORY_BASE, sourceMap, ...options } as const;
  return findingsOf(() => translate(wasm, all));
}

const kernel = { kind: "kernel" } as const;

/** asc wants an `abort` of the guest's own, and the text of every case has one on line 1. */
const withAbort = (text: string): string =>
  `export function abort(m: usize, f: usize, l: u32, c: u32): void { store<u32>(m + f, l + c); }\n${text}`;

async function refusedByKernel(text: string): Promise<string[]> {
  const flags = ["--use", `abort=${ENTRY.replace(/\.ts$/, "")}/abort`];
  const { wasm, sourceMap } = await compileGuest(ENTRY, withAbort(text), flags);
  return findingsOf(() => translate(wasm, { name: "test", memoryBase: MEMORY_BASE, sourceMap, ...kernel }));
}

describe("every build refuses", () => {
  test("floating point, at each line that uses it", async () => {
    const text = `export function half(a: i32): i32 {
  const x = <f64>a;
  return <i32>(x * 0.5);
}
`;
    const findings = await refused(text);
    expect(findings).toHaveLength(2);
    expect(findings[0]).toMatch(/refused\.ts:2:\d+: floating point \(.*\): the guest has no FPU/);
    expect(findings[1]).toMatch(/refused\.ts:3:\d+: floating point/);
  });

  test("floating point in a signature", async () => {
    expect(await refused("export function same(a: f32): f32 {\n  return a;\n}\n")).toEqual([
      `${ENTRY}:2:10: floating point (its signature): the guest has no FPU`,
    ]);
  });

  test("an atomic wait or notify", async () => {
    const text = "export function wake(a: usize): i32 {\n  return atomic.notify(a, 1);\n}\n";
    expect(await refused(text)).toEqual([`${ENTRY}:2:10: memory.atomic.notify has no translation to RV64`]);
  });

  test("SIMD, and goes on with the next function", async () => {
    const text = `export function lanes(a: usize): i32 {
  return i32x4.extract_lane(v128.load(a), 1);
}
export function wake(a: usize): i32 {
  return atomic.notify(a, 1);
}
`;
    const { wasm, sourceMap } = await compileGuest(ENTRY, text, ["--enable", "simd"]);
    const findings = findingsOf(() =>
      translate(wasm, { name: "test", kind: "task", memoryBase: MEMORY_BASE, sourceMap }),
    );
    expect(findings).toHaveLength(2);
    expect(findings[0]).toMatch(/refused\.ts:2:\d+: a vector instruction \(0xfd \d+\) has no translation/);
    expect(findings[1]).toMatch(/refused\.ts:5:\d+: memory\.atomic\.notify/);
  });

  test("an import that no module provides, at its first call", async () => {
    const text = `// nothing
declare function mystery(a: i32): i32;
export function main(): i32 {
  return mystery(1);
}
`;
    expect(await refused(text)).toEqual([
      `${ENTRY}:4:10: mystery is imported from "refused", but the translator provides only intrinsics, assembly and symbols`,
    ]);
  });

  test.each([
    ["intrinsics", "notOne(): void", "there is no intrinsic called notOne"],
    ["intrinsics", "wfi(a: i32): void", "the intrinsic wfi is declared as i32->, but is ->"],
    ["symbols", "__end(a: i32): usize", "the symbol __end has to be declared as (): usize"],
  ])("a wrong declaration in %s: %s", async (module, declaration, message) => {
    const field = defined(declaration.split("(")[0]);
    const argument = declaration.includes("a: i32") ? "1" : "";
    const text = `@external("${module}", "${field}")
declare function ${declaration};
export function main(): void {
  ${field}(${argument});
}
`;
    const findings = await refused(text);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatch(/refused\.ts:4:\d+: /);
    expect(findings[0]).toContain(message);
  });

  test("a function with two results", () => {
    const wasm = assemble({
      functions: [{ name: "pair", results: [I32, I32], code: [...constant(1), ...constant(2)] }],
    });
    expect(findingsOf(() => translate(wasm, { name: "test", kind: "task", memoryBase: 0 }))).toEqual([
      "a function with several results has no translation to RV64 (in function[0])",
    ]);
  });
});

describe("the kernel's build refuses", () => {
  test("throw, but not assert", async () => {
    const text = `export function check(a: i32): i32 {
  assert(a !== 3);
  if (a > 5) throw new Error("no");
  assert(a < 4, "words");
  return a;
}
`;
    expect(await refusedByKernel(text)).toEqual([`${ENTRY}:4:14: throw: return the error instead`]);
  });

  test("an allocation, with the line that asks for it", async () => {
    const text = `class Box { value: i32 = 1; }
export function box(): i32 {
  const made = new Box();
  return made.value;
}
`;
    // The class's line is its constructor's, which allocates when it is called without an object.
    const findings = await refusedByKernel(text);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatch(
      /refused\.ts:2:\d+: call of the allocator ~lib\/rt\/stub\/__new: there is no heap/,
    );
  });

  test("an allocation inside asc's library, with the guest's line that leads there", async () => {
    const text = `export function join(a: string, b: string): i32 {
  return (a + b).length;
}
`;
    const findings = await refusedByKernel(text);
    expect(findings.length).toBeGreaterThan(0);
    for (const finding of findings) {
      expect(finding).toMatch(/^tests\/toolchain\/refused\.ts:3:/);
    }
    expect(findings.join()).toContain("~lib/string/String#concat");
  });

  test("memory.grow", async () => {
    expect(await refusedByKernel("export function more(): i32 {\n  return memory.grow(1);\n}\n")).toEqual([
      `${ENTRY}:3:10: memory.grow: there is no heap here`,
    ]);
  });

  test("several things at once, and names each", async () => {
    const text = `export function bad(a: i32): i32 {
  if (a) throw new Error("no");
  return memory.grow(1);
}
`;
    expect(await refusedByKernel(text)).toHaveLength(2);
  });

  test("none of them in code that is never reached", async () => {
    const text = "export function fine(a: i32): i32 {\n  assert(a);\n  return a;\n}\n";
    expect(await refusedByKernel(text)).toEqual([]);
  });
});

describe("functions with floats as traps", () => {
  test("leave the rest of the module unchanged", () => {
    const wasm = assemble({
      functions: [
        { name: "whole", params: [I32], results: [I32], code: [0x20, 0] },
        { name: "half", params: [F64], results: [F64], code: [0x20, 0, 0x20, 0, 0xa0] },
        { name: "inside", params: [I64], results: [I64], locals: [F32], code: [0x20, 0] },
        { name: "calls", code: [0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 1, 0x1a] },
      ],
    });
    const { ir } = translate(wasm, { name: "test", kind: "task", memoryBase: 0, trapFloatFunctions: true });
    const bodies = new Map(
      [...ir.matchAll(/define [^@]*@(\w+)\([^)]*\)[^{]*\{\n([^}]*)\}/g)].map((match) => [match[1], match[2]]),
    );
    for (const name of ["half", "inside", "calls"]) {
      expect(bodies.get(name)).toBe("entry:\n  call void @llvm.trap()\n  unreachable\n");
    }
    expect(bodies.get("whole")).toContain("ret i32");
    expect(ir).toContain("define double @half(double %p0)");
  });
});
