// Builds the program that reads the disk without a system (bench/guest/disk).

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../host/root.ts";
import { nativeFlags, runAsc } from "../../toolchain/asc/run.ts";
import { translate } from "../../toolchain/ir/module.ts";
import { link } from "../../toolchain/link/image.ts";
import { assemble, compileIr } from "../../toolchain/link/objects.ts";

/** Where its static data is. */
const MEMORY_BASE = 0x8028_0000;
const FOLDER = "bench/guest/disk";

/** Builds build/bench/reader.elf. Returns its path, relative to the root. */
export async function buildReader(): Promise<string> {
  const place = "build/bench";
  mkdirSync(join(root, place), { recursive: true });
  const file = (name: string): string => `${place}/${name}`;
  const flags = [...nativeFlags, "--memoryBase", String(MEMORY_BASE)];
  const { wasm, sourceMap } = await runAsc({ root, entry: `${FOLDER}/reader.ts`, generated: "build", flags });
  const translation = translate(wasm, { name: "reader", kind: "task", memoryBase: MEMORY_BASE, sourceMap });
  writeFileSync(join(root, file("reader.ll")), translation.ir);
  await compileIr(root, file("reader.ll"), file("reader.o"));
  await assemble(root, `${FOLDER}/start.S`, file("reader-start.o"), place);
  await assemble(root, "source/libs/builtins/memory.S", file("memory.o"), place);
  await link(root, {
    objects: ["reader-start.o", "reader.o", "memory.o"].map(file),
    script: `${FOLDER}/program.ld`,
    layout: translation,
    output: file("reader.elf"),
    strip: false,
  });
  return file("reader.elf");
}
