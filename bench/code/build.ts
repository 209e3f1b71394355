// Builds both sides: the TypeScript with the toolchain, the C with the same clang and the same flags. Both get the same start.S.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../host/root.ts";
import { nativeFlags, runAsc } from "../../toolchain/asc/run.ts";
import { translate } from "../../toolchain/ir/module.ts";
import { type DataLayout, link } from "../../toolchain/link/image.ts";
import { assemble, compileC, compileIr } from "../../toolchain/link/objects.ts";
import { pairs } from "./programs.ts";

/** Where the static data of the TypeScript lies. */
const MEMORY_BASE = 0x8080_0000;

const PLACE = "build/bench/code";
const GUEST = "bench/guest/code";

const file = (name: string): string => `${PLACE}/${name}`;

/** ELF files relative to the root, each with all programs. */
export interface Sides {
  typescript: string;
  c: string;
}

export async function buildSides(): Promise<Sides> {
  mkdirSync(join(root, PLACE), { recursive: true });
  await assemble(root, `${GUEST}/start.S`, file("start.o"), PLACE);
  await assemble(root, "source/libs/builtins/memory.S", file("memory.o"), PLACE);
  return { typescript: await buildTypeScript(), c: await buildC() };
}

async function buildTypeScript(): Promise<string> {
  const flags = [...nativeFlags, "--memoryBase", String(MEMORY_BASE)];
  const { wasm, sourceMap } = await runAsc({ root, entry: `${GUEST}/main.ts`, generated: "build", flags });
  const translation = translate(wasm, { name: "code", kind: "task", memoryBase: MEMORY_BASE, sourceMap });
  writeFileSync(join(root, file("typescript.ll")), translation.ir);
  await compileIr(root, file("typescript.ll"), file("typescript.o"));
  return await linkSide("typescript.elf", ["typescript.o"], translation);
}

async function buildC(): Promise<string> {
  await Promise.all(pairs.map(({ stem }) => compileC(root, `bench/c/${stem}.c`, file(`${stem}.o`))));
  const layout = { memoryBase: MEMORY_BASE, dataEnd: MEMORY_BASE, heapBase: MEMORY_BASE };
  return await linkSide(
    "c.elf",
    pairs.map(({ stem }) => `${stem}.o`),
    layout,
  );
}

async function linkSide(name: string, objects: readonly string[], layout: DataLayout): Promise<string> {
  await link(root, {
    objects: ["start.o", ...objects, "memory.o"].map(file),
    script: "bench/guest/program.ld",
    layout,
    output: file(name),
    strip: false,
  });
  return file(name);
}
