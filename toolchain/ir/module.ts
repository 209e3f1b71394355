// From one Wasm module to one file of LLVM IR: the translator's only entry point.

/** What a program is: decides which guest constructs are refused. */
export type ProgramKind = "kernel" | "task";

export interface TranslateOptions {
  /** Short name of the program, as in `neuron`; names the compile unit. */
  readonly name: string;
  /** `kernel`: no heap, no `throw`, no floating point, no `memory.grow`; each is a build error. */
  readonly kind: ProgramKind;
  /** What `--memoryBase` was, as an unsigned 32-bit address. */
  readonly memoryBase: number;
  /** asc's source map (the JSON text). Without it: no DWARF, and problems without file and line. */
  readonly sourceMap?: string | undefined;
  /**
   * Gives the path in the repository of a bare import (`abi/syscall.ts` → `source/abi/syscall.ts`), or undefined
   * for a file of asc's own library. Default: looks where asc looks, from the current folder.
   */
  readonly locate?: ((libraryPath: string) => string | undefined) | undefined;
  /** Checks of a task's module. A kernel's are always on; a task's default to none. */
  readonly checks?: { readonly heap?: boolean; readonly throws?: boolean; readonly floats?: boolean } | undefined;
  /** Keep a frame pointer in every function, so that a panic can print a backtrace. Default: false. */
  readonly framePointers?: boolean | undefined;
  /** Give functions that use floating point a body that traps, instead of refusing the module. */
  readonly trapFloatFunctions?: boolean | undefined;
}

export interface Translation {
  /** The text of the `.ll` file. */
  readonly ir: string;
  /** Where static data begins (unsigned 32-bit): section `.wasm.data` belongs at this address, sign-extended. */
  readonly memoryBase: number;
  /** One past the last byte of static data that is not zero. Up to here the ELF has bytes. */
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
  throw new Error(`not yet: ${options.name}, ${wasm.length} bytes`);
}
