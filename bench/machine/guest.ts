// Builds the benchmark's guest: mixed.ts, compiled by the toolchain, with the small kernel in start.S.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../host/root.ts";
import { nativeFlags, runAsc } from "../../toolchain/asc/run.ts";
import { translate } from "../../toolchain/ir/module.ts";
import { link } from "../../toolchain/link/image.ts";
import { assemble, compileIr } from "../../toolchain/link/objects.ts";

/** Where the program's static data would be. It has none. */
const MEMORY_BASE = 0x8080_0000;

/** Offsets from the first byte: the words for how many harts work, and for how many rounds. */
const HARTS_OFFSET = 8;
const ROUNDS_OFFSET = 16;

const FOLDER = "bench/guest";

/** Builds build/bench/mixed.elf. Returns its path. */
export async function buildGuest(): Promise<string> {
  const place = "build/bench";
  mkdirSync(join(root, place), { recursive: true });
  const flags = [...nativeFlags, "--memoryBase", String(MEMORY_BASE)];
  const { wasm, sourceMap } = await runAsc({ root, entry: `${FOLDER}/mixed.ts`, generated: "build", flags });
  const translation = translate(wasm, { name: "mixed", kind: "task", memoryBase: MEMORY_BASE, sourceMap });
  const file = (name: string): string => `${place}/${name}`;
  writeFileSync(join(root, file("mixed.ll")), translation.ir);
  await compileIr(root, file("mixed.ll"), file("mixed.o"));
  await assemble(root, `${FOLDER}/start.S`, file("start.o"), place);
  await assemble(root, "source/libs/builtins/memory.S", file("memory.o"), place);
  await link(root, {
    objects: ["start.o", "mixed.o", "memory.o"].map(file),
    script: `${FOLDER}/program.ld`,
    layout: translation,
    output: file("mixed.elf"),
    strip: false,
  });
  return file("mixed.elf");
}

/** The guest's ELF file, set up for these numbers of harts and rounds. */
export function configure(elf: Uint8Array, harts: number, rounds: number): Uint8Array {
  const copy = elf.slice();
  const view = new DataView(copy.buffer);
  // The entry is the first byte of the first segment (ELF header: e_phoff at 32; program header: p_offset at 8).
  const start = Number(view.getBigUint64(Number(view.getBigUint64(32, true)) + 8, true));
  view.setBigUint64(start + HARTS_OFFSET, BigInt(harts), true);
  view.setBigUint64(start + ROUNDS_OFFSET, BigInt(rounds), true);
  return copy;
}
