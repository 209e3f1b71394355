// Compiles LLVM IR and assembly to object files.
//
// An object must not depend on the place or the time of the build: paths are relative to the root, which is the
// compiler's current folder, and debug information names the folder `.`.

import { runLlvm } from "./llvm.ts";

/** The one target: no floating point, no operating system, medium code model (the kernel is linked at the top). */
const targetFlags: readonly string[] = [
  "-target",
  "riscv64-unknown-none-elf",
  "-march=rv64imac_zicsr_zifencei",
  "-mabi=lp64",
  "-mcmodel=medany",
];

/** Flags for a `.ll` file. Its own target lines are kept, without clang's warning about them. */
export const irFlags: readonly string[] = [...targetFlags, "-O2", "-Wno-override-module"];

/**
 * Further flags for a program that names the modules to inline (`inlined` in programs.ts). They get the 225 by which -O2
 * decides everywhere else. Below 40, hardly a byte goes.
 */
export const sparingFlags: readonly string[] = [
  "-mllvm",
  "-inline-threshold=40",
  "-mllvm",
  "-inlinehint-threshold=225",
];

/**
 * Flags for a `.S` file: plain assembler. The C preprocessor is not run, because it would take a comment that
 * begins with `# if` for a directive. `.include`, `.incbin` and `.equ` do the same work.
 */
export const assemblyFlags: readonly string[] = [
  ...targetFlags,
  "-g",
  "-fdebug-compilation-dir=.",
  "-x",
  "assembler",
];

/** Compiles the LLVM IR in `source` to `object`; both relative to the root. */
export async function compileIr(
  root: string,
  source: string,
  object: string,
  further: readonly string[] = [],
): Promise<void> {
  await runLlvm("clang", root, [...irFlags, ...further, "-c", source, "-o", object]);
}

/** Compiles C to `object`, with the flags of the IR and no header but its own: to compare with, nothing that ships is C. */
export async function compileC(root: string, source: string, object: string): Promise<void> {
  await runLlvm("clang", root, [...irFlags, "-std=c17", "-nostdinc", "-c", source, "-o", object]);
}

/** Assembles `source` to `object`. `.include` and `.incbin` look in `includeFolder` and in the root. */
export async function assemble(
  root: string,
  source: string,
  object: string,
  includeFolder: string,
): Promise<void> {
  const include = [`-I${includeFolder}`, "-I."];
  await runLlvm("clang", root, [...assemblyFlags, ...include, "-c", source, "-o", object]);
}
