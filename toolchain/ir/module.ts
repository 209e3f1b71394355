// Translates one Wasm module to one file of LLVM IR. This is the translator's only entry point.
//
// decode ▸ refuse forbidden constructs ▸ name everything ▸ write globals, table, data, functions, DWARF

import { checkFloats, checkUnknown } from "../checks/floats.ts";
import { checkHeap } from "../checks/heap.ts";
import { Survey } from "../checks/survey.ts";
import { checkThrows } from "../checks/throws.ts";
import { ToolchainError } from "../wasm/error.ts";
import { readModule } from "../wasm/reader.ts";
import { SourceMap } from "../wasm/sourcemap.ts";
import { layOut } from "./data.ts";
import { Emitter } from "./emitter.ts";
import { resolveImports } from "./imports.ts";
import { locateBelow, Symbols } from "./symbols.ts";

/** The kind of a program, which decides which constructs are refused. */
export type ProgramKind = "kernel" | "task";

export interface TranslateOptions {
  /** Short name of the program, as in `neuron`; names the compile unit. */
  readonly name: string;
  /** `kernel`: no heap, no `throw`, no floating point, no `memory.grow`; each is a build error. */
  readonly kind: ProgramKind;
  /** The value of `--memoryBase`, as an unsigned 32-bit address. */
  readonly memoryBase: number;
  /** asc's source map (the JSON text). Without it: no DWARF, and problems without file and line. */
  readonly sourceMap?: string | undefined;
  /**
   * Gives the path in the repository of a bare import (`abi/syscall.ts` → `source/abi/syscall.ts`), or undefined
   * for a file of asc's own library. Default: looks where asc looks, from the current folder.
   */
  readonly locate?: ((libraryPath: string) => string | undefined) | undefined;
  /** Checks of a task's module. Both are always on for the kernel, and off by default for a task. */
  readonly checks?: { readonly heap?: boolean; readonly throws?: boolean } | undefined;
  /** Give functions that use floating point a body that traps, instead of refusing the module. */
  readonly trapFloatFunctions?: boolean | undefined;
  /** Modules, as symbols name them (`neuron/task/handles`), whose functions LLVM is to inline rather than others'. */
  readonly inlined?: readonly string[] | undefined;
  /** Modules, and folders of modules, of which LLVM is to make as little code as it can. */
  readonly small?: readonly string[] | undefined;
  /** Static data becomes records that the program's start-up puts in place (packed-data.ts), not `.wasm.data`. */
  readonly packsData?: boolean | undefined;
}

export interface Translation {
  /** The text of the `.ll` file. */
  readonly ir: string;
  /** Where static data begins (unsigned 32-bit): `.wasm.data`, if there is one, belongs here, sign-extended. */
  readonly memoryBase: number;
  /** One past the last byte of static data that is not zero: the end of `.wasm.data`. */
  readonly dataEnd: number;
  /** One past the last byte of static data. From `dataEnd` to here start-up must zero. */
  readonly heapBase: number;
  /** Symbols of the exported functions, in the module's order. */
  readonly exports: readonly string[];
  /** External symbols that must come from assembly (`…/assembly`) or the linker script (`…/symbols`). */
  readonly externals: readonly string[];
}

/**
 * Translates a module.
 * @throws ToolchainError with every construct that is refused, each with file and line.
 */
export function translate(wasm: Uint8Array, options: TranslateOptions): Translation {
  const module = readModule(wasm);
  const symbols = new Symbols(options.locate ?? locateBelow("."));
  const sourceMap =
    options.sourceMap === undefined || options.sourceMap === ""
      ? undefined
      : new SourceMap(options.sourceMap, (source) => symbols.path(source));
  const survey = new Survey(module, symbols, sourceMap);
  const imports = resolveImports(survey);
  const trapFloatFunctions = options.trapFloatFunctions ?? false;
  const isKernel = options.kind === "kernel";
  const findings = [
    ...imports.findings,
    ...checkUnknown(survey),
    ...(trapFloatFunctions ? [] : checkFloats(survey)),
    ...(isKernel || options.checks?.heap === true ? checkHeap(survey) : []),
    ...(isKernel || options.checks?.throws === true ? checkThrows(survey) : []),
  ];
  if (findings.length > 0) {
    throw new ToolchainError(`${options.name} cannot become RV64`, findings);
  }
  const layout = layOut(module, options.memoryBase);
  const emitter = new Emitter(survey, imports.callees, layout, {
    name: options.name,
    trapFloatFunctions,
    packsData: options.packsData ?? false,
    inlined: options.inlined ?? [],
    small: options.small ?? [],
  });
  const ir = emitter.emit();
  return { ir, ...layout, exports: emitter.exports, externals: emitter.externals };
}
