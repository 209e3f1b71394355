// Runs the AssemblyScript compiler inside this process, on files of the repository or on a text in memory.
//
// The compiler takes a while to load, so it is imported on the first call only, and a build that compiles several
// programs pays once. It always sees paths relative to the repository's root, never an absolute one: names in the
// output follow from them, and the same sources must give the same bytes in any folder. Every path that it asks for is
// recorded, found or not, so that a caller can tell later whether the output is stale.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, normalize, sep } from "node:path";
import type { Transform } from "assemblyscript/transform";
import { type Diagnostic, Problem } from "../../host/problem.ts";
import { type SourceText, translateDiagnostic } from "./diagnostics.ts";
import { loadAsc, unoptimised } from "./load.ts";

/** Flags for code that becomes RV64: LLVM optimises it (docs/toolchain.md). */
export const nativeFlags: readonly string[] = [
  "-O0",
  "--debug",
  "--sourceMap",
  "--runtime",
  "stub",
  "--enable",
  "threads",
  "--sharedMemory",
  "--maximumMemory",
  "65536",
];

/** Flags for code that runs as Wasm in a test, on one thread: at -O0 the atomics are right without a shared memory. */
export const testFlags: readonly string[] = ["-O0", "--debug", "--runtime", "stub", "--enable", "threads"];

/**
 * The folders in which asc looks for bare imports (`abi/syscall`, `fdt/reader`), below the root. Generated files come
 * last.
 */
const sourceRoots: readonly string[] = ["source", "source/libs", "source/drivers"];

/** One compilation. */
export interface AscRequest {
  /** The repository's root. */
  readonly root: string;
  /** The entry file, relative to the root, with `/`. */
  readonly entry: string;
  /** The entry's text, when it is no file. */
  readonly text?: string;
  /** The folder whose `gen/` holds generated modules, relative to the root: `build`, or a profile's own. */
  readonly generated: string;
  readonly flags: readonly string[];
  /** Change asc's tree. They work on the classes of the package itself, so it is loaded as it is. */
  readonly transforms?: readonly Transform[];
}

/** The result of a compilation. */
export interface AscResult {
  readonly wasm: Uint8Array;
  /** The source map's JSON; empty without --sourceMap. */
  readonly sourceMap: string;
  /** Each path that was asked for, with the SHA-256 (hex) of its text, or null where there was no such file. */
  readonly reads: ReadonlyMap<string, string | null>;
  /** Hints. An error or a warning throws. */
  readonly diagnostics: readonly Diagnostic[];
}

/** SHA-256 of a text, as 64 hex digits. */
export function hashText(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/**
 * Compiles one guest program to Wasm. A warning fails it as an error does: the guest is clean, so a warning in it is news.
 *
 * @throws Problem with one diagnostic for each error and warning, with file, line and source line
 */
export async function runAsc(request: AscRequest): Promise<AscResult> {
  const { transforms } = request;
  const asc = transforms === undefined ? await loadAsc() : await import("assemblyscript/asc");
  const roots = [...sourceRoots, request.generated];
  const reads = new Map<string, string | null>();
  const texts = new Map<string, SourceText>();
  const outputs = new Map<string, Uint8Array | string>();
  const diagnostics: Diagnostic[] = [];

  const args = [
    request.entry,
    ...request.flags,
    ...roots.flatMap((root) => ["--path", root]),
    "--outFile",
    "program.wasm",
  ];
  const optimises = request.flags.some((flag) => /^-O[1-9]/.test(flag));
  const compile = (): Promise<{ error: Error | null }> =>
    asc.main(args, {
      ...(transforms === undefined ? {} : { transforms: [...transforms] }),
      readFile: async (name) => {
        const path = normalize(name).split(sep).join("/");
        const text =
          path === request.entry && request.text !== undefined
            ? request.text
            : await readSource(request.root, path);
        if (path !== request.entry || request.text === undefined) {
          reads.set(path, text === null ? null : hashText(text));
        }
        if (text !== null) {
          texts.set(path, { path, text });
        }
        return text;
      },
      writeFile: (name, contents) => {
        outputs.set(name, contents);
      },
      listFiles: () => [],
      reportDiagnostic: (message) => {
        diagnostics.push(translateDiagnostic(message, (name) => lookUp(texts, roots, name)));
      },
    });
  const { error } = await (optimises ? compile() : unoptimised(compile));

  const refused = diagnostics.filter((diagnostic) => diagnostic.severity !== "info");
  if (error || refused.length > 0) {
    throw new Problem(`${request.entry} does not compile`, {
      subject: request.entry,
      diagnostics:
        refused.length > 0 ? diagnostics : [{ severity: "error", message: error?.message ?? "asc failed" }],
    });
  }
  const wasm = outputs.get("program.wasm");
  if (!(wasm instanceof Uint8Array)) {
    throw new Error("asc reported success, but wrote no module");
  }
  const sourceMap = outputs.get("program.wasm.map") ?? "";
  return { wasm, sourceMap: typeof sourceMap === "string" ? sourceMap : "", reads, diagnostics };
}

/**
 * Gives the file behind a bare import (`abi/syscall.ts`), relative to the root, or undefined if no path root has it
 * (asc's own library).
 */
export function locateSource(root: string, generated: string, libraryPath: string): string | undefined {
  return [...sourceRoots, generated]
    .map((folder) => `${folder}/${libraryPath}`)
    .find((path) => existsSync(join(root, path)));
}

/** Reads a source file below the root; null if there is none, or if it is outside of the root. */
async function readSource(root: string, path: string): Promise<string | null> {
  if (path.startsWith("../") || path.startsWith("/") || path.startsWith("node_modules/")) {
    return null;
  }
  try {
    return await readFile(join(root, path), "utf8");
  } catch {
    return null;
  }
}

/** The text of a file by asc's name: the file itself, or for `~lib/…` the file that a path root led to. */
function lookUp(
  texts: ReadonlyMap<string, SourceText>,
  roots: readonly string[],
  name: string,
): SourceText | undefined {
  if (!name.startsWith("~lib/")) {
    return texts.get(name);
  }
  const rest = name.slice("~lib/".length);
  for (const root of roots) {
    const text = texts.get(`${root}/${rest}`);
    if (text) {
      return text;
    }
  }
  return undefined;
}
