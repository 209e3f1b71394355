// Runs one Wasm module twice: in V8, and translated to RV64 on QEMU. What both print has to be the same, byte for byte.
//
// The module exports `main`, and imports from a module called `assembly` what it needs: `put(byte)` prints, `attempt()`
// calls the module's own export `attempted` and says whether that came back (1) or trapped (0).

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { Problem } from "../../../host/problem.ts";
import { root } from "../../../host/root.ts";
import { nativeFlags, runAsc } from "../../../toolchain/asc/run.ts";
import { type TranslateOptions, type Translation, translate } from "../../../toolchain/ir/module.ts";
import { link } from "../../../toolchain/link/image.ts";
import { assemble, compileIr } from "../../../toolchain/link/objects.ts";
import { describe } from "../../../toolchain/wasm/error.ts";
import { multiplyHigh } from "../../harness/multiply-high.ts";

/** Where a test program's static data lies: above its code, below 2 GiB + 8 MiB. */
export const MEMORY_BASE = 0x8040_0000;

/** What the program prints first: behind it begins its own output, and ends what firmware has printed. */
const START = "\x02";

/** What entry.S prints last: the program came to its end, and was not cut off by a trap. */
const END = "\x04";

/** How long QEMU may take; the programs run for some hundred milliseconds. */
const QEMU_TIMEOUT_MS = 60_000;

/** More than any program prints; one that prints for ever is ended. */
const OUTPUT_MAX_BYTES = 4 << 20;

const folder = relative(root, dirname(fileURLToPath(import.meta.url)));

/** Whether there is a QEMU to run on. */
export const hasQemu = spawnSync("qemu-system-riscv64", ["--version"]).status === 0;

/** A guest program, compiled but not yet translated. */
export interface Compiled {
  readonly wasm: Uint8Array;
  readonly sourceMap: string;
}

/** Compiles guest text (or a file, when there is no text) with the flags of the real build. */
export async function compileGuest(
  entry: string,
  text?: string,
  more: readonly string[] = [],
): Promise<Compiled> {
  const flags = [...nativeFlags, "--memoryBase", String(MEMORY_BASE), ...more];
  const request = { root, entry, generated: "build", flags };
  try {
    return await runAsc(text === undefined ? request : { ...request, text });
  } catch (error) {
    // The test runner prints an error's message only, and asc's complaints stand beside it.
    if (!(error instanceof Problem)) {
      throw error;
    }
    throw new Error([error.message, ...(error.details.diagnostics ?? []).map(describe)].join("\n"));
  }
}

/** Translates as a task, without the checks that only the kernel's build makes. */
export function translateGuest(compiled: Compiled, options: Partial<TranslateOptions> = {}): Translation {
  const { wasm, sourceMap } = compiled;
  return translate(wasm, { name: "test", kind: "task", memoryBase: MEMORY_BASE, sourceMap, ...options });
}

/** What the module prints in V8. */
export function runInNode(wasm: Uint8Array): string {
  let output = "";
  let instance: WebAssembly.Instance | undefined;
  const call = (name: string): void => {
    const found = instance?.exports[name];
    if (typeof found === "function") {
      found();
    }
  };
  const assembly = {
    put: (byte: number) => {
      output += String.fromCharCode(byte & 0xff);
    },
    attempt: () => {
      try {
        call("attempted");
        return 1;
      } catch (error) {
        if (error instanceof WebAssembly.RuntimeError) {
          return 0;
        }
        throw error;
      }
    },
  };
  instance = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(wasm)), {
    assembly,
    intrinsics: { multiplyHigh },
  });
  call("main");
  return output.slice(output.lastIndexOf(START) + 1);
}

/** How a module is started: `main` on one hart (entry.S), or `work` on four at once (harts.S). */
export type Start = "entry.S" | "harts.S";

/** What the translated module prints on QEMU. Throws when it did not come to its end. */
export async function runOnRv64(translation: Translation, start: Start = "entry.S"): Promise<string> {
  mkdirSync(join(root, "build/test-rv64"), { recursive: true });
  const place = mkdtempSync(join(root, "build/test-rv64/run-"));
  try {
    const elf = await buildElf(translation, start, relative(root, place));
    return runElf(join(root, elf), start === "harts.S" ? 4 : 1);
  } finally {
    rmSync(place, { recursive: true });
  }
}

/** Compiles, assembles and links; gives the ELF file's path from the root. */
async function buildElf(translation: Translation, start: Start, place: string): Promise<string> {
  const file = (name: string): string => `${place}/${name}`;
  writeFileSync(join(root, file("program.ll")), translation.ir);
  await compileIr(root, file("program.ll"), file("program.o"));
  await assemble(root, `${folder}/${start}`, file("entry.o"), place);
  await assemble(root, "source/libs/builtins/memory.S", file("memory.o"), place);
  await link(root, {
    objects: ["entry.o", "program.o", "memory.o"].map(file),
    script: `${folder}/program.ld`,
    layout: translation,
    output: file("program.elf"),
    strip: false,
  });
  return file("program.elf");
}

function runElf(elf: string, harts: number): string {
  const machine = ["-machine", "virt", "-m", "64M", "-display", "none", "-serial", "stdio"];
  const { stdout, error, stderr } = spawnSync(
    "qemu-system-riscv64",
    [...machine, "-smp", String(harts), "-kernel", elf],
    {
      timeout: QEMU_TIMEOUT_MS,
      maxBuffer: OUTPUT_MAX_BYTES,
      input: "",
    },
  );
  if (error !== undefined) {
    throw error;
  }
  const bytes = stdout.toString("latin1");
  const end = bytes.lastIndexOf(END);
  if (end < 0) {
    throw new Error(`the program did not come to its end:\n${bytes}\n${stderr.toString()}`);
  }
  return bytes.slice(bytes.lastIndexOf(START, end) + 1, end).replaceAll("\r", "");
}
