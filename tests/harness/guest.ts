// Runs guest code in Node: compiles a guest file (or a short text that imports guest modules) with asc, and
// instantiates it with what the test gives for its imports.
//
//     const g = await guest({ text: `export { parse } from "fdt/reader";` });
//     const at = g.put(bytes);
//     expect(g.call("parse", at, bytes.length)).toBe(0);
//
// Hardware is what `intrinsics.ts` declares, and these are Wasm imports: a test passes its own
// (`imports: { intrinsics: { readTime: () => 5n } }`), and one that it leaves out throws by name when it is called.
// Compiled modules are kept in build/test-cache, by content.

import { fileURLToPath } from "node:url";
import { Problem } from "../../host/problem.ts";
import { type GuestImport, usualImports } from "../../toolchain/asc/imports.ts";
import { compileKept, keyOf } from "../../toolchain/asc/kept.ts";
import { type AscRequest, testFlags } from "../../toolchain/asc/run.ts";
import { multiplyHigh } from "./multiply-high.ts";
import { variant } from "./variant.ts";

/** The repository's root, with no slash at the end. */
export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/[/\\]$/, "");

const WASM_PAGE_BYTES = 65_536;
const CACHE_FOLDER = "build/test-cache";

type GuestValue = number | bigint;

/** What to compile, and what to give it. */
export interface GuestOptions {
  /** Imports by module (the file's last path component) and function. */
  readonly imports?: Readonly<Record<string, Readonly<Record<string, GuestImport>>>>;
  /** Flags for asc, after the usual ones. */
  readonly flags?: readonly string[];
}

/** A guest program that runs in this process. */
export interface Guest {
  readonly exports: WebAssembly.Exports;
  readonly memory: WebAssembly.Memory;
  /** All of memory, as it is now: growing it (`alloc`) makes an older view useless. */
  bytes(): Uint8Array;
  /** The same, for words; everything in the guest is little-endian. */
  view(): DataView;
  /** Calls an exported function. An i32 comes back signed: `>>> 0` makes an address or a u32 of it. */
  call(name: string, ...args: GuestValue[]): number;
  /** Calls an exported function that gives a 64-bit value; it comes back as an unsigned bigint. */
  call64(name: string, ...args: GuestValue[]): bigint;
  /** Fresh zeroed memory of the guest's that nothing else uses; `align` is a power of two. */
  alloc(byteCount: number, align?: number): number;
  /** Copies bytes into fresh memory and gives their address. */
  put(bytes: Uint8Array, align?: number): number;
  /** A copy of what stands in memory. */
  get(address: number, byteCount: number): Uint8Array;
  /** The text of a guest string (UTF-16, its length in the word before it). */
  text(address: number): string;
}

/**
 * Compiles and starts guest code.
 *
 * @param entry a guest file, relative to the root, or a text that imports and re-exports guest modules
 * @throws Problem with file and line when it does not compile
 */
export async function guest(
  entry: string | { readonly text: string },
  options: GuestOptions = {},
): Promise<Guest> {
  const wanted = wantedModule(entry, options.flags ?? []);
  const module = await variant.module(wanted.key, () => compile(wanted));
  let memory: WebAssembly.Memory | undefined;
  const readText = (address: number): string => {
    if (!memory || address === 0) {
      return "";
    }
    const view = new DataView(memory.buffer);
    const byteCount = view.getUint32((address >>> 0) - 4, true);
    return Buffer.from(memory.buffer, address >>> 0, byteCount).toString("utf16le");
  };
  const abort = (message: number, file: number, line: number, column: number): never => {
    throw new Error(`guest abort: ${readText(message)} at ${readText(file)}:${line}:${column}`);
  };

  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
  for (const { module: moduleName, name } of WebAssembly.Module.imports(module)) {
    const given = options.imports?.[moduleName]?.[name];
    const known = `${moduleName}.${name}`;
    const usual = known === "env.abort" ? abort : (everywhere.get(known) ?? missingImport(known));
    imports[moduleName] = { ...imports[moduleName], [name]: given ?? usual };
  }
  const instance = new WebAssembly.Instance(module, imports);
  const exported = instance.exports.memory;
  if (!(exported instanceof WebAssembly.Memory)) {
    throw new Error("the guest module exports no memory");
  }
  memory = exported;
  variant.begin(exported);
  return wrap(instance.exports, exported, readText);
}

/** Imports that mean the same in every test. */
const everywhere: ReadonlyMap<string, GuestImport> = new Map([
  ...usualImports,
  ...variant.imports,
  ["intrinsics.multiplyHigh", multiplyHigh],
]);

function missingImport(name: string): () => never {
  return () => {
    throw new Error(`the guest called ${name}, which this test does not give`);
  };
}

function wrap(exports: WebAssembly.Exports, memory: WebAssembly.Memory, text: Guest["text"]): Guest {
  let freeStart = memory.buffer.byteLength;
  const invoke = (name: string, args: GuestValue[]): unknown => {
    const target = exports[name];
    if (typeof target !== "function") {
      throw new Error(`the guest exports no function ${name}`);
    }
    return target(...args);
  };
  const self: Guest = {
    exports,
    memory,
    bytes: () => new Uint8Array(memory.buffer),
    view: () => new DataView(memory.buffer),
    call: (name, ...args) => {
      const result = invoke(name, args);
      if (typeof result === "bigint") {
        throw new Error(`${name} gives a 64-bit value: use call64`);
      }
      return typeof result === "number" ? result : 0;
    },
    call64: (name, ...args) => {
      const result = invoke(name, args);
      if (typeof result !== "bigint") {
        throw new Error(`${name} gives no 64-bit value: use call`);
      }
      return BigInt.asUintN(64, result);
    },
    alloc: (byteCount, align = 16) => {
      const address = Math.ceil(freeStart / align) * align;
      freeStart = address + byteCount;
      const missing = freeStart - memory.buffer.byteLength;
      if (missing > 0) {
        memory.grow(Math.ceil(missing / WASM_PAGE_BYTES));
      }
      return address;
    },
    put: (bytes, align = 16) => {
      const address = self.alloc(bytes.length, align);
      new Uint8Array(memory.buffer).set(bytes, address);
      return address;
    },
    get: (address, byteCount) =>
      new Uint8Array(memory.buffer).slice(address >>> 0, (address >>> 0) + byteCount),
    text,
  };
  return self;
}

/** A module to compile, and its name in the cache. */
interface WantedModule {
  readonly request: AscRequest;
  readonly key: string;
}

function wantedModule(
  entry: string | { readonly text: string },
  extraFlags: readonly string[],
): WantedModule {
  const flags = [...testFlags, ...extraFlags];
  const file = typeof entry === "string" ? { entry } : { entry: "guest-entry.ts", text: entry.text };
  const request = { root, generated: "build", flags, ...file };
  return { request, key: keyOf(request) + variant.suffix };
}

async function compile({ request, key }: WantedModule): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await compileKept(request, { folder: CACHE_FOLDER, key, compile: variant.compile });
  } catch (error) {
    throw error instanceof Problem ? withDiagnostics(error) : error;
  }
}

/** A test's failure shows only the message, so the findings have to be in it. */
function withDiagnostics(problem: Problem): Error {
  const lines = (problem.details.diagnostics ?? []).map(({ message, place }) =>
    place ? `${place.file}:${place.line}:${place.column}: ${message}\n    ${place.text ?? ""}` : message,
  );
  return new Error([problem.message, ...lines].join("\n"));
}
