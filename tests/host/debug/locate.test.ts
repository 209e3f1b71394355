// Addresses to places: a small program with an inlined function is compiled to RV64, and every address of interest
// has to come back as the function and the line that it was written in.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Locator, placeText } from "../../../host/debug/locate.ts";
import { readElf } from "../../../host/elf.ts";
import { defined } from "../../harness/defined.ts";

const SOURCE = `extern void sink(long);
static inline __attribute__((always_inline)) void inner(long value) {
  sink(value + 1);
}
static inline __attribute__((always_inline)) void middle(long value) {
  inner(value * 3);
}
__attribute__((noinline)) void outer(long value) {
  middle(value);
  sink(7);
}
void _start(void) {
  outer(1);
  for (;;) {}
}
`;

const ASSEMBLY = `.text
.globl sink
sink:
  nop
  ret
`;

/** The LLVM of the repository, or undefined where its package does not exist. */
function zig(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(`@zigc/${process.platform}-${process.arch}/bin/zig`);
  } catch {
    return undefined;
  }
}

const compiler = zig();
const scratch = mkdtempSync(join(tmpdir(), "neuron-locate-test-"));
afterAll(() => rmSync(scratch, { recursive: true }));

function build(program: string): Uint8Array {
  writeFileSync(join(scratch, "sample.c"), SOURCE);
  writeFileSync(join(scratch, "sink.S"), ASSEMBLY);
  const target = ["-target", "riscv64-unknown-none-elf", "-march=rv64imac", "-mabi=lp64", "-mcmodel=medany"];
  const options = { cwd: scratch };
  execFileSync(
    program,
    ["clang", ...target, "-O1", "-gdwarf-4", "-c", "sample.c", "-o", "sample.o"],
    options,
  );
  execFileSync(program, ["clang", ...target, "-c", "sink.S", "-o", "sink.o"], options);
  execFileSync(program, ["ld.lld", "-Ttext=0x80200000", "sample.o", "sink.o", "-o", "sample.elf"], options);
  return new Uint8Array(readFileSync(join(scratch, "sample.elf")));
}

describe.skipIf(compiler === undefined)("addresses of a compiled program (LLVM from npm is there)", () => {
  const file = compiler === undefined ? new Uint8Array(0) : build(compiler);
  const symbols = compiler === undefined ? [] : readElf(file, "sample.elf").symbols;

  /** The places of each instruction of a function, as `name:line` joined from the inside out. */
  function chains(name: string): string[] {
    const locator = new Locator(file, "sample.elf");
    const symbol = symbols.find((one) => one.name === name);
    if (symbol === undefined) {
      throw new Error(`no symbol ${name}`);
    }
    const found: string[] = [];
    for (let address = symbol.address; address < symbol.address + symbol.size; address += 2n) {
      const chain = locator.places(address).map((place) => `${place.function}:${place.line}`);
      found.push(chain.join(" < "));
    }
    return found;
  }

  test("an inlined function is named together with the functions that it was inlined into", () => {
    expect(chains("outer")).toContain("inner:3 < middle:6 < outer:9");
  });

  test("a plain call is named with its line", () => {
    expect(chains("outer").some((chain) => chain === "outer:10")).toBe(true);
    expect(chains("_start").some((chain) => chain === "_start:13")).toBe(true);
  });

  test("the file is the one that was compiled", () => {
    const symbol = symbols.find((one) => one.name === "outer");
    const [place] = new Locator(file, "sample.elf").places(defined(symbol?.address));
    expect(place?.file).toMatch(/sample\.c$/);
    expect(place === undefined ? "" : placeText(place)).toMatch(/^\w+ \(.*sample\.c:\d+(:\d+)?\)$/);
  });

  test("assembly is named by its label", () => {
    const sink = defined(symbols.find((one) => one.name === "sink")?.address);
    const places = new Locator(file, "sample.elf").places(sink + 4n);
    expect(places.map(placeText)).toEqual(["sink+0x4"]);
  });

  test("an address that the program does not have has no place", () => {
    expect(new Locator(file, "sample.elf").places(0x1000n)).toEqual([]);
    expect(new Locator(file, "sample.elf").places(0x90000000n)).toEqual([]);
  });

  test("a file that is cut off anywhere is read or is a Problem, and never another error", () => {
    for (let length = 0; length < file.length; length += 97) {
      try {
        new Locator(file.subarray(0, length), "cut.elf");
      } catch (error) {
        expect(error).toMatchObject({ name: "Problem" });
      }
    }
  });
});

test("a file that is not ELF is refused", () => {
  expect(() => readElf(new TextEncoder().encode("#!/bin/sh\n".repeat(20)), "x")).toThrow(
    "the magic number is missing",
  );
  expect(() => readElf(new Uint8Array(0), "x")).toThrow("x is not an ELF file that can be read");
});
