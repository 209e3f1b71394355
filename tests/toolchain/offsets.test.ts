// Exported layout constants become assembler symbols.

import { expect, test } from "vitest";
import { root } from "../../host/root.ts";
import { runAsc, testFlags } from "../../toolchain/asc/run.ts";
import { frameOffsets } from "../../toolchain/offsets.ts";

async function offsets(text: string): Promise<string> {
  const { wasm } = await runAsc({
    root,
    entry: "frame-entry.ts",
    text,
    generated: "build",
    flags: testFlags,
  });
  return frameOffsets(wasm, "frame.ts");
}

test("offsets come from the class, and numbers are unsigned", async () => {
  const text = `@unmanaged @final class Frame { ra: u64; flags: u32; sp: u64; }
export const FRAME_RA: u32 = <u32>offsetof<Frame>("ra");
export const FRAME_SP: u32 = <u32>offsetof<Frame>("sp");
export const FRAME_BYTES: u32 = <u32>offsetof<Frame>();
export const TOP: u32 = 0xffff_fff0;
export const WIDE: u64 = 0xffff_ffff_8020_0000;
`;
  expect(await offsets(text)).toBe(`# Made from frame.ts by toolchain/offsets.ts.
    .equ FRAME_RA, 0
    .equ FRAME_SP, 16
    .equ FRAME_BYTES, 24
    .equ TOP, 4294967280
    .equ WIDE, 18446744071564165120
`);
});

test("a value that is not constant is refused by name", async () => {
  await expect(offsets("export let moving: u32 = 1;")).rejects.toThrow("moving is none");
  await expect(offsets("export function f(): void {}")).rejects.toThrow("f is none");
  await expect(offsets("")).rejects.toThrow("exports no constant");
});
