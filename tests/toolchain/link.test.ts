// Objects and images: the same bytes in any folder, and a linker's or compiler's complaint arrives whole.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canonical, link } from "../../toolchain/link/image.ts";
import { assemble, compileIr } from "../../toolchain/link/objects.ts";

const IR = `target datalayout = "e-m:e-p:64:64-i64:64-i128:128-n32:64-S128"
target triple = "riscv64-unknown-none-elf"
define signext i32 @main() { ret i32 7 }
`;
const ASSEMBLY = `# if this were run through a preprocessor, this line would break it
    .include "frame.inc"
    .section .text.start
    .globl _start
_start:
    li   a0, ANSWER
    csrr a1, 0x14d
    fence.i
    call main
    .section .rodata
    .incbin "blob.bin"
`;
const script = `SECTIONS {
  . = 0x10000;
  .text : { *(.text.start) *(.text .text.*) }
  .rodata : { *(.rodata .rodata.*) }
  . = __wasm_data_base;
  .data : { QUAD(__heap_base) }
  /DISCARD/ : { *(.comment .note.* .eh_frame .riscv.attributes) }
}
`;

const folders: string[] = [];

function folder(name: string): string {
  const base = mkdtempSync(join(tmpdir(), name));
  folders.push(base);
  mkdirSync(join(base, "gen"));
  writeFileSync(join(base, "main.ll"), IR);
  writeFileSync(join(base, "start.S"), ASSEMBLY);
  writeFileSync(join(base, "gen/frame.inc"), ".equ ANSWER, 42\n");
  writeFileSync(join(base, "blob.bin"), "blob");
  writeFileSync(join(base, "image.ld"), script);
  return base;
}

async function make(base: string): Promise<Buffer> {
  await compileIr(base, "main.ll", "main.o");
  await assemble(base, "start.S", "start.o", "gen");
  await link(base, {
    objects: ["start.o", "main.o"],
    script: "image.ld",
    layout: { memoryBase: 0x0100_0000, dataEnd: 0x0100_0010, heapBase: 0x0100_0020 },
    output: "image.elf",
    strip: false,
  });
  return readFileSync(join(base, "image.elf"));
}

let first: string;
let image: Buffer;

beforeAll(async () => {
  first = folder("a");
  image = await make(first);
});

afterAll(() => {
  for (const base of folders) {
    rmSync(base, { recursive: true });
  }
});

describe("an image", () => {
  test("has the same bytes when it is made in another folder", async () => {
    const second = await make(folder("another-longer-name-"));
    expect(second.equals(image)).toBe(true);
    expect(image.includes(first)).toBe(false);
  });

  test("holds what the assembly included, and the translator's numbers", () => {
    expect(image.includes("blob")).toBe(true);
    expect(image.includes(Buffer.from([0x20, 0, 0, 1, 0, 0, 0, 0]))).toBe(true);
  });
});

describe("an error", () => {
  test("of the assembler is a Problem with the assembler's message", async () => {
    writeFileSync(join(first, "wrong.S"), "    frobnicate a0\n");
    await expect(assemble(first, "wrong.S", "wrong.o", "gen")).rejects.toMatchObject({
      name: "Problem",
      message: "clang failed (status 1)",
      details: { output: expect.stringContaining("wrong.S:1:5: error: unrecognized instruction mnemonic") },
    });
  });

  test("of the linker about a missing symbol names the symbol", async () => {
    writeFileSync(join(first, "call.S"), "    call nowhere\n");
    await assemble(first, "call.S", "call.o", "gen");
    const layout = { memoryBase: 0, dataEnd: 0, heapBase: 0 };
    const request = { objects: ["call.o"], script: "image.ld", layout, output: "no.elf", strip: true };
    await expect(link(first, request)).rejects.toMatchObject({
      details: { output: expect.stringContaining("undefined symbol: nowhere") },
    });
  });
});

test("a guest address is sign-extended", () => {
  expect([0x0100_0000, 0x7fff_ffff, 0x8028_0000].map(canonical)).toEqual([
    "0x1000000",
    "0x7fffffff",
    "0xffffffff80280000",
  ]);
});
